//! Holds the scan against what rustc built: the compiler and rustc must agree on what is declared.
//! In: the program, and what `cargo build` made. Out: each difference, with its place.
//! [`build()`] runs cargo, and with a [`Reproducible`] lets nothing of this machine into what it makes; [`read()`] takes the
//! records out of a binary, [`compare`] and [`dep_info`] find the differences.
//! Absent: what to do about a difference; the sources are right once there is none.

mod build;
mod compare;
mod dep_info;
mod read;
mod reproducible;

pub use build::{BuildError, BuildOutcome, BuiltCrate, How, build};
pub use compare::{compare, unseen_queries};
pub use dep_info::{Differences, compare_files};
pub use read::{ReadError, Record, read};
pub use reproducible::{Reproducible, SEPARATOR, WRAPPED, WRAPPER_FLAGS};

use crate::program::{Located, Program};

/// The codes of the diagnostics of this stage.
pub const CODES: &[&str] =
    &["stale-record", "unlinked-declaration", "unread-file", "unscanned-declaration", "unwalked-file"];

/// Compares a build with the scan: its records with the declarations, the files rustc read with those that were walked.
///
/// # Errors
/// Where the binary or a file of rustc's cannot be read.
pub fn verify(program: &Program, outcome: &BuildOutcome) -> Result<Differences, ReadError> {
    let records = read(&outcome.executable)?;
    let mut differences = compare_files(program, &outcome.crates)?;
    let mut errors: Vec<Located> = compare(program, &records);
    errors.append(&mut differences.errors);
    let mut notes = differences.notes;
    notes.extend(unseen_queries(program, &records));
    Ok(Differences { errors, notes })
}
