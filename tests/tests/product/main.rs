//! The whole product on whole applications: real builds, servers, processes and a browser.
//! The modules whose tests build an application run one at a time (`.config/nextest.toml`): cargo would make them wait anyway.

mod back;
mod branches;
mod deploy;
mod documents;
mod emitted;
mod engines;
mod indexes;
mod live;
mod queries;
mod records;
mod refused;
mod releases;
mod reproducible;
mod run;
mod search;
mod workflow;
