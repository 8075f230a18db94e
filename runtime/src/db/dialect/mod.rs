//! What differs between the engines, one file each: the stored forms, how a condition is written, what an error means.
//! Everything outside asks these functions; nothing outside knows an engine's SQL.

#[cfg(feature = "postgres")]
pub(crate) mod postgres;
#[cfg(feature = "postgres")]
pub(crate) mod postgres_copy;
#[cfg(feature = "postgres")]
pub(crate) mod postgres_log;
#[cfg(feature = "postgres")]
pub(crate) mod postgres_pool;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite_pool;
#[cfg(feature = "sqlite")]
mod stored;

use std::sync::Arc;

use super::column::Type;
use super::error::DataError;
use super::model::{Engine, Facts};
use super::reader::Row;
use super::value::Value;

/// An engine as the code that runs statements sees it.
pub(crate) trait Dialect:
    sqlx::Database<Arguments: sqlx::IntoArguments<Self>> + sqlx::database::HasStatementCache + Sized
{
    /// The driver's arguments out of ours.
    fn arguments(arguments: Arguments) -> Option<Self::Arguments>;
    /// The driver's row as ours.
    fn row(row: &Self::Row) -> Row<'_>;
    /// The rows that a statement changed.
    fn changed(result: &Self::QueryResult) -> u64;
    /// What an error that the engine reported means for a statement on a table.
    fn refusal(error: &dyn sqlx::error::DatabaseError, facts: Facts) -> DataError;
    /// Whether an error says that a statement was prepared for other columns than the table has by now.
    fn is_outdated(error: &dyn sqlx::error::DatabaseError) -> bool;
}

/// A statement's values in the driver's own form.
#[derive(Clone, Debug)]
pub(crate) enum Arguments {
    #[cfg(feature = "sqlite")]
    Sqlite(sqlx::sqlite::SqliteArguments),
    #[cfg(feature = "postgres")]
    Postgres(sqlx::postgres::PgArguments),
    /// Of many rows, for PostgreSQL's `COPY`.
    #[cfg(feature = "postgres")]
    Copied(postgres_copy::Rows),
}

impl Arguments {
    /// None yet; `columns` is how many there may be.
    ///
    /// An engine that is not compiled in never gets here: a handle of it can't be opened.
    pub(crate) fn new(engine: Engine, columns: usize) -> Self {
        use sqlx::Arguments as _;
        match engine {
            #[cfg(feature = "sqlite")]
            Engine::Sqlite => {
                let mut arguments = sqlx::sqlite::SqliteArguments::default();
                arguments.reserve(columns, 0);
                Self::Sqlite(arguments)
            }
            #[cfg(feature = "postgres")]
            _ => {
                let mut arguments = sqlx::postgres::PgArguments::default();
                arguments.reserve(columns, columns * 12);
                Self::Postgres(arguments)
            }
            #[cfg(not(feature = "postgres"))]
            _ => Self::Sqlite(sqlx::sqlite::SqliteArguments::default()),
        }
    }

    /// Those of rows that come in by other means than a statement, where the engine has such.
    #[cfg(feature = "postgres")]
    pub(crate) fn copied(engine: Engine) -> Option<Self> {
        match engine {
            Engine::Postgres => Some(Self::Copied(postgres_copy::Rows::default())),
            _ => None,
        }
    }

    /// Adds a value that [`Value::fit`] let through, for a column of `ty`.
    pub(crate) fn push(&mut self, value: Value<'_>, ty: Type) -> Result<(), String> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(arguments) => sqlite::bind(arguments, value, ty),
            #[cfg(feature = "postgres")]
            Self::Postgres(arguments) => postgres::bind(arguments, value, ty),
            #[cfg(feature = "postgres")]
            Self::Copied(rows) => rows.push(&value),
        }
    }

    /// Ends a row: only what is copied has an end of each.
    pub(crate) fn end_row(&mut self) {
        #[cfg(feature = "postgres")]
        if let Self::Copied(rows) = self {
            rows.end_row();
        }
    }
}

/// A statement's text, which may be there with values of other types, too. PostgreSQL's driver knows a prepared statement by its text
/// alone, and it is prepared for these types.
pub(crate) fn told_apart(engine: Engine, text: &str, types: &str) -> Arc<str> {
    match engine {
        Engine::Postgres if !types.is_empty() => Arc::from([text, "\n/*", types, "*/"].concat()),
        _ => Arc::from(text),
    }
}

/// A name as an identifier, on every engine.
pub(crate) fn identifier(name: &str) -> String {
    ["\"", &name.replace('"', "\"\""), "\""].concat()
}

/// What a driver's error means for a statement on a table.
pub(crate) fn error<DB: Dialect>(error: sqlx::Error, facts: Facts) -> DataError {
    match error {
        sqlx::Error::Database(error) => DB::refusal(&*error, facts),
        sqlx::Error::PoolTimedOut => DataError::Timeout,
        sqlx::Error::PoolClosed => DataError::Closed,
        sqlx::Error::Io(error) => DataError::Connection { reason: error.to_string() },
        sqlx::Error::Tls(error) => DataError::Connection { reason: error.to_string() },
        sqlx::Error::WorkerCrashed => DataError::Connection { reason: "its thread ended".into() },
        sqlx::Error::BeginFailed => DataError::Connection { reason: "no transaction could be begun".into() },
        error => DataError::Other { reason: error.to_string() },
    }
}
