//! Connections to a PostgreSQL server. Its URL may hold a password, so nothing here repeats it.

use std::str::FromStr;
use std::time::Duration;

use cell_migrate::Url;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _};

use crate::db::error::DataError;
use crate::db::handle::{Handle, Pool};
use crate::db::model::DatabaseInfo;
use crate::db::replica::Replicas;
use crate::db::settings::Settings;

const CONNECTIONS: u32 = 10;
/// A connection that was unused for longer is asked whether it lives before it is used.
const FRESH: Duration = Duration::from_secs(5);

/// Connects to the server of this URL, and to those that follow it.
pub(crate) async fn open(
    info: &'static DatabaseInfo,
    settings: &Settings,
    url: &str,
    replicas: Vec<(&'static str, String)>,
) -> Result<Handle, DataError> {
    let primary = options(info, settings, url)?;
    let place = [primary.get_host(), "/", primary.get_database().unwrap_or_default()].concat();
    // A pool would try again and again before it said why; an application that starts wants to know at once.
    let first = PgConnection::connect_with(&primary).await;
    let refused = |error: sqlx::Error| DataError::open(info.name, [&place, ": ", &error.to_string()].concat());
    first.map_err(refused)?.close().await.map_err(refused)?;
    let handle = Handle::new(
        info,
        Pool::Postgres(pool(settings).acquire_timeout(settings.timeouts.acquire()).connect_lazy_with(primary.clone())),
        Url::new(url),
        false,
    );
    if replicas.is_empty() {
        return Ok(handle);
    }
    let followers = replicas.into_iter().map(|(region, url)| Ok((region, options(info, settings, &url)?)));
    let followers = followers.collect::<Result<_, DataError>>()?;
    let replicas = Replicas::meet(info.name, primary, followers, settings.timeouts, || pool(settings)).await;
    Ok(handle.replicated(replicas.map_err(refused)?))
}

fn options(info: &'static DatabaseInfo, settings: &Settings, url: &str) -> Result<PgConnectOptions, DataError> {
    // The parser's error could repeat a part of the URL.
    let options = PgConnectOptions::from_str(url)
        .map_err(|_| DataError::open(info.name, "its URL is not of the form `postgres://user@host/database`"))?;
    let milliseconds = |time: Duration| time.as_millis().to_string();
    let mut parameters = vec![("lock_timeout", milliseconds(settings.timeouts.lock()))];
    parameters.extend(settings.timeouts.statement.map(|time| ("statement_timeout", time.to_string())));
    let options = options
        .options(parameters)
        .statement_cache_capacity(settings.statements)
        .log_slow_statements(log::LevelFilter::Warn, settings.slow);
    Ok(if options.get_application_name().is_none() { options.application_name(info.name) } else { options })
}

fn pool(settings: &Settings) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(settings.pool.unwrap_or(CONNECTIONS).max(1))
        .idle_timeout(settings.timeouts.idle())
        .test_before_acquire(false)
        .before_acquire(|connection, metadata| Box::pin(async move { Ok(lives(connection, metadata.idle_for).await) }))
}

/// Whether a connection is of use that was not used for so long.
pub(crate) async fn lives(connection: &mut PgConnection, idle: Duration) -> bool {
    idle < FRESH || connection.ping().await.is_ok()
}
