//! The pages that explain codes. In: a code. Out: its page, which is a file under `codes/`. Absent: printing.
