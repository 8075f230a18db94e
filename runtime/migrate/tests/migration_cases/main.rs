//! Changes of schemas over rows that engines and tools are known to get wrong: a test for each, on the engine where it happens.
//! `CASES.md` beside this folder lists them.

#[path = "../support/mod.rs"]
mod support;

mod migration_cases {
    mod both;
    mod postgres;
    mod sqlite;
    mod story;
    mod table;
}
