//! What goes wrong with a database, named so that the same mistake is the same value on every engine.
//! In: the drivers' errors, told apart by each dialect. Absent: URLs, passwords and the values of rows, which never stand
//! in an error.

use thiserror::Error;

/// An error of a database.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum DataError {
    /// A row with these values is there already.
    #[error("`{table}` already has a row with this {}", names(columns))]
    UniqueViolation {
        /// The table.
        table: &'static str,
        /// The columns whose values together occur once.
        columns: Vec<&'static str>,
    },
    /// A row refers to one that is not there, or one that is referred to would go. (SQLite does not tell which reference.)
    #[error("a reference of `{table}` would point to no row")]
    ReferenceViolation {
        /// The table that the statement wrote to.
        table: &'static str,
    },
    /// A row does not meet a condition of its table.
    #[error("`{table}` refuses a row by its check `{constraint}`")]
    CheckViolation {
        /// The table.
        table: &'static str,
        /// The check's name.
        constraint: String,
    },
    /// A column that needs a value got none.
    #[error("`{table}.{column}` needs a value")]
    NotNull {
        /// The table.
        table: &'static str,
        /// The column.
        column: String,
    },
    /// There is no row with this key.
    #[error("`{table}` has no row with this key")]
    NotFound {
        /// The table.
        table: &'static str,
    },
    /// A column can't hold, or be compared with, this value.
    #[error("`{table}.{column}` can't take this value: {reason}")]
    OutOfRange {
        /// The table.
        table: &'static str,
        /// The column.
        column: String,
        /// Why not.
        reason: String,
    },
    /// A cursor is none of this query.
    #[error("the cursor can't be used: {reason}")]
    Cursor {
        /// Why not.
        reason: String,
    },
    /// A column holds something else than its field's type.
    #[error("`{table}.{column}` holds no value of its field's type: {reason}")]
    Decode {
        /// The table.
        table: &'static str,
        /// The column.
        column: String,
        /// What was found.
        reason: String,
    },
    /// The transaction conflicted with others, and did so on every attempt.
    #[error("the transaction conflicts with another one")]
    Serialization,
    /// Another connection held a lock for longer than the lock timeout.
    #[error("the database is locked by another connection")]
    Busy,
    /// No connection was free, or a statement did not end, within its timeout.
    #[error("the database did not answer in time")]
    Timeout,
    /// The database was closed.
    #[error("the database is closed")]
    Closed,
    /// The transaction is over, or a statement in it failed: none but a rollback can follow. To go on after an expected
    /// failure, run what may fail in a `savepoint`.
    #[error("the transaction can't go on: a statement in it failed, or it is over")]
    Aborted,
    /// The database was used beside its own open transaction, which could wait for ever, or a transaction beside its own
    /// open savepoint.
    #[error("`{database}` was used beside its own open transaction or savepoint; use the innermost `tx` instead")]
    OutsideTransaction {
        /// The database.
        database: String,
    },
    /// A statement in a `snapshot` would write.
    #[error("a snapshot of `{database}` only reads; write in a `transaction`")]
    ReadOnly {
        /// The database.
        database: String,
    },
    /// The database could not be opened.
    #[error("can't open `{database}`: {reason}")]
    Open {
        /// The database.
        database: String,
        /// Why not.
        reason: String,
    },
    /// The connection failed.
    #[error("the connection to the database failed: {reason}")]
    Connection {
        /// How.
        reason: String,
    },
    /// Anything else that the engine says.
    #[error("the database refuses: {reason}")]
    Other {
        /// What it says.
        reason: String,
    },
}

fn names(columns: &[&str]) -> String {
    if columns.is_empty() {
        return "value".into();
    }
    columns.iter().map(|column| ["`", column, "`"].concat()).collect::<Vec<_>>().join(", ")
}

impl DataError {
    /// The same, of a database that could not be opened.
    pub(crate) fn open(database: &str, reason: impl ToString) -> Self {
        Self::Open { database: database.to_owned(), reason: reason.to_string() }
    }

    pub(crate) fn other(reason: impl ToString) -> Self {
        Self::Other { reason: reason.to_string() }
    }

    pub(crate) fn cursor(reason: &str) -> Self {
        Self::Cursor { reason: reason.to_owned() }
    }

    /// A number that an engine computes is none of its type.
    pub(crate) fn computed_out_of_range(table: &'static str) -> Self {
        let reason = "a number that is computed is out of its type's range".to_owned();
        Self::OutOfRange { table, column: "*".to_owned(), reason }
    }

    /// Whether the engine asks for the whole transaction to be tried again.
    pub(crate) fn is_conflict(&self) -> bool {
        matches!(self, Self::Serialization)
    }
}
