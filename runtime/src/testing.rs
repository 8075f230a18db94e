//! Databases for tests: each test gets one of its own, on the engine that the attribute names, with every migration.
//! In: the environment of `cargo test`. Out: a database that is gone when the test is. Absent: cells and clocks.

use std::env;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::db::{self, Database, EngineInfo};
use crate::{Error, Result};

/// A database that nobody else uses. Dropping it removes it.
#[derive(Debug)]
pub struct Fresh<D> {
    database: D,
    url: String,
    /// Last, so that connections are closed before it is removed.
    _place: Place,
}

impl<D> Fresh<D> {
    /// Its URL, for those who open it again.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl<D> Deref for Fresh<D> {
    type Target = D;

    fn deref(&self) -> &D {
        &self.database
    }
}

/// Makes a database with every migration of `cell/` and no rows: a SQLite file in the system's temporary folder, or a new
/// database on the PostgreSQL server that the attribute's environment variable names.
///
/// # Errors
/// The server's URL is not set or does not answer, or a migration fails.
pub async fn database<D: Database>() -> Result<Fresh<D>> {
    let place = match D::INFO.engine {
        EngineInfo::Sqlite { file } => Place::folder(file)?,
        EngineInfo::Postgres { url_env, .. } => Place::on_server(url_env).await?,
    };
    let url = place.url();
    let database: D = db::open_at(&url).await?;
    db::migrate(&database).await?;
    Ok(Fresh { database, url, _place: place })
}

/// Where a test's database is.
#[derive(Debug)]
enum Place {
    /// In a folder of its own.
    Folder { folder: PathBuf, file: &'static str },
    /// On a server, under a name of its own.
    #[cfg(feature = "postgres")]
    Server { server: String, name: String },
}

/// Part of a name that no other test of this machine uses at the same time.
fn unique() -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    format!("cell_test_{}_{number}_{}", std::process::id(), uuid::Uuid::new_v4().simple())
}

impl Place {
    fn folder(file: &'static str) -> Result<Self> {
        let folder = env::temp_dir().join(unique());
        std::fs::create_dir_all(&folder)?;
        Ok(Self::Folder { folder, file })
    }

    #[cfg(feature = "postgres")]
    async fn on_server(variable: &str) -> Result<Self> {
        use sqlx::Connection as _;

        let server = env::var(variable).map_err(|_| {
            Error::message(format!("set `{variable}` to a PostgreSQL server on which tests may make databases"))
        })?;
        let name = unique();
        let mut connection = sqlx::PgConnection::connect(&server).await?;
        // The name is made of letters, digits and `_`, so it needs no quoting, and no statement can bind it.
        let create = sqlx::AssertSqlSafe(["CREATE DATABASE ", &name, " TEMPLATE template0"].concat());
        sqlx::raw_sql(create).execute(&mut connection).await?;
        connection.close().await?;
        Ok(Self::Server { server, name })
    }

    #[cfg(not(feature = "postgres"))]
    async fn on_server(_: &str) -> Result<Self> {
        Err(Error::message("turn on the feature `postgres` of `cell-runtime`"))
    }

    fn url(&self) -> String {
        match self {
            Self::Folder { folder, file } => format!("sqlite:{}", folder.join(file).display()),
            #[cfg(feature = "postgres")]
            Self::Server { server, name } => with_database(server, name),
        }
    }
}

/// The server's URL with the path of another database.
#[cfg(feature = "postgres")]
fn with_database(server: &str, name: &str) -> String {
    let (address, parameters) = server.split_once('?').map_or((server, None), |(left, right)| (left, Some(right)));
    let scheme = address.find("://").map_or(0, |at| at + 3);
    let host = address.get(scheme..).and_then(|rest| rest.find('/')).map_or(address.len(), |at| scheme + at);
    let host = address.get(..host).unwrap_or(address);
    match parameters {
        Some(parameters) => format!("{host}/{name}?{parameters}"),
        None => format!("{host}/{name}"),
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        match self {
            // What is left of a test's folder is the system's to clean.
            Self::Folder { folder, .. } => drop(std::fs::remove_dir_all(folder)),
            #[cfg(feature = "postgres")]
            Self::Server { server, name } => remove(server.clone(), name.clone()),
        }
    }
}

/// Drops a test's database, on a thread of its own: a drop may happen inside a runtime, which must not be blocked on.
#[cfg(feature = "postgres")]
fn remove(server: String, name: String) {
    let remover = std::thread::spawn(move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        runtime.block_on(async {
            use sqlx::Connection as _;

            let Ok(mut connection) = sqlx::PgConnection::connect(&server).await else { return };
            let statement = sqlx::AssertSqlSafe(["DROP DATABASE IF EXISTS ", &name, " WITH (FORCE)"].concat());
            if let Err(error) = sqlx::raw_sql(statement).execute(&mut connection).await {
                tracing::warn!(%error, name, "a test's database stays");
            }
        });
    });
    // A remover that panicked leaves a database of a test behind, and nothing else.
    drop(remover.join());
}

#[cfg(all(test, feature = "postgres"))]
mod tests {
    use super::with_database;

    #[test]
    fn another_database_of_the_same_server_keeps_the_parameters() {
        for (server, wanted) in [
            ("postgres://me@host/shop", "postgres://me@host/t"),
            ("postgres://me@host", "postgres://me@host/t"),
            ("postgres:///shop?host=/tmp/socket", "postgres:///t?host=/tmp/socket"),
        ] {
            assert_eq!(with_database(server, "t"), wanted);
        }
    }
}
