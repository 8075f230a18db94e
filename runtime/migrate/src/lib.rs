//! Applies a database's migrations, and proves them on throwaway databases before anyone has to trust them.
//! In: a history of `cell/<database>/`, a database. Out: the database at the history's head, or a refusal that names
//! what is in the way. Absent: every decision about the schema (`cell-schema`), and printing.

#[cfg(feature = "rehearse")]
pub mod throwaway;
mod url;

pub use url::Url;
