//! What an application built with Cell links: its databases, its cells and their doors.
//! In: the impls that Cell's attributes emit. Out: a running process. Absent: syn, the compiler, decisions about schemas.

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
pub mod config;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub mod db;
pub mod error;
#[cfg(feature = "http")]
pub mod http;
pub mod message;
pub mod record;
pub mod service;
mod signal;
pub mod start;
mod task;
pub mod telemetry;

pub use error::{Error, Result};
