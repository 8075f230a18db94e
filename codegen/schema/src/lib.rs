//! The schema of one database, what changed in it, and the SQL that makes the change.
//! In: two [`schema::Schema`]s. Out: changes, a plan of steps, SQL for each engine, and the history's files as values.
//! Absent: I/O of any kind, and everything about Rust sources; names and places of declarations belong to the compiler.

pub mod ddl;
pub mod expr;
pub mod schema;
