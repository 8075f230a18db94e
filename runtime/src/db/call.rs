//! A statement on its way to an engine, and what takes its rows. Absent: running it (see [`super::execute`]).

use std::any::Any;
use std::sync::Arc;

use tokio::task::JoinHandle;

use super::dialect::Arguments;
use super::error::DataError;
use super::model::{Engine, Facts};
use super::reader::Reader;

/// A statement with its values.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) text: Arc<str>,
    pub(crate) arguments: Arguments,
    /// Whether the connection should keep it prepared.
    pub(crate) persistent: bool,
    pub(crate) reads: Reads,
    /// Whether its form says how many rows it writes at most, and its values change nothing about that.
    #[cfg_attr(not(feature = "sqlite"), expect(dead_code, reason = "on PostgreSQL it is the server's to bear"))]
    pub(crate) bounded: bool,
    /// Of the table that it is about, for its errors.
    pub(crate) facts: Facts,
    /// What it reads or writes, as far as its caller knows.
    pub(crate) about: About,
}

/// What a statement is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// Rows of its table.
    Rows,
    /// A row of its table, which whoever reads it says.
    Row,
    /// Whatever is in the database.
    Anything,
    /// The feed, which is nobody's rows.
    #[cfg(any(feature = "cache", feature = "search"))]
    Feed,
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

/// What is wanted of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Its first row. It only reads, and need not come to its end.
    First,
    /// Its rows.
    Rows,
    /// The number of rows that it changes.
    Count,
    /// That it is done; there may be several, separated by `;`, without values.
    Script,
}

/// A call, and what becomes of it.
pub(crate) struct Work {
    pub(crate) call: Call,
    pub(crate) wanted: Wanted,
    pub(crate) take: Box<dyn Take>,
}

impl Work {
    /// Statements as they are.
    pub(crate) fn script(engine: Engine, text: &str, facts: Facts) -> Self {
        let call = Call {
            text: text.into(),
            arguments: Arguments::new(engine, 0),
            persistent: false,
            reads: Reads::No,
            bounded: false,
            facts,
            about: About::Anything,
        };
        Self { call, wanted: Wanted::Script, take: Box::new(Nothing) }
    }
}

/// How a row is read.
pub(crate) trait Read<T>: Fn(&mut Reader<'_>) -> Result<T, DataError> + Clone + Send + Sync + 'static {}

impl<T, F: Fn(&mut Reader<'_>) -> Result<T, DataError> + Clone + Send + Sync + 'static> Read<T> for F {}

/// Takes the rows as they come.
pub(crate) trait Take: Any + Send {
    /// One more.
    fn take(&mut self, row: &mut Reader<'_>) -> Result<(), DataError>;
    /// They come again from the first one on.
    fn again(&mut self);
}

/// Takes all.
pub(crate) struct All<T, R> {
    pub(crate) rows: Vec<T>,
    pub(crate) read: R,
}

impl<T: Send + 'static, R: Read<T>> Take for All<T, R> {
    fn take(&mut self, row: &mut Reader<'_>) -> Result<(), DataError> {
        self.rows.push((self.read)(row)?);
        Ok(())
    }

    fn again(&mut self) {
        self.rows.clear();
    }
}

/// Takes the first one, whether it can be read or not.
pub(crate) struct First<T, R> {
    pub(crate) row: Option<Result<T, DataError>>,
    pub(crate) read: R,
}

impl<T: Send + 'static, R: Read<T>> Take for First<T, R> {
    fn take(&mut self, row: &mut Reader<'_>) -> Result<(), DataError> {
        if self.row.is_none() {
            self.row = Some((self.read)(row));
        }
        Ok(())
    }

    fn again(&mut self) {
        self.row = None;
    }
}

/// Takes none.
pub(crate) struct Nothing;

impl Take for Nothing {
    fn take(&mut self, _: &mut Reader<'_>) -> Result<(), DataError> {
        Ok(())
    }

    fn again(&mut self) {}
}

/// What went wrong: a transaction can't go on after its engine refused a statement, but can after a row that is unreadable.
#[derive(Debug)]
pub(crate) enum Failure {
    Engine(DataError),
    /// Nothing was done: the statement was prepared for a table that has changed since.
    #[cfg(feature = "postgres")]
    Outdated(DataError),
    Reading(DataError),
}

impl From<Failure> for DataError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Engine(error) | Failure::Reading(error) => error,
            #[cfg(feature = "postgres")]
            Failure::Outdated(error) => error,
        }
    }
}

/// What came of work that another task or thread did. A panic there is one here.
pub(crate) async fn ended<T>(work: JoinHandle<T>) -> Result<T, DataError> {
    match work.await {
        Ok(done) => Ok(done),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime ends.
            Err(_) => Err(DataError::Closed),
        },
    }
}
