//! Why a copy was not made, or is not one.

use crate::MigrateError;

/// Why a database was not copied. The source is never changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// A database would be copied into itself.
    #[error("`{database}` is the database that is copied")]
    Same {
        /// The database.
        database: String,
    },
    /// A database is not as its history says.
    #[error("`{database}` cannot be copied: {reason}")]
    NotReady {
        /// The database.
        database: String,
        /// In words.
        reason: String,
    },
    /// There is something in the target.
    #[error("`{database}` is not empty: {}", found.join(", "))]
    NotEmpty {
        /// The database.
        database: String,
        /// What is in it.
        found: Vec<String>,
    },
    /// An earlier copy in the target is of another state of the schema.
    #[error("`{database}` holds an unfinished copy of a database with other migrations")]
    OtherCopy {
        /// The database.
        database: String,
    },
    /// A value is not what its column says.
    #[error("a row of `{table}` holds something that is no value of `{column}`")]
    Unreadable {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// The target does not take a row.
    #[error("`{database}` refuses a row of `{table}`: {message}")]
    Refused {
        /// The target.
        database: String,
        /// The table.
        table: String,
        /// What the engine says.
        message: String,
    },
    /// A table is not the same in both.
    #[error(
        "the table `{table}` of `{database}` is not as in the source: it differs first in the row with the key ({key})"
    )]
    Differs {
        /// The target.
        database: String,
        /// The table.
        table: String,
        /// The key of the first row that differs, or is only in one of them.
        key: String,
    },
    /// An engine failed.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
}

impl CopyError {
    /// The diagnostic's code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Same { .. } | Self::NotEmpty { .. } | Self::OtherCopy { .. } => "copy-not-empty",
            Self::NotReady { .. } => "copy-not-ready",
            Self::Unreadable { .. } | Self::Refused { .. } | Self::Differs { .. } => "copy-differs",
            Self::Migrate(error) => error.code(),
        }
    }

    /// What to do about it, where this can be said.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Same { .. } | Self::NotEmpty { .. } | Self::OtherCopy { .. } => {
                Some("give `--to` an empty database; rows that SQL by hand in a migration has added there, delete first".to_owned())
            }
            Self::NotReady { .. } => None,
            Self::Unreadable { .. } | Self::Refused { .. } => Some("correct the row in the source".to_owned()),
            Self::Differs { .. } => Some(
                "the source has changed since the copy was begun: stop what writes to it, empty the target and copy again".to_owned(),
            ),
            Self::Migrate(error) => error.help(),
        }
    }
}
