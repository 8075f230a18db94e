//! Which database: an engine and a URL. In: `sqlite:PATH` or `postgres://…`. Absent: connecting.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use cell_schema::Engine;
use sqlx::sqlite::SqliteConnectOptions;

use crate::{MigrateError, Url};

/// A database to migrate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    engine: Engine,
    url: Url,
}

impl Target {
    /// The database at this URL; its scheme says the engine.
    ///
    /// # Errors
    /// The scheme is neither `sqlite:` nor `postgres:`.
    pub fn new(url: Url) -> Result<Self, MigrateError> {
        let (scheme, _) = url.as_str().split_once(':').unwrap_or(("", ""));
        let engine = match scheme {
            "sqlite" => Engine::Sqlite,
            "postgres" | "postgresql" => Engine::Postgres,
            _ => return Err(MigrateError::Url { url: url.to_string(), message: "it names no engine".to_owned() }),
        };
        Ok(Self { engine, url })
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// The URL.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// SQLite: the file; `None` for a database in memory, and on PostgreSQL.
    pub(crate) fn file(&self) -> Option<PathBuf> {
        if self.engine != Engine::Sqlite {
            return None;
        }
        let options = SqliteConnectOptions::from_str(self.url.as_str()).ok()?;
        let file = options.get_filename();
        let in_memory = self.url.as_str().contains(":memory:") || self.url.as_str().contains("mode=memory");
        (!in_memory).then(|| file.to_owned())
    }
}

impl TryFrom<Url> for Target {
    type Error = MigrateError;

    fn try_from(url: Url) -> Result<Self, MigrateError> {
        Self::new(url)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.url.fmt(f)
    }
}
