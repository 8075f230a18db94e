//! Compares two schemas and lists the changes between them.
//! In: `previous`, `next`. Out: an ordered `Vec<Change>`. Absent: SQL and dialects. A change says *what*; [`crate::plan`] decides *how*.

use crate::change::Change;
use crate::schema::Schema;

/// The changes that make `next` of `previous`.
#[must_use]
pub fn diff(_previous: &Schema, _next: &Schema) -> Vec<Change> {
    Vec::new()
}
