//! How many rows a table has. In: a database that may be anywhere, or nowhere. Out: a number, in a time that a person waits for.
//! Absent: counting at any price: where that takes long, the engine's own estimate is good enough, or nothing is said.

use std::time::Duration;

use cell_schema::{Engine, dialect};

use crate::connection::{Access, Connection};
use crate::{MigrateError, Target};

/// How long PostgreSQL counts.
const COUNTING: Duration = Duration::from_secs(2);

/// How long everything takes at most: a server far away is connected to first.
const PATIENCE: Duration = Duration::from_secs(4);

/// How many rows a table has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// So many.
    pub rows: u64,
    /// Whether they were counted; else the engine estimates them.
    pub counted: bool,
}

/// Looks how many rows a table of the database has. Out: `None` where there is no such database or table, or nothing is known in a
/// few seconds. Nothing is written.
///
/// # Errors
/// The database is there and does not answer.
pub async fn size(target: &Target, table: &str) -> Result<Option<Size>, MigrateError> {
    match tokio::time::timeout(PATIENCE, look(target, table)).await {
        Ok(Err(MigrateError::Missing { .. })) | Err(_) => Ok(None),
        Ok(looked) => looked,
    }
}

async fn look(target: &Target, table: &str) -> Result<Option<Size>, MigrateError> {
    let mut connection = Connection::open(target, Access::Existing).await?;
    let size = rows(&mut connection, table).await;
    connection.close().await;
    size.map_err(|error| MigrateError::engine(target, "count rows", &error))
}

async fn rows(connection: &mut Connection, table: &str) -> Result<Option<Size>, sqlx::Error> {
    let engine = connection.engine();
    let known = match engine {
        Engine::Sqlite => "SELECT name FROM sqlite_schema WHERE type = 'table' AND name = $1",
        // Never analysed: -1.
        Engine::Postgres => {
            "SELECT greatest(reltuples, 0)::bigint::text FROM pg_class
             WHERE relname = $1 AND relnamespace = current_schema()::regnamespace AND relkind = 'r' AND pg_table_is_visible(oid)"
        }
    };
    let Some(estimate) = connection.texts(known, &[table]).await?.into_iter().flatten().next() else { return Ok(None) };
    if engine == Engine::Postgres {
        connection.run(&format!("SET statement_timeout = {}", COUNTING.as_millis())).await?;
    }
    let counting = format!("SELECT count(*), NULL FROM {}", dialect::quote(engine, table));
    let estimated = || {
        let rows = estimate.and_then(|rows| rows.parse().ok()).filter(|rows| *rows > 0)?;
        Some(Size { rows, counted: false })
    };
    match connection.counted(&counting).await {
        Ok((rows, _)) => Ok(Some(Size { rows, counted: true })),
        Err(error) if is_cancelled(&error) => Ok(estimated()),
        Err(error) => Err(error),
    }
}

/// PostgreSQL's word for a statement that took too long.
fn is_cancelled(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == "57014")
}
