//! Connections to SQLite: a file in WAL mode, or one connection to memory.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use cell_migrate::Url;
use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use crate::db::error::DataError;
use crate::db::handle::{Handle, Pool};
use crate::db::model::DatabaseInfo;
use crate::db::settings::Settings;

const CONNECTIONS: u32 = 8;

/// How many rows of a statement are read before they are taken.
const ROWS: usize = 256;

/// Opens the file, made where it is missing, or a new database in memory.
pub(crate) async fn open(
    info: &'static DatabaseInfo,
    settings: &Settings,
    path: Option<PathBuf>,
) -> Result<Handle, DataError> {
    let memory = path.is_none();
    let (options, url) = match path {
        Some(path) => file(info, path).await?,
        None => in_memory(),
    };
    let options = options
        .foreign_keys(true)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(settings.timeouts.lock())
        // The thread that steps through a statement waits less often for the one that takes its rows.
        .row_buffer_size(ROWS)
        .statement_cache_capacity(settings.statements)
        .log_slow_statements(log::LevelFilter::Warn, settings.slow);
    // A connection to a file can't go stale, so it is not asked whether it lives; one to memory is all there is.
    let pool = SqlitePoolOptions::new()
        .max_connections(if memory { 1 } else { settings.pool.unwrap_or(CONNECTIONS).max(1) })
        .min_connections(u32::from(memory))
        .idle_timeout((!memory).then(|| settings.timeouts.idle()))
        .max_lifetime(None)
        .acquire_timeout(settings.timeouts.acquire())
        .test_before_acquire(false)
        .connect_with(options)
        .await
        .map_err(|error| DataError::open(info.name, [&url.to_string(), ": ", &error.to_string()].concat()))?;
    Ok(Handle::new(info, Pool::Sqlite(pool), url, memory))
}

async fn file(info: &DatabaseInfo, path: PathBuf) -> Result<(SqliteConnectOptions, Url), DataError> {
    let url = Url::sqlite(&path);
    if let Some(folder) = path.parent() {
        let made = tokio::fs::create_dir_all(folder).await;
        made.map_err(|error| DataError::open(info.name, [&url.to_string(), ": ", &error.to_string()].concat()))?;
    }
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    Ok((options.journal_mode(SqliteJournalMode::Wal), url))
}

fn in_memory() -> (SqliteConnectOptions, Url) {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    // Named, and shared within the process, so that migrations reach it by its URL.
    let name = ["file:cell-memory-", &NUMBER.fetch_add(1, Ordering::Relaxed).to_string()].concat();
    let url = Url::new(["sqlite:", &name, "?mode=memory"].concat());
    (SqliteConnectOptions::new().filename(name).in_memory(true).shared_cache(true), url)
}
