//! How far a write is in the feed, for searches that have to find it. In: an opened database. Out: a position, which as a text may go
//! to another process and come back.

use std::fmt;
use std::str::FromStr;

use super::error::SearchError;
use crate::db::feed::{Cursor, Feed};
use crate::db::{DataError, Database, Handle};

/// A place in the feed of a database. What was committed before it was asked for is before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position(Cursor);

impl Position {
    pub(super) fn cursor(&self) -> &Cursor {
        &self.0
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Position {
    type Err = DataError;

    fn from_str(text: &str) -> Result<Self, DataError> {
        text.parse().map(Self)
    }
}

/// What was last written to a database, by whomever: it is looked up when it is asked for.
#[derive(Clone, Debug)]
pub struct LastWrite(Handle);

impl LastWrite {
    /// Its position.
    ///
    /// # Errors
    /// Those of the connection; the database follows no table.
    pub async fn position(&self) -> Result<Position, SearchError> {
        if self.0.session().is_some() {
            let refused =
                "what a transaction has written is found when it is committed: ask for it afterwards, outside of it";
            return Err(DataError::other(refused).into());
        }
        Ok(Position(Feed::of(&self.0).now().await?))
    }
}

/// What a search waits for.
#[derive(Clone, Debug)]
pub enum After {
    /// What was written by the time of the search.
    LastWrite(LastWrite),
    /// What was written by then.
    Position(Position),
}

impl After {
    pub(super) async fn position(&self) -> Result<Position, SearchError> {
        match self {
            Self::LastWrite(write) => write.position().await,
            Self::Position(position) => Ok(position.clone()),
        }
    }
}

impl From<LastWrite> for After {
    fn from(write: LastWrite) -> Self {
        Self::LastWrite(write)
    }
}

impl From<Position> for After {
    fn from(position: Position) -> Self {
        Self::Position(position)
    }
}

/// What a database with search indexes can be asked.
pub trait Searched {
    /// What was written to it by now, or by the time that this is used.
    fn last_write(&self) -> LastWrite;
}

impl<D: Database> Searched for D {
    fn last_write(&self) -> LastWrite {
        LastWrite(self.handle().clone())
    }
}
