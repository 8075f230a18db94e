//! Real indexes that follow real tables, on both engines.
#![expect(unreachable_pub, reason = "the application of these tests is theirs alone")]

mod faults;
mod follows;
mod full;
mod included;
mod keeper;
mod law;
mod mode;
mod shop;
