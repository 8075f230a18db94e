//! What each library of this benchmark is asked, how an answer is measured, and how a library's program is spoken with.
//! In: a [`Library`]. Out: the time of one answer, and for a peer's program a line for each question on its standard input.
//! Absent: databases. A peer's program finds the tables made and filled.

mod measure;
mod question;
mod rows;
mod serve;

use std::error::Error;

pub use measure::{Library, measure};
pub use question::Question;
pub use rows::{ITEMS, OWNERS, Row, changed, key, owner};
pub use serve::{argument, serve};

/// What goes wrong here is for a person to read.
pub type Result<T> = std::result::Result<T, Box<dyn Error>>;
