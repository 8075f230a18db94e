//! The schema of one database, what changed in it, and the SQL that makes the change.
//! In: two [`schema::Schema`]s. Out: changes, a plan of steps, SQL for each engine, and the history's files as values.
//! Absent: I/O of any kind, and everything about Rust sources; names and places of declarations belong to the compiler.

pub mod change;
pub mod check;
mod constant;
pub mod ddl;
pub mod dialect;
pub mod diff;
mod engine;
pub mod expr;
pub mod hazard;
pub mod hints;
pub mod history;
mod lexis;
pub mod mapping;
pub mod names;
pub mod object;
pub mod plan;
mod refusal;
pub(crate) mod rename;
pub mod schema;
mod transition;
mod typed;

pub use engine::Engine;
pub use refusal::{CODES, Refusal};
