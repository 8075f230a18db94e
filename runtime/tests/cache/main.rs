//! What functions and tables hold, on both engines, while everybody writes.
#![expect(unreachable_pub, reason = "the application of these tests is theirs alone")]

mod calls;
mod falls;
mod held;
mod law;
mod others;
mod shop;
