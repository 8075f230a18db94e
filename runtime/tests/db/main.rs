//! The data interface on SQLite files, SQLite in memory, a real PostgreSQL and one with a real replica: one suite, the same expectations.
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
mod relay;
mod replicas;
mod rows;
mod schema;
mod shop;
mod sql;
mod streams;
mod transactions;
mod updates;
mod values;
mod violations;
