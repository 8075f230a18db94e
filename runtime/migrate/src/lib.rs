//! Applies a database's migrations, and proves them on throwaway databases before anyone has to trust them.
//! In: a history of `cell/<database>/`, a database. Out: the database at the history's head, or a refusal that names
//! what is in the way. Absent: every decision about the schema (`cell-schema`), and printing.
//!
//! An application applies ([`apply()`], [`head`]); the feature `rehearse` adds what only the command and tests need.

mod apply;
#[cfg(feature = "rehearse")]
mod baseline;
#[cfg(feature = "rehearse")]
mod compare;
mod connection;
#[cfg(feature = "rehearse")]
mod copy;
#[cfg(feature = "rehearse")]
mod drift;
mod error;
mod files;
mod guard;
#[cfg(feature = "rehearse")]
mod introspect;
mod journal;
mod lock;
#[cfg(feature = "rehearse")]
mod prepare;
mod rebuild;
#[cfg(feature = "rehearse")]
mod rehearse;
mod releases;
#[cfg(feature = "rehearse")]
mod rows;
#[cfg(feature = "rehearse")]
mod sequences;
#[cfg(feature = "rehearse")]
mod size;
mod status;
mod step;
mod target;
#[cfg(feature = "rehearse")]
mod texts;
#[cfg(feature = "rehearse")]
pub mod throwaway;
#[cfg(feature = "rehearse")]
mod tokens;
mod undo;
mod url;
mod work;

pub use cell_schema::history::History;

pub use apply::{Applied, AppliedStep, Head, Options, When, apply, head};
#[cfg(feature = "rehearse")]
pub use baseline::{Adoption, Baseline, baseline};
#[cfg(feature = "rehearse")]
pub use compare::{Difference, Verified, verify};
#[cfg(feature = "rehearse")]
pub use copy::{Copied, CopiedTable, CopyError, Progress, copy};
#[cfg(feature = "rehearse")]
pub use drift::drift;
pub use error::{CODES, Counted, MigrateError, Refused, StepFailure};
pub use files::read_history;
#[cfg(feature = "rehearse")]
pub use introspect::{Found, introspect};
pub use journal::State;
#[cfg(feature = "rehearse")]
pub use prepare::{Prepared, PreparedColumn, Unprepared, prepare};
#[cfg(feature = "rehearse")]
pub use rehearse::{RehearseError, Report, rehearse, rehearse_on};
pub use releases::{Coming, Live, Release, announce_release, record_release, releases};
#[cfg(feature = "rehearse")]
pub use size::{Size, size};
pub use status::{AppliedMigration, DraftStatus, Problem, Status, status};
pub use target::Target;
pub use undo::undo;
pub use url::Url;
