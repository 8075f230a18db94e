//! Runs what a manifest says, on this machine or on others: the supervisor of processes, the daemon of a node, and the
//! protocol by which the command deploys to it.
//! In: a manifest, a bundle. Out: processes that run. Absent: database clients (the bundle's own binary migrates), the
//! compiler, and printing.

pub mod agent;
pub mod audit;
mod base32;
pub mod bundle;
pub mod client;
mod codes;
pub mod deploy;
pub mod digest;
mod durable;
mod failpoint;
pub mod frame;
pub mod host;
pub mod key;
pub mod pairing;
pub mod peers;
pub mod plan;
pub mod protocol;
pub mod store;
pub mod supervisor;
pub mod transport;

pub use codes::CODES;
