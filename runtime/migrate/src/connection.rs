//! One connection to either engine, with the few operations that migrations need of both.
//! Absent: pools, and typed rows: what is read here is read as text.

use std::str::FromStr;
use std::time::Duration;

use cell_schema::Engine;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row, SqliteConnection};

use crate::{MigrateError, Target, url};

/// How long SQLite waits for another process's write.
const BUSY: Duration = Duration::from_secs(10);

/// What may happen to a database that does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// It is an error.
    Existing,
    /// SQLite's file is created. A PostgreSQL database is created by whoever runs the server.
    Create,
}

/// An open connection.
#[derive(Debug)]
pub(crate) enum Connection {
    /// To SQLite.
    Sqlite(SqliteConnection),
    /// To PostgreSQL.
    Postgres(PgConnection),
}

/// A row, each value as text.
pub(crate) type TextRow = Vec<Option<String>>;

impl Connection {
    /// Opens the target.
    pub(crate) async fn open(target: &Target, access: Access) -> Result<Self, MigrateError> {
        let failed = |error: sqlx::Error| MigrateError::Connect { target: target.to_string(), message: text(&error) };
        match target.engine() {
            Engine::Sqlite => {
                if access == Access::Existing && target.file().is_some_and(|file| !file.exists()) {
                    return Err(MigrateError::Missing { target: target.to_string() });
                }
                let mut options = SqliteConnectOptions::from_str(target.url().as_str())
                    .map_err(failed)?
                    .create_if_missing(access == Access::Create)
                    .foreign_keys(true)
                    .busy_timeout(BUSY);
                if access == Access::Create {
                    // The mode is the file's, not the connection's: only who creates the database sets it.
                    options = options.journal_mode(SqliteJournalMode::Wal);
                }
                Ok(Self::Sqlite(SqliteConnection::connect_with(&options).await.map_err(failed)?))
            }
            Engine::Postgres => {
                let options =
                    PgConnectOptions::from_str(target.url().as_str()).map_err(failed)?.application_name("cell-migrate");
                Ok(Self::Postgres(PgConnection::connect_with(&options).await.map_err(failed)?))
            }
        }
    }

    /// The engine at the other end.
    pub(crate) fn engine(&self) -> Engine {
        match self {
            Self::Sqlite(_) => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }

    /// Runs one or more statements that came from a history or a dialect.
    pub(crate) async fn run(&mut self, sql: &str) -> Result<(), sqlx::Error> {
        let statements = sqlx::raw_sql(AssertSqlSafe(sql));
        match self {
            Self::Sqlite(connection) => statements.execute(connection).await.map(drop),
            Self::Postgres(connection) => statements.execute(connection).await.map(drop),
        }
    }

    /// Runs one statement with text values for `$1`, `$2`, …
    pub(crate) async fn execute(&mut self, sql: &'static str, values: &[&str]) -> Result<(), sqlx::Error> {
        self.texts(sql, values).await.map(drop)
    }

    /// Reads rows whose columns all are text or null.
    pub(crate) async fn texts(&mut self, sql: &'static str, values: &[&str]) -> Result<Vec<TextRow>, sqlx::Error> {
        macro_rules! texts {
            ($connection:expr) => {{
                let mut query = sqlx::query(sql);
                for value in values {
                    query = query.bind(*value);
                }
                let rows = query.fetch_all($connection).await?;
                rows.iter().map(|row| (0..row.len()).map(|at| row.try_get(at)).collect()).collect()
            }};
        }
        match self {
            Self::Sqlite(connection) => texts!(connection),
            Self::Postgres(connection) => texts!(connection),
        }
    }

    /// Asks a guard: a count, and an example.
    pub(crate) async fn counted(&mut self, sql: &str) -> Result<(u64, Option<String>), sqlx::Error> {
        let query = AssertSqlSafe(sql);
        let (count, example): (i64, Option<String>) = match self {
            Self::Sqlite(connection) => {
                let row = sqlx::query(query).fetch_one(connection).await?;
                (row.try_get(0)?, row.try_get(1)?)
            }
            Self::Postgres(connection) => {
                let row = sqlx::query(query).fetch_one(connection).await?;
                (row.try_get(0)?, row.try_get(1)?)
            }
        };
        Ok((count.unsigned_abs(), example))
    }

    /// Reads the first column of every row: text.
    #[cfg(feature = "rehearse")]
    pub(crate) async fn listed(&mut self, sql: &str) -> Result<Vec<String>, sqlx::Error> {
        let query = AssertSqlSafe(sql);
        match self {
            Self::Sqlite(connection) => {
                sqlx::query(query).fetch_all(connection).await?.iter().map(|row| row.try_get(0)).collect()
            }
            Self::Postgres(connection) => {
                sqlx::query(query).fetch_all(connection).await?.iter().map(|row| row.try_get(0)).collect()
            }
        }
    }

    /// Begins a transaction that may write.
    pub(crate) async fn begin(&mut self) -> Result<(), sqlx::Error> {
        // SQLite takes its write lock now or waits for it; later it would fail instead of waiting.
        let begin = match self {
            Self::Sqlite(_) => "BEGIN IMMEDIATE",
            Self::Postgres(_) => "BEGIN",
        };
        self.run(begin).await
    }

    /// Ends the transaction and keeps what it did.
    pub(crate) async fn commit(&mut self) -> Result<(), sqlx::Error> {
        self.run("COMMIT").await
    }

    /// Ends the transaction and undoes what it did.
    pub(crate) async fn rollback(&mut self) {
        // The transaction ends with the connection at the latest; the error that led here is the one to report.
        drop(self.run("ROLLBACK").await);
    }

    /// Says good-bye, so that the next to open a SQLite file finds no write-ahead log to recover.
    pub(crate) async fn close(self) {
        // Everything is committed: a farewell that fails changes nothing.
        drop(match self {
            Self::Sqlite(connection) => connection.close().await,
            Self::Postgres(connection) => connection.close().await,
        });
    }
}

/// Whether PostgreSQL gave up waiting for a lock, or for one that waited for it: the same may go well later.
pub(crate) fn is_contended(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| code == "55P03" || code == "40P01")
}

/// What the engine said, whole, and without a password that a URL in it may hold.
pub(crate) fn text(error: &sqlx::Error) -> String {
    let mut message = match error {
        sqlx::Error::Database(database) => database.message().to_owned(),
        other => other.to_string(),
    };
    if let Some(postgres) =
        error.as_database_error().and_then(|error| error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>())
    {
        for more in [postgres.detail(), postgres.hint()].into_iter().flatten() {
            message.push_str("; ");
            message.push_str(more);
        }
    }
    url::redact(&message)
}
