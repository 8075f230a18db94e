//! What the tests across packages share: copies of applications, the command run on them, and clients of what it serves.
//! In: nothing but the repository. Out: processes that end with their test. Absent: the tests, which are in `tests/`.

pub mod application;
pub mod command;
pub mod daemon;
pub mod web;
