//! Cell's compiler. In: an application's Cargo manifest. Out: its model, and the files under `cell/`.
//! The stages run one way: `scan → model → check → emit`; after `cargo build`, `records` holds the scan against the binary.
//! Absent: network, database clients, printing.

pub mod check;
pub mod compile;
pub mod emit;
pub mod lower;
pub mod model;
pub mod placement;
pub mod program;
pub mod records;
pub mod release;
pub mod render;
pub mod resolve;
pub mod scan;
pub mod topology;
pub(crate) mod trace;
