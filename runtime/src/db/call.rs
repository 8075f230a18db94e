//! A statement on its way to an engine, and what takes its rows. Absent: running it (see [`super::execute`]).

use std::sync::Arc;

use super::dialect::Arguments;
use super::error::DataError;
use super::model::Facts;
use super::reader::Reader;

/// A statement with its values.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) text: Arc<str>,
    pub(crate) arguments: Arguments,
    /// Whether the connection should keep it prepared.
    pub(crate) persistent: bool,
    pub(crate) reads: Reads,
    /// Of the table that it is about, for its errors.
    pub(crate) facts: Facts,
}

/// Whether a statement writes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// It does not.
    Certainly,
    /// It calls what may write. A replica may be asked, which would refuse to; the primary may have done something.
    Likely,
    /// It writes.
    No,
}

/// How a row is read.
pub(crate) trait Read<T>: Fn(&mut Reader<'_>) -> Result<T, DataError> + Clone + Send + Sync + 'static {}

impl<T, F: Fn(&mut Reader<'_>) -> Result<T, DataError> + Clone + Send + Sync + 'static> Read<T> for F {}

/// Takes the rows as they come.
pub(crate) trait Take: Send {
    /// One more.
    fn take(&mut self, row: &mut Reader<'_>) -> Result<(), DataError>;
    /// They come again from the first one on.
    #[cfg(feature = "postgres")]
    fn again(&mut self);
}

/// Takes all.
pub(crate) struct All<T, R> {
    pub(crate) rows: Vec<T>,
    pub(crate) read: R,
}

impl<T: Send, R: Read<T>> Take for All<T, R> {
    fn take(&mut self, row: &mut Reader<'_>) -> Result<(), DataError> {
        self.rows.push((self.read)(row)?);
        Ok(())
    }

    #[cfg(feature = "postgres")]
    fn again(&mut self) {
        self.rows.clear();
    }
}

/// Takes the first one, whether it can be read or not.
pub(crate) struct First<T, R> {
    pub(crate) row: Option<Result<T, DataError>>,
    pub(crate) read: R,
}

impl<T: Send, R: Read<T>> Take for First<T, R> {
    fn take(&mut self, row: &mut Reader<'_>) -> Result<(), DataError> {
        if self.row.is_none() {
            self.row = Some((self.read)(row));
        }
        Ok(())
    }

    #[cfg(feature = "postgres")]
    fn again(&mut self) {
        self.row = None;
    }
}

/// What went wrong: a transaction can't go on after its engine refused a statement, but can after a row that is unreadable.
pub(crate) enum Failure {
    Engine(DataError),
    /// Nothing was done: the statement was prepared for a table that has changed since.
    Outdated(DataError),
    Reading(DataError),
}

impl From<Failure> for DataError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Engine(error) | Failure::Outdated(error) | Failure::Reading(error) => error,
        }
    }
}
