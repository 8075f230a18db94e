//! Connections to SQLite: a file in WAL mode, or one connection to memory.

use std::path::PathBuf;
use std::str::FromStr;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use crate::db::error::DataError;
use crate::db::handle::{Handle, Pool};
use crate::db::model::DatabaseInfo;

const CONNECTIONS: u32 = 8;

/// Opens the file, made where it is missing, or a database in memory.
pub(crate) async fn open(info: &'static DatabaseInfo, path: Option<PathBuf>) -> Result<Handle, DataError> {
    let memory = path.is_none();
    let place = path.as_ref().map_or_else(|| "memory".to_owned(), |path| path.display().to_string());
    let options = match path {
        Some(path) => {
            if let Some(folder) = path.parent() {
                let made = tokio::fs::create_dir_all(folder).await;
                made.map_err(|error| DataError::open(info.name, [&place, ": ", &error.to_string()].concat()))?;
            }
            SqliteConnectOptions::new().filename(path).create_if_missing(true).journal_mode(SqliteJournalMode::Wal)
        }
        None => SqliteConnectOptions::from_str("sqlite::memory:").map_err(|error| DataError::open(info.name, error))?,
    };
    let options = options
        .foreign_keys(true)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(info.timeouts.lock())
        .statement_cache_capacity(512);
    // A connection to a file can't go stale, so it is not asked whether it lives; one to memory is all there is.
    let pool = SqlitePoolOptions::new()
        .max_connections(if memory { 1 } else { info.pool.unwrap_or(CONNECTIONS).max(1) })
        .min_connections(u32::from(memory))
        .idle_timeout((!memory).then(|| info.timeouts.idle()))
        .max_lifetime(None)
        .acquire_timeout(info.timeouts.acquire())
        .test_before_acquire(false)
        .connect_with(options)
        .await
        .map_err(|error| DataError::open(info.name, [&place, ": ", &error.to_string()].concat()))?;
    Ok(Handle::new(info.name, Pool::Sqlite(pool), place, memory))
}
