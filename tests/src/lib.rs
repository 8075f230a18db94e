//! What the tests across packages share: copies of the example, the command run on them, servers and browsers.
//! In: nothing but the repository. Out: processes that end with their test. Absent: the tests, which are in `tests/`.

pub mod application;
pub mod command;
