//! Rehearses a history on a throwaway database with rows in every table, before it may touch anyone's.
//! In: an engine, a history. Out: a [`Report`], or the migration, the step and what the engine said.
//! Absent: keeping anything of it.

use std::collections::{BTreeMap, BTreeSet};

use cell_schema::Engine;
use cell_schema::dialect;
use cell_schema::history::{History, Migration};
use cell_schema::schema::Schema;
use serde::Serialize;

use crate::apply::{Options, apply};
use crate::compare::{self, Difference, Texts, compare};
use crate::connection::{Access, Connection};
use crate::throwaway::{Cluster, ThrowawayError, sqlite};
use crate::{MigrateError, Target, rows};

/// What a rehearsal did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The engine's name.
    pub engine: &'static str,
    /// How many migrations ran.
    pub migrations: usize,
    /// How many tables the last one leaves.
    pub tables: usize,
    /// How many rows were in them at the end.
    pub rows: u64,
    /// What could not be tried, by name.
    pub notes: Vec<String>,
}

/// Why a history does not stand the rehearsal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RehearseError {
    /// There is no engine to rehearse on.
    #[error(transparent)]
    Throwaway(#[from] ThrowawayError),
    /// A migration failed.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// Rows went missing.
    #[error("the migration `{migration}` took {} rows from `{table}`: {before} were there, {after} remain", before - after)]
    RowsLost {
        /// The migration's name.
        migration: String,
        /// The table.
        table: String,
        /// Rows before it.
        before: u64,
        /// Rows after it.
        after: u64,
    },
    /// What the engine holds at the end is not the model.
    #[error("the migrations lead to another schema than the model says:\n{}", listed(_0))]
    Differs(Vec<Difference>),
}

impl RehearseError {
    /// The diagnostic's code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Throwaway(error) => error.code(),
            Self::Migrate(error) => error.code(),
            Self::RowsLost { .. } => "rehearsal-rows",
            Self::Differs(_) => "rehearsal-differs",
        }
    }

    /// What to do about it, where this can be said.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Throwaway(error) => error.help(),
            Self::Migrate(error) => error.help(),
            Self::RowsLost { .. } => Some("change the migration so that it keeps every row".to_owned()),
            Self::Differs(_) => {
                Some("if the migration's SQL was changed by hand, make it lead to the model's schema".to_owned())
            }
        }
    }
}

fn listed(differences: &[Difference]) -> String {
    let lines: Vec<String> = differences.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// Rehearses on a throwaway database of the engine.
///
/// # Errors
/// There is no engine, or the history does not stand the rehearsal.
pub async fn rehearse(engine: Engine, history: &History) -> Result<Report, RehearseError> {
    match engine {
        Engine::Sqlite => {
            let file = sqlite()?;
            rehearse_on(&Target::new(file.url())?, history).await
        }
        Engine::Postgres => {
            let url = Cluster::shared().await?.create_database("rehearsal").await?;
            rehearse_on(&Target::new(url)?, history).await
        }
    }
}

/// Rehearses on this database, which is empty and is not needed afterwards.
///
/// # Errors
/// The history does not stand the rehearsal.
pub async fn rehearse_on(target: &Target, history: &History) -> Result<Report, RehearseError> {
    let mut schema = Schema { database: history.snapshot.database.clone(), ..Schema::default() };
    let mut notes = BTreeSet::new();
    let mut counts = BTreeMap::new();
    for (fill, migration) in history.migrations.iter().enumerate() {
        let mut next = schema.clone();
        for change in &migration.changes {
            next.apply(change).map_err(|_| MigrateError::Journal { target: target.to_string() })?;
        }
        let so_far = history.migrations.iter().take(fill + 1).cloned().collect();
        let so_far =
            History { snapshot: next.clone(), migrations: so_far, sealed: history.sealed.min(migration.number) };
        apply(target, &so_far, &Options::default()).await?;

        let mut connection = Connection::open(target, Access::Existing).await?;
        survived(&mut connection, target, migration, &next, &counts).await?;
        // Rows that are there have been migrated; only what is new or changed needs others. The last fill tries all.
        let last = fill + 1 == history.migrations.len();
        let changed = |table: &&cell_schema::schema::Table| schema.table(&table.name) != Some(table);
        let tables = next.tables.iter().filter(|table| last || changed(table));
        let tables: BTreeSet<&str> = tables.map(|table| table.name.as_str()).collect();
        let lowered = dialect::lower(target.engine(), &next).map_err(MigrateError::Schema)?;
        let failed = |error: sqlx::Error| MigrateError::engine(target, "insert rows", &error);
        let filled = rows::fill(&mut connection, &next, &lowered, &tables, fill as u64).await.map_err(failed)?;
        notes.extend(filled.notes);
        counts = count(&mut connection, target, &next).await?;
        connection.close().await;
        schema = next;
    }
    differs(target, &schema, history).await?;
    Ok(Report {
        engine: target.engine().name(),
        migrations: history.migrations.len(),
        tables: schema.tables.len(),
        rows: counts.values().sum(),
        notes: notes.into_iter().collect(),
    })
}

/// Counts again what was counted before the migration, in every table that it keeps.
async fn survived(
    connection: &mut Connection,
    target: &Target,
    migration: &Migration,
    next: &Schema,
    before: &BTreeMap<String, u64>,
) -> Result<(), RehearseError> {
    let failed = |error: sqlx::Error| MigrateError::engine(target, "count the rows", &error);
    for (table, before) in before.iter().filter(|(table, _)| next.table(table).is_some()) {
        let after = rows::count(connection, table).await.map_err(failed)?;
        if after < *before {
            let table = format!("{}.{table}", next.database);
            let (migration, before) = (migration.name.clone(), *before);
            return Err(RehearseError::RowsLost { migration, table, before, after });
        }
    }
    Ok(())
}

async fn count(
    connection: &mut Connection,
    target: &Target,
    schema: &Schema,
) -> Result<BTreeMap<String, u64>, MigrateError> {
    let mut counts = BTreeMap::new();
    for table in &schema.tables {
        let failed = |error: sqlx::Error| MigrateError::engine(target, "count the rows", &error);
        counts.insert(table.name.clone(), rows::count(connection, &table.name).await.map_err(failed)?);
    }
    Ok(counts)
}

/// Compares what the migrations made with the model: as the engine holds a fresh copy of it, and as the dialect lowers it.
async fn differs(target: &Target, schema: &Schema, history: &History) -> Result<(), RehearseError> {
    let verified = compare::verify(target, &history.snapshot).await?;
    let mut differences = verified.differences;
    let mut connection = Connection::open(target, Access::Existing).await?;
    let fresh = compare::fresh(&mut connection, target, &history.snapshot).await;
    connection.close().await;
    let lowered = dialect::lower(target.engine(), &history.snapshot).map_err(MigrateError::Schema)?;
    differences.extend(compare(&schema.database, &lowered, &fresh?.database, Texts::Ignored));
    if differences.is_empty() { Ok(()) } else { Err(RehearseError::Differs(differences)) }
}
