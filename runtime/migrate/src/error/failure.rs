//! What stands in the way of a migration: rows that a guard counted, a step that was refused.

use std::fmt;

use serde::Serialize;

/// Rows that a guard counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// The hazard's code.
    pub hazard: String,
    /// The object: `shop.products.price`.
    pub object: String,
    /// How many rows, or values that occur several times.
    pub count: u64,
    /// One of them.
    pub example: Option<String>,
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { hazard, object, count, example } = self;
        write!(f, "`{object}`: {count} [{hazard}]")?;
        match example {
            Some(example) => write!(f, ", for example `{}`", example.escape_debug()),
            None => Ok(()),
        }
    }
}

/// Several, one after the other.
pub(super) fn told(found: &[Counted]) -> String {
    found.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Why a step was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The engine said so.
    ByEngine,
    /// A rebuild would have changed what it may not change.
    ByCare,
    /// A lock was not to be had.
    ByLock,
}

/// A step that the engine refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepFailure {
    /// The migration's name.
    pub migration: String,
    /// The step's number, from 1, over both phases.
    pub step: usize,
    /// What it does.
    pub title: String,
    /// Its SQL.
    pub sql: String,
    /// Why.
    pub refused: Refused,
    /// What the engine said.
    pub message: String,
    /// What the engine said when the same step failed before.
    pub before: Option<String>,
}

impl fmt::Display for StepFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { migration, step, title, sql, message, before, .. } = self;
        write!(f, "step {step} of the migration `{migration}` failed ({title}): {message}\n{sql}")?;
        match before {
            Some(before) if before == message => f.write_str("\nit failed like this before"),
            Some(before) => write!(f, "\nit failed before: {before}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for StepFailure {}
