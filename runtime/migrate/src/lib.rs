//! Applies a database's migrations, and proves them on throwaway databases before anyone has to trust them.
//! In: a history of `cell/<database>/`, a database. Out: the database at the history's head, or a refusal that names
//! what is in the way. Absent: every decision about the schema (`cell-schema`), and printing.

mod apply;
mod connection;
mod error;
mod files;
mod journal;
mod lock;
mod status;
mod target;
#[cfg(feature = "rehearse")]
pub mod throwaway;
mod url;
mod work;

pub use apply::{Applied, AppliedStep, Head, Options, apply, head};
pub use error::{MigrateError, StepFailure};
pub use files::read_history;
pub use journal::State;
pub use status::{AppliedMigration, DraftStatus, Problem, Status, status};
pub use target::Target;
pub use url::Url;
