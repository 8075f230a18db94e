//! Moves every row of a database into an empty one, of the other engine or of the same. In: two targets, the history that both have.
//! Out: [`Copied`], proven equal by count and by a hash of each table's content; or why not, and the target is left as it is.
//! A copy that was stopped anywhere goes on where it stopped: rows go in the order of their keys, each batch whole or not at all, and a
//! table of ours says that the target is not whole yet, so that nothing else takes it for a database. Absent: rows that are written to
//! the source meanwhile. All is read as it was at the beginning; between two runs the source must not change, which the hashes show.

mod cell;
mod error;
mod layout;
mod mark;
mod numbers;
mod postgres;
mod references;
mod sqlite;

use std::time::Duration;

use cell_schema::dialect;
use cell_schema::history::History;
use futures_util::TryStreamExt as _;
use serde::Serialize;

use crate::connection::{Access, Connection};
use crate::journal::State;
use crate::{MigrateError, Target, apply, compare, drift, lock, status};
use cell::Cell;
pub use error::CopyError;
use layout::{Layout, Part};
use mark::{mark, unfinished, unmark};
use numbers::{last_number, set_last_number};
use references::{referenced, unreferenced};

/// The most rows of a batch, and the most bytes that they may have before it is written.
const ROWS: usize = 1000;
const BYTES: usize = 4 << 20;

/// How long other appliers are waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a copy did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Copied {
    /// The tables, by name.
    pub tables: Vec<CopiedTable>,
    /// Whether it went on from an earlier one.
    pub resumed: bool,
    /// What is in the source beside the model, and was not copied.
    pub left: Vec<String>,
}

/// A table that is equal in both databases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CopiedTable {
    /// Its name.
    pub table: String,
    /// How many rows it has.
    pub rows: u64,
    /// The BLAKE3 hash of its rows in the order of their keys, in hexadecimal digits; the same on both engines.
    pub hash: String,
}

/// How far a copy has come.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Progress<'a> {
    /// There are so many rows in all, of which so many are there already.
    Begun {
        /// All rows of the source.
        rows: u64,
        /// Those that an earlier copy has brought.
        present: u64,
    },
    /// So many rows more are in this table.
    Wrote {
        /// The table.
        table: &'a str,
        /// The rows of a batch.
        rows: u64,
    },
    /// All rows are there, and are compared.
    Verifying {
        /// The table.
        table: &'a str,
    },
}

/// Copies every row from one database into another, which is migrated to the same state first.
///
/// # Errors
/// One of the databases is not as it must be, or they differ at the end; see [`CopyError`].
pub async fn copy(
    source: &Target,
    target: &Target,
    history: &History,
    progress: &mut (dyn FnMut(Progress<'_>) + Send),
) -> Result<Copied, CopyError> {
    if source.url() == target.url() || source.file().is_some_and(|file| target.file() == Some(file)) {
        return Err(CopyError::Same { database: source.to_string() });
    }
    references::apart(source, target).await?;
    let left = ready(source, history).await?;
    let head = history.migrations.last().map(|migration| migration.hash.to_string()).unwrap_or_default();
    let source_lock = lock::file(source, PATIENCE).await?;
    let mut from = Connection::open(source, Access::Existing).await?;
    let copied = async {
        lock::session(&mut from, source, PATIENCE).await?;
        settle(&mut from, source).await?;
        receive(target, history).await?;
        let target_lock = lock::file(target, PATIENCE).await?;
        let mut into = Connection::open(target, Access::Existing).await?;
        let run = Run { source, target, history };
        let copied = async {
            lock::session(&mut into, target, PATIENCE).await?;
            settle(&mut into, target).await?;
            run.copy(&mut from, &mut into, &head, progress).await
        }
        .await;
        into.close().await;
        drop(target_lock);
        copied
    }
    .await;
    from.close().await;
    drop(source_lock);
    Ok(Copied { left, ..copied? })
}

/// Refuses a source that is not what its history says. Out: what it has beside the model.
async fn ready(source: &Target, history: &History) -> Result<Vec<String>, CopyError> {
    let status = status(source, history).await?;
    let not_ready = |reason: &str| CopyError::NotReady { database: source.to_string(), reason: reason.to_owned() };
    if let Some(problem) = &status.problem {
        return Err(not_ready(&problem.message));
    }
    if !status.pending.is_empty() || status.draft.is_some() || status.applied.is_empty() {
        return Err(not_ready("it lacks migrations: `cargo cell migrate apply` applies them"));
    }
    if status
        .applied
        .iter()
        .any(|applied| matches!(applied.state, State::Started | State::Expanded | State::Contracting))
    {
        return Err(not_ready(
            "a second phase waits: `cargo cell migrate contract` runs it once no earlier release runs",
        ));
    }
    let verified = drift(source, history).await?;
    if let Some(difference) = verified.differences.first() {
        return Err(not_ready(&format!("it is not as its migrations say (`cargo cell migrate verify`): {difference}")));
    }
    Ok(verified.unmodelled)
}

/// Brings an empty target to the source's migrations; one that holds an unfinished copy has them.
async fn receive(target: &Target, history: &History) -> Result<(), CopyError> {
    match Connection::open(target, Access::Existing).await {
        Err(MigrateError::Missing { .. }) => {}
        opened => {
            let mut connection = opened?;
            let found = unfinished(&mut connection, target).await;
            connection.close().await;
            if found?.is_some() {
                return Ok(());
            }
        }
    }
    match apply::apply(target, history, &apply::Options::default()).await {
        Ok(_) => Ok(()),
        Err(MigrateError::UnknownDatabase { target, objects }) => {
            Err(CopyError::NotEmpty { database: target, found: objects })
        }
        Err(error) => Err(error.into()),
    }
}

/// Takes away what the role or the database would do to a long statement, and to rows that it may not see: those are an error then.
async fn settle(connection: &mut Connection, target: &Target) -> Result<(), MigrateError> {
    if let Connection::Sqlite(_) = connection {
        return Ok(());
    }
    let settings = "SET row_security = off; SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0";
    connection.run(settings).await.map_err(|error| MigrateError::engine(target, "prepare the connection", &error))
}

/// One copy.
struct Run<'a> {
    source: &'a Target,
    target: &'a Target,
    history: &'a History,
}

impl Run<'_> {
    async fn copy(
        &self,
        from: &mut Connection,
        into: &mut Connection,
        head: &str,
        progress: &mut (dyn FnMut(Progress<'_>) + Send),
    ) -> Result<Copied, CopyError> {
        let reading = |error: sqlx::Error| MigrateError::engine(self.source, "read the rows", &error);
        let writing = |error: sqlx::Error| MigrateError::engine(self.target, "write the rows", &error);
        let lowered = |engine| dialect::lower(engine, &self.history.snapshot).map_err(MigrateError::Schema);
        let sources = Layout::all(&self.history.snapshot, &lowered(from.engine())?);
        let made = lowered(into.engine())?;
        let targets = Layout::all(&self.history.snapshot, &made);
        // From here on all reads see the same.
        begin(from).await.map_err(reading)?;
        let (mut rows, mut present) = (0, 0);
        for (source, target) in sources.iter().zip(&targets) {
            rows += count(from, source).await.map_err(reading)?;
            present += count(into, target).await.map_err(writing)?;
        }
        // Now nobody else copies into it, and it is as it was left.
        let resumed = match unfinished(into, self.target).await? {
            Some(found) if found == head => true,
            Some(_) => return Err(CopyError::OtherCopy { database: self.target.to_string() }),
            None if present > 0 => {
                let filled = format!("rows in its tables: {present}");
                return Err(CopyError::NotEmpty { database: self.target.to_string(), found: vec![filled] });
            }
            None => {
                mark(into, head).await.map_err(writing)?;
                false
            }
        };
        progress(Progress::Begun { rows, present });
        unreferenced(into, &made, self.target).await?;
        for (source, target) in sources.iter().zip(&targets) {
            self.table(from, into, source, target, progress).await?;
        }
        referenced(into, &made, self.target).await?;
        let mut tables = Vec::new();
        for (source, target) in sources.iter().zip(&targets) {
            progress(Progress::Verifying { table: &source.name });
            if let Some(column) = &source.automatic {
                let last = last_number(from, source, column).await.map_err(reading)?;
                set_last_number(into, target, column, last).await.map_err(writing)?;
            }
            tables.push(self.compared(from, into, source, target).await?);
        }
        let verified = compare::verify_on(into, self.target, &self.history.snapshot).await?;
        if let Some(difference) = verified.differences.iter().chain(&verified.sequences).next() {
            let reason = format!("it is not as its migrations say afterwards: {difference}");
            return Err(CopyError::NotReady { database: self.target.to_string(), reason });
        }
        unmark(into).await.map_err(writing)?;
        from.rollback().await;
        Ok(Copied { tables, resumed, left: Vec::new() })
    }

    /// Rows that the target does not take: a value that is none there, or anything else.
    fn refused(&self, table: &Layout, error: &sqlx::Error) -> CopyError {
        let message = crate::connection::text(error);
        let is_value = error.as_database_error().and_then(|error| error.code()).is_some_and(|code| {
            // PostgreSQL's classes of data and of constraints; SQLite's constraints.
            code.starts_with("22") || code.starts_with("23") || code.parse().is_ok_and(|code: u32| code & 0xff == 19)
        });
        if is_value {
            return CopyError::Refused { database: self.target.to_string(), table: table.name.clone(), message };
        }
        MigrateError::engine(self.target, "write the rows", error).into()
    }

    /// Copies the rows of a table that the target does not have.
    async fn table(
        &self,
        from: &mut Connection,
        into: &mut Connection,
        source: &Layout,
        target: &Layout,
        progress: &mut (dyn FnMut(Progress<'_>) + Send),
    ) -> Result<(), CopyError> {
        let reading = |error: sqlx::Error| MigrateError::engine(self.source, "read the rows", &error);
        let writing = |error: sqlx::Error| MigrateError::engine(self.target, "write the rows", &error);
        let last = rows(into, target, Part::Last).try_next().await.map_err(writing)?;
        let after = last.map(|row| target.key_of(&row));
        let mut rows = rows(from, source, after.as_deref().map_or(Part::All, Part::After));
        let (mut batch, mut bytes) = (Vec::new(), 0);
        loop {
            let row = rows.try_next().await.map_err(reading)?;
            let is_last = row.is_none();
            if let Some(row) = row {
                bytes += row.iter().map(Cell::size).sum::<usize>();
                batch.push(row);
            }
            if batch.len() >= ROWS || bytes >= BYTES || (is_last && !batch.is_empty()) {
                write(into, target, &batch).await.map_err(|error| self.refused(target, &error))?;
                progress(Progress::Wrote { table: &target.name, rows: batch.len() as u64 });
                batch.clear();
                bytes = 0;
            }
            if is_last {
                return Ok(());
            }
        }
    }

    /// Reads a table from both databases at once. Out: its count and hash, which are the same.
    async fn compared(
        &self,
        from: &mut Connection,
        into: &mut Connection,
        source: &Layout,
        target: &Layout,
    ) -> Result<CopiedTable, CopyError> {
        let reading = |error: sqlx::Error| MigrateError::engine(self.source, "read the rows", &error);
        let writing = |error: sqlx::Error| MigrateError::engine(self.target, "read the rows", &error);
        let encoded = |row: &[Cell]| {
            cell::encoded(source, row).map_err(|column| CopyError::Unreadable { table: source.name.clone(), column })
        };
        let (mut expected, mut found) = (rows(from, source, Part::All), rows(into, target, Part::All));
        let (mut hasher, mut count) = (blake3::Hasher::new(), 0);
        loop {
            let (one, other) =
                match (expected.try_next().await.map_err(reading)?, found.try_next().await.map_err(writing)?) {
                    (None, None) => break,
                    (one, other) => (one, other),
                };
            let bytes = one.as_deref().map(encoded).transpose()?;
            if bytes != other.as_deref().map(encoded).transpose()? {
                let row = one.or(other).unwrap_or_default();
                let key: Vec<String> = source.key_of(&row).iter().map(ToString::to_string).collect();
                let (table, key) = (source.name.clone(), key.join(", "));
                return Err(CopyError::Differs { database: self.target.to_string(), table, key });
            }
            hasher.update(&bytes.unwrap_or_default());
            count += 1;
        }
        Ok(CopiedTable { table: source.name.clone(), rows: count, hash: hasher.finalize().to_hex().to_string() })
    }
}

/// The rows of a table, each as [`Cell`]s in the order of its columns.
fn rows<'c>(connection: &'c mut Connection, table: &'c Layout, part: Part<'_>) -> layout::Rows<'c> {
    match connection {
        Connection::Sqlite(connection) => sqlite::rows(connection, table, part),
        Connection::Postgres(connection) => postgres::rows(connection, table, part),
    }
}

/// Writes rows, all or none.
async fn write(connection: &mut Connection, table: &Layout, batch: &[Vec<Cell>]) -> Result<(), sqlx::Error> {
    match connection {
        Connection::Sqlite(connection) => sqlite::write(connection, table, batch).await,
        Connection::Postgres(connection) => postgres::write(connection, table, batch).await,
    }
}

/// Begins to read what does not change any more.
async fn begin(connection: &mut Connection) -> Result<(), sqlx::Error> {
    match connection {
        Connection::Sqlite(_) => connection.run("BEGIN").await,
        Connection::Postgres(_) => connection.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await,
    }
}

async fn count(connection: &mut Connection, table: &Layout) -> Result<u64, sqlx::Error> {
    let name = dialect::quote(connection.engine(), &table.name);
    Ok(connection.counted(&format!("SELECT count(*), NULL FROM {name}")).await?.0)
}
