//! What an application imports whole: `use cell::prelude::*;`.

pub use crate::attributes::*;
pub use crate::config::{Config, Secret};
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub use crate::db::{Cursor, DataError, Has, Json, Table, Tx};
#[cfg(feature = "http")]
pub use crate::http::Html;
#[cfg(all(feature = "search", any(feature = "postgres", feature = "sqlite")))]
pub use crate::search::Searched as _;
pub use crate::service::{CallError, Context, Fault, Synapse};
pub use crate::{DateTime, Decimal, Error, NaiveDate, NaiveTime, Result, Utc, Uuid};
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub use crate::{dec, sql};
