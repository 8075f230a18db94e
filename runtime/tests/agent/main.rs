//! A node's daemon with real processes and real connections: the example `clock`, packed, sent, deployed and replaced.
//! The examples are built with the package's tests.

mod again;
mod bundles;
mod deploys;
mod full;
mod goods;
mod keys;
mod noise;
mod refusals;
mod site;
mod together;
mod wire;

#[path = "../service_client/mod.rs"]
mod service_client;

type Error = Box<dyn std::error::Error + Send + Sync>;

type Outcome = Result<(), Error>;
