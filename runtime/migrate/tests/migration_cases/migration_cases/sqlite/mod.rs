//! Cases of SQLite, which changes most of a table by making it anew.

mod columns;
mod rebuilds;
