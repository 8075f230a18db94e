//! A catalogue of the crates in this machine's cargo registry: what is in `~/.cargo/registry/src`, by name, by version,
//! by who depends on whom. An example of an application built with Cell, on data that every Rust developer has.

pub mod browse;
pub mod importer;
pub mod registry;

mod page;
