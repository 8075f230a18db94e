//! The data interface on SQLite files, SQLite in memory and a real PostgreSQL: one suite, the same expectations.
//! The tables are written as the macros would expand them; their schema goes through `cell-schema` and `cell-migrate`.

mod answers;
mod copies;
mod engines;
mod filters;
mod histories;
mod keys;
mod limits;
mod migrations;
mod pages;
mod postgres;
mod rows;
mod schema;
mod shop;
mod sql;
mod streams;
mod transactions;
mod updates;
mod values;
mod violations;
