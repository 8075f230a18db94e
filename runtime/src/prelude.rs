//! What an application imports whole: `use cell::prelude::*;`.

pub use crate::attributes::*;
#[cfg(feature = "http")]
pub use crate::http::Html;
pub use crate::config::{Config, Secret};
pub use crate::db::{DataError, Database as _, Has, Json, Table, Tx};
pub use crate::service::{CallError, Context, Fault, Synapse};
pub use crate::{DateTime, Decimal, Error, NaiveDate, NaiveTime, Result, Utc, Uuid, dec};
