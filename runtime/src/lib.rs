//! What an application built with Cell links: its databases, its cells and their doors.
//! In: the impls that Cell's attributes emit. Out: a running process. Absent: syn, the compiler, decisions about schemas.

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod attributes;
#[cfg(all(feature = "cache", any(feature = "postgres", feature = "sqlite")))]
pub mod cache;
pub mod config;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub mod db;
pub mod error;
#[cfg(feature = "http")]
pub mod http;
pub mod message;
mod migrate_mode;
pub mod prelude;
pub mod record;
#[cfg(all(feature = "search", any(feature = "postgres", feature = "sqlite")))]
pub mod search;
mod search_mode;
pub mod service;
mod signal;
pub mod start;
#[cfg(unix)]
mod supervised;
mod task;
pub mod telemetry;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub mod testing;

pub use attributes::*;
pub use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
pub use config::{Config, Secret};
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub use db::{Cursor, DataError, Json, Table};
pub use error::{Error, Result};
#[cfg(feature = "http")]
pub use http::Html;
pub use rust_decimal::Decimal;
pub use service::{CallError, Synapse};
pub use uuid::Uuid;

/// The snippets of the documents compile.
#[cfg(doctest)]
mod documents {
    #[doc = include_str!("../../README.md")]
    mod readme {}
    #[doc = include_str!("../../docs/data.md")]
    mod data {}
    #[doc = include_str!("../../docs/reference.md")]
    mod reference {}
    #[cfg(feature = "cache")]
    #[doc = include_str!("../../docs/caches.md")]
    mod caches {}
    #[cfg(feature = "search")]
    #[doc = include_str!("../../docs/search.md")]
    mod search {}
}
