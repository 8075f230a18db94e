//! What a database remembers of its migrations: `cell_migrations` holds one row a migration, `cell_journal` a line for
//! each thing that happened to a step, never changed afterwards.
//! Absent: deciding what the rows mean for a history (see [`crate::work`]).

use cell_schema::Engine;
use cell_schema::schema::Schema;
use serde::Serialize;

use crate::connection::{Connection, TextRow};
use crate::{MigrateError, Target};

/// How far a migration came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Some of its steps are not done.
    Started,
    /// Done, and the newest of its history when it was: it may still be rewritten.
    Open,
    /// Its first phase is done; its second waits until no process of the release before is left.
    Expanded,
    /// Its second phase has begun: no earlier release may run any more.
    Contracting,
    /// Done for good.
    Sealed,
    /// Done for good, and what an earlier release needs is gone.
    Contracted,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Open => "open",
            Self::Expanded => "expanded",
            Self::Contracting => "contracting",
            Self::Sealed => "sealed",
            Self::Contracted => "contracted",
        }
    }
}

/// A migration as the database remembers it.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) number: u32,
    pub(crate) name: String,
    pub(crate) hash: String,
    /// The schema it led to, where it was its history's newest.
    pub(crate) schema: Option<Schema>,
    pub(crate) state: State,
    /// When its last step was done, in UTC.
    pub(crate) applied_at: Option<String>,
}

/// What happened to a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// It is about to run.
    Started,
    /// It ran, and this line was committed with it.
    Done,
    /// The engine refused it; nothing of it remains.
    Failed,
}

/// A line of the journal.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) migration: u32,
    pub(crate) step: usize,
    pub(crate) title: String,
    pub(crate) event: Event,
    /// What the engine said, where it refused.
    pub(crate) message: Option<String>,
}

/// Everything a database remembers, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Journal {
    pub(crate) rows: Vec<Row>,
    pub(crate) lines: Vec<Line>,
}

const SQLITE: &str = "
CREATE TABLE IF NOT EXISTS cell_migrations (
    number INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    hash TEXT NOT NULL,
    schema TEXT,
    state TEXT NOT NULL CHECK (state IN ('started', 'open', 'expanded', 'contracting', 'sealed', 'contracted'))
) STRICT;
CREATE TABLE IF NOT EXISTS cell_journal (
    line INTEGER PRIMARY KEY AUTOINCREMENT,
    migration INTEGER NOT NULL,
    step INTEGER NOT NULL,
    title TEXT NOT NULL,
    event TEXT NOT NULL CHECK (event IN ('started', 'done', 'failed')),
    message TEXT,
    at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
) STRICT;";

const POSTGRES: &str = "
CREATE TABLE IF NOT EXISTS cell_migrations (
    number bigint NOT NULL PRIMARY KEY,
    name text NOT NULL,
    hash text NOT NULL,
    schema text,
    state text NOT NULL CHECK (state IN ('started', 'open', 'expanded', 'contracting', 'sealed', 'contracted'))
);
CREATE TABLE IF NOT EXISTS cell_journal (
    line bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    migration bigint NOT NULL,
    step bigint NOT NULL,
    title text NOT NULL,
    event text NOT NULL CHECK (event IN ('started', 'done', 'failed')),
    message text,
    at text NOT NULL DEFAULT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')
);";

/// Creates the journal's tables in the transaction that there is; they may exist.
pub(crate) async fn create_within(connection: &mut Connection) -> Result<(), sqlx::Error> {
    let tables = match connection.engine() {
        Engine::Sqlite => SQLITE,
        Engine::Postgres => POSTGRES,
    };
    connection.run(tables).await
}

/// Creates the journal's tables; they may exist.
pub(crate) async fn create(connection: &mut Connection) -> Result<(), sqlx::Error> {
    connection.begin().await?;
    if let Err(error) = create_within(connection).await {
        connection.rollback().await;
        return Err(error);
    }
    connection.commit().await
}

/// The names of the tables and views of the database, or of PostgreSQL's current schema. Those of extensions are not
/// anyone's data.
pub(crate) async fn objects(connection: &mut Connection) -> Result<Vec<String>, sqlx::Error> {
    let names = match connection.engine() {
        Engine::Sqlite => {
            "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND substr(name, 1, 7) <> 'sqlite_' \
             ORDER BY name"
        }
        Engine::Postgres => {
            "SELECT CAST(relname AS text) FROM pg_catalog.pg_class AS class \
             WHERE relkind IN ('r', 'p', 'v', 'm', 'f') \
             AND relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = current_schema()) \
             AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS depend \
                 WHERE depend.classid = CAST('pg_catalog.pg_class' AS regclass) AND depend.objid = class.oid \
                 AND depend.deptype = 'e') \
             ORDER BY relname"
        }
    };
    Ok(connection.texts(names, &[]).await?.into_iter().flatten().flatten().collect())
}

/// The table that says that a copy into a database is not finished: rows and references are missing, and nothing may run on it.
pub(crate) const COPY: &str = "cell_copy";

/// Whether a table is one of ours, not the application's.
#[cfg(feature = "rehearse")]
pub(crate) fn is_own(table: &str) -> bool {
    ["cell_migrations", "cell_journal", "cell_feed", "cell_consumers", crate::releases::TABLE, COPY].contains(&table)
}

/// Reads the journal; `None` where the database has none.
pub(crate) async fn read(connection: &mut Connection, target: &Target) -> Result<Option<Journal>, MigrateError> {
    let failed = |error: sqlx::Error| MigrateError::engine(target, "read the journal", &error);
    let objects = objects(connection).await.map_err(failed)?;
    if objects.iter().any(|name| name == COPY) {
        return Err(MigrateError::CopyUnfinished { target: target.to_string() });
    }
    if !objects.iter().any(|name| name == "cell_migrations") {
        return Ok(None);
    }
    let rows = connection
        .texts(
            "SELECT CAST(number AS text), name, hash, schema, state, (SELECT max(at) FROM cell_journal \
             WHERE migration = number AND event = 'done') FROM cell_migrations ORDER BY number",
            &[],
        )
        .await
        .map_err(failed)?;
    let lines = connection
        .texts(
            "SELECT CAST(migration AS text), CAST(step AS text), title, event, message FROM cell_journal ORDER BY line",
            &[],
        )
        .await
        .map_err(failed)?;
    let unreadable = || MigrateError::Journal { target: target.to_string() };
    Ok(Some(Journal {
        rows: rows.into_iter().map(row).collect::<Option<_>>().ok_or_else(unreadable)?,
        lines: lines.into_iter().map(line).collect::<Option<_>>().ok_or_else(unreadable)?,
    }))
}

fn row(columns: TextRow) -> Option<Row> {
    let [number, name, hash, schema, state, applied_at] = <[_; 6]>::try_from(columns).ok()?;
    Some(Row {
        number: number?.parse().ok()?,
        name: name?,
        hash: hash?,
        schema: match schema {
            Some(json) => Some(serde_json::from_str(&json).ok()?),
            None => None,
        },
        state: match state?.as_str() {
            "started" => State::Started,
            "open" => State::Open,
            "expanded" => State::Expanded,
            "contracting" => State::Contracting,
            "sealed" => State::Sealed,
            "contracted" => State::Contracted,
            _ => return None,
        },
        applied_at,
    })
}

fn line(columns: TextRow) -> Option<Line> {
    let [migration, step, title, event, message] = <[_; 5]>::try_from(columns).ok()?;
    Some(Line {
        migration: migration?.parse().ok()?,
        step: step?.parse().ok()?,
        title: title?,
        event: match event?.as_str() {
            "started" => Event::Started,
            "done" => Event::Done,
            "failed" => Event::Failed,
            _ => return None,
        },
        message,
    })
}

/// Adds a line.
pub(crate) async fn write(connection: &mut Connection, line: &Line) -> Result<(), sqlx::Error> {
    let event = match line.event {
        Event::Started => "started",
        Event::Done => "done",
        Event::Failed => "failed",
    };
    let (migration, step) = (line.migration.to_string(), line.step.to_string());
    connection
        .execute(
            "INSERT INTO cell_journal (migration, step, title, event, message) \
             VALUES (CAST($1 AS bigint), CAST($2 AS bigint), $3, $4, NULLIF($5, ''))",
            &[&migration, &step, &line.title, event, line.message.as_deref().unwrap_or("")],
        )
        .await
}

/// Writes a migration's row, in place of one with its number.
pub(crate) async fn put(
    connection: &mut Connection,
    (number, name, hash): (u32, &str, &str),
    schema: Option<&Schema>,
    state: State,
) -> Result<(), sqlx::Error> {
    let schema = schema.and_then(|schema| serde_json::to_string(schema).ok()).unwrap_or_default();
    connection.execute("DELETE FROM cell_migrations WHERE number = CAST($1 AS bigint)", &[&number.to_string()]).await?;
    connection
        .execute(
            "INSERT INTO cell_migrations (number, name, hash, schema, state) \
             VALUES (CAST($1 AS bigint), $2, $3, NULLIF($4, ''), $5)",
            &[&number.to_string(), name, hash, &schema, state.name()],
        )
        .await
}

/// Removes a migration that the history has dropped, with its lines: the next one of its number is another.
pub(crate) async fn remove(connection: &mut Connection, number: u32) -> Result<(), sqlx::Error> {
    let number = number.to_string();
    connection.execute("DELETE FROM cell_migrations WHERE number = CAST($1 AS bigint)", &[&number]).await?;
    connection.execute("DELETE FROM cell_journal WHERE migration = CAST($1 AS bigint)", &[&number]).await
}

/// Gives a migration that is open the state that it has for good.
pub(crate) async fn seal(connection: &mut Connection, number: u32, state: State) -> Result<(), sqlx::Error> {
    connection
        .execute(
            "UPDATE cell_migrations SET state = $1 WHERE state = 'open' AND number = CAST($2 AS bigint)",
            &[state.name(), &number.to_string()],
        )
        .await
}
