//! Connections to a PostgreSQL server. Its URL may hold a password, so nothing here repeats it.

use std::str::FromStr;
use std::time::Duration;

use cell_migrate::Url;
use sqlx::Connection as _;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};

use crate::db::error::DataError;
use crate::db::handle::{Handle, Pool};
use crate::db::model::DatabaseInfo;

const CONNECTIONS: u32 = 10;
/// A connection that was unused for longer is asked whether it lives before it is used.
const FRESH: Duration = Duration::from_secs(5);

/// Connects to the server of this URL.
pub(crate) async fn open(info: &'static DatabaseInfo, url: &str) -> Result<Handle, DataError> {
    // The parser's error could repeat a part of the URL.
    let options = PgConnectOptions::from_str(url)
        .map_err(|_| DataError::open(info.name, "its URL is not of the form `postgres://user@host/database`"))?;
    let milliseconds = |time: Duration| time.as_millis().to_string();
    let mut settings = vec![("lock_timeout", milliseconds(info.timeouts.lock()))];
    settings.extend(info.timeouts.statement.map(|time| ("statement_timeout", time.to_string())));
    let options = options.options(settings).statement_cache_capacity(512);
    let options = if options.get_application_name().is_none() { options.application_name(info.name) } else { options };
    let place = [options.get_host(), "/", options.get_database().unwrap_or_default()].concat();
    // A pool would try again and again before it said why; an application that starts wants to know at once.
    let first = PgConnection::connect_with(&options).await;
    let refused = |error: sqlx::Error| DataError::open(info.name, [&place, ": ", &error.to_string()].concat());
    first.map_err(refused)?.close().await.map_err(refused)?;
    let pool = PgPoolOptions::new()
        .max_connections(info.pool.unwrap_or(CONNECTIONS).max(1))
        .idle_timeout(info.timeouts.idle())
        .acquire_timeout(info.timeouts.acquire())
        .test_before_acquire(false)
        .before_acquire(|connection, metadata| {
            Box::pin(async move { Ok(metadata.idle_for < FRESH || connection.ping().await.is_ok()) })
        })
        .connect_lazy_with(options);
    Ok(Handle::new(info, Pool::Postgres(pool), Url::new(url), false))
}
