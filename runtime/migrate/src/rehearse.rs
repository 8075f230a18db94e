//! Rehearses a history on a throwaway database with rows in every table, before it may touch anyone's.
//! In: an engine, a history. Out: a [`Report`], or the migration, the step and what the engine said.
//! Absent: keeping anything of it.

use std::collections::{BTreeMap, BTreeSet};

use cell_schema::ddl::Database;
use cell_schema::history::{self, GuardSql, History, Migration};
use cell_schema::plan::{self, Indexes, Kept, Phase};
use cell_schema::schema::Schema;
use cell_schema::{Engine, dialect};
use serde::Serialize;

use crate::apply::{Options, When, apply};
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
    /// Rows went missing, or came from nowhere.
    #[error("the migration `{migration}` left {after} rows in `{table}`, where {before} were")]
    RowCount {
        /// The migration's name.
        migration: String,
        /// The table.
        table: String,
        /// Rows before it.
        before: u64,
        /// Rows after it.
        after: u64,
    },
    /// Rows hold other values than they should.
    #[error("the migration `{migration}` changed a row of `{table}`: it should hold ({expected}), and holds ({found})")]
    RowsChanged {
        /// The migration's name.
        migration: String,
        /// The table.
        table: String,
        /// The row as it should be.
        expected: String,
        /// The row as it is.
        found: String,
    },
    /// Between the phases, the release before can no longer write.
    #[error("while the second phase of `{migration}` waits, the release before can add no row to `{table}`: {message}")]
    EarlierStopped {
        /// The migration's name.
        migration: String,
        /// The table, by the name that the release before knows.
        table: String,
        /// What the engine said.
        message: String,
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
            Self::RowCount { .. } | Self::RowsChanged { .. } | Self::EarlierStopped { .. } => "rehearsal-rows",
            Self::Differs(_) => "rehearsal-differs",
        }
    }

    /// What to do about it, where this can be said.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Throwaway(error) => error.help(),
            Self::Migrate(error) => error.help(),
            Self::RowCount { .. } | Self::RowsChanged { .. } | Self::EarlierStopped { .. } => {
                Some("change the migration so that it keeps every row".to_owned())
            }
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
    let mut rehearsal = Rehearsal {
        target,
        history,
        schema: Schema { database: history.snapshot.database.clone(), ..Schema::default() },
        notes: BTreeSet::new(),
        fills: 0,
    };
    for at in 0..history.migrations.len() {
        rehearsal.migrate(at).await?;
    }
    let Rehearsal { schema, notes, .. } = rehearsal;
    differs(target, &schema, history).await?;
    let mut rows = 0;
    let mut connection = Connection::open(target, Access::Existing).await?;
    for table in &schema.tables {
        let counted = rows::count(&mut connection, &table.name).await;
        rows += counted.map_err(|error| MigrateError::engine(target, "count the rows", &error))?;
    }
    connection.close().await;
    Ok(Report {
        engine: target.engine().name(),
        migrations: history.migrations.len(),
        tables: schema.tables.len(),
        rows,
        notes: notes.into_iter().collect(),
    })
}

/// A rehearsal under way.
struct Rehearsal<'a> {
    target: &'a Target,
    history: &'a History,
    /// What the database holds.
    schema: Schema,
    notes: BTreeSet<String>,
    fills: u64,
}

impl Rehearsal<'_> {
    /// Applies a migration to rows that it has to keep, and then makes rows for the next one.
    async fn migrate(&mut self, at: usize) -> Result<(), RehearseError> {
        let Some(migration) = self.history.migrations.get(at) else { return Ok(()) };
        let target = self.target;
        let next = plan::replay(&self.schema, &migration.changes).map_err(MigrateError::Schema)?;
        let kept = plan::kept(target.engine(), &self.schema, &migration.changes).map_err(MigrateError::Schema)?;
        let lowered = dialect::lower(target.engine(), &next).map_err(MigrateError::Schema)?;
        let mut before = BTreeMap::new();
        if let Ok(mut connection) = Connection::open(target, Access::Existing).await {
            before = self.expected(&mut connection, &lowered, &kept).await?;
            connection.close().await;
        }

        let is_by_hand = migration.script(target.engine(), Phase::Data).is_some();
        let so_far = self.history.migrations.iter().take(at + 1).cloned().collect();
        let sealed = self.history.sealed.min(migration.number);
        let so_far = History { snapshot: next.clone(), migrations: so_far, sealed };
        if migration.has_contract() {
            self.divided(&so_far, migration).await?;
            // SQL by hand changes what it is meant to change, and an earlier release that is interrupted may find anything.
            if !is_by_hand && migration.interrupts().is_empty() {
                before = self.beside(migration, &next, &lowered, &kept, before).await?;
            }
        }
        apply(target, &so_far, &Options::default()).await?;

        let mut connection = Connection::open(target, Access::Existing).await?;
        for table in kept.iter().filter(|_| !is_by_hand) {
            let query = everything(target.engine(), table);
            let after = self.rows(&mut connection, &lowered, table, &query).await?;
            survived(migration, &next, &table.table, before.remove(&table.table).unwrap_or_default(), after)?;
        }
        let coming = self.history.migrations.get(at + 1);
        self.fill(&mut connection, &next, &lowered, coming).await?;
        connection.close().await;
        self.schema = next;
        Ok(())
    }

    /// Applies the first phase of a migration alone, and looks at what both releases then have.
    async fn divided(&self, so_far: &History, migration: &Migration) -> Result<(), RehearseError> {
        let target = self.target;
        let options = Options { contracts: When::Later, ..Options::default() };
        apply(target, so_far, &options).await?;
        let between = plan::replay(&self.schema, migration.expand()).map_err(MigrateError::Schema)?;
        let differences = compare::verify(target, &between).await?.differences;
        if differences.is_empty() { Ok(()) } else { Err(RehearseError::Differs(differences)) }
    }

    /// What rows should hold after a migration, by table and by the names before it.
    async fn expected(
        &self,
        connection: &mut Connection,
        lowered: &Database,
        kept: &[Kept],
    ) -> Result<BTreeMap<String, Vec<String>>, MigrateError> {
        let mut expected = BTreeMap::new();
        for table in kept {
            expected.insert(table.table.clone(), self.rows(connection, lowered, table, &table.query).await?);
        }
        Ok(expected)
    }

    /// Sees that the release before finds its rows between the phases, and writes some as it does. Out: what rows should hold in
    /// the end, with these.
    async fn beside(
        &mut self,
        migration: &Migration,
        next: &Schema,
        lowered: &Database,
        kept: &[Kept],
        before: BTreeMap<String, Vec<String>>,
    ) -> Result<BTreeMap<String, Vec<String>>, RehearseError> {
        let target = self.target;
        let mut connection = Connection::open(target, Access::Existing).await?;
        let mut found = self.expected(&mut connection, lowered, kept).await?;
        for (table, before) in before {
            survived(migration, next, &table, before, found.remove(&table).unwrap_or_default())?;
        }
        let script = migration.script(target.engine(), Phase::Contract);
        let guards = script.into_iter().flat_map(|script| &script.guards).filter(|guard| guard.refuses).cloned();
        let guards: Vec<GuardSql> = guards.collect();
        let earlier = dialect::lower(target.engine(), &self.schema).map_err(MigrateError::Schema)?;
        let tables = self.schema.tables.iter().map(|table| table.name.as_str()).collect();
        let coming = rows::Coming { guards: &guards, schema: Some(next) };
        let filled = rows::fill(&mut connection, &self.schema, &earlier, &tables, self.fills, coming).await;
        let filled = filled.map_err(|error| MigrateError::engine(target, "insert rows", &error))?;
        self.fills += 1;
        if let Some((table, message)) = filled.broken.into_iter().next() {
            let table = format!("{}.{table}", next.database);
            return Err(RehearseError::EarlierStopped { migration: migration.name.clone(), table, message });
        }
        let expected = self.expected(&mut connection, lowered, kept).await?;
        connection.close().await;
        Ok(expected)
    }

    /// Makes rows. Rows that are there have been migrated; only what is new or changed needs others. The last fill tries all.
    async fn fill(
        &mut self,
        connection: &mut Connection,
        next: &Schema,
        lowered: &Database,
        coming: Option<&Migration>,
    ) -> Result<(), RehearseError> {
        let target = self.target;
        let failed = |error: sqlx::Error| MigrateError::engine(target, "insert rows", &error);
        let changed = |table: &&cell_schema::schema::Table| self.schema.table(&table.name) != Some(table);
        let mut tables: BTreeSet<&str> = next
            .tables
            .iter()
            .filter(|table| coming.is_none() || changed(table))
            .map(|table| table.name.as_str())
            .collect();
        // Asked over the tables as they are now, whichever phase of the migration they guard.
        let guards: Vec<GuardSql> = match coming {
            Some(migration) => {
                let program = plan::program(target.engine(), next, &migration.changes, Indexes::InTransactions);
                let parts = history::parts(target.engine(), &program.map_err(MigrateError::Schema)?);
                parts.guards.into_iter().filter(|guard| guard.refuses).collect()
            }
            None => Vec::new(),
        };
        let after = match coming {
            Some(migration) => Some(plan::replay(next, &migration.changes).map_err(MigrateError::Schema)?),
            None => None,
        };
        // Rows that the next migration refuses make room for others: that it refuses them is not what is rehearsed.
        for guard in &guards {
            let counted = connection.counted(&guard.sql).await.map(|(count, _)| count);
            if counted.map_or(true, |count| count > 0) {
                rows::clear(connection, next).await.map_err(failed)?;
                tables = next.tables.iter().map(|table| table.name.as_str()).collect();
                break;
            }
        }
        let coming = rows::Coming { guards: &guards, schema: after.as_ref() };
        let filled = rows::fill(connection, next, lowered, &tables, self.fills, coming).await.map_err(failed)?;
        self.fills += 1;
        self.notes.extend(filled.notes);
        Ok(())
    }

    /// The rows of a query, each as a text, in order. Each value has the type of its column.
    async fn rows(
        &self,
        connection: &mut Connection,
        lowered: &Database,
        kept: &Kept,
        query: &str,
    ) -> Result<Vec<String>, MigrateError> {
        let engine = self.target.engine();
        let table = lowered.tables.iter().find(|table| table.name == kept.table);
        let ty = |column: &String| {
            let column = table.and_then(|table| table.columns.iter().find(|other| other.name == *column));
            column.map_or("text", |column| column.ty.as_str())
        };
        let values: Vec<String> = kept
            .columns
            .iter()
            .map(|column| {
                let value = format!("CAST({} AS {})", dialect::quote(engine, column), ty(column));
                match engine {
                    Engine::Sqlite => format!("quote({value})"),
                    Engine::Postgres => format!("coalesce(quote_literal(CAST({value} AS text)), 'NULL')"),
                }
            })
            .collect();
        let row = if values.is_empty() { "''".to_owned() } else { values.join(" || ', ' || ") };
        let rows = connection.listed(&format!("SELECT {row} FROM ({query}) AS kept")).await;
        let mut rows = rows.map_err(|error| MigrateError::engine(self.target, "read the rows", &error))?;
        rows.sort();
        Ok(rows)
    }
}

/// The same columns of the table as it is after the migration.
fn everything(engine: Engine, kept: &Kept) -> String {
    let columns: Vec<String> = kept.columns.iter().map(|column| dialect::quote(engine, column)).collect();
    let columns = if columns.is_empty() { "1 AS nothing".to_owned() } else { columns.join(", ") };
    format!("SELECT {columns} FROM {}", dialect::quote(engine, &kept.table))
}

/// Compares the rows that a migration had to keep with those that there are.
fn survived(
    migration: &Migration,
    next: &Schema,
    table: &str,
    before: Vec<String>,
    after: Vec<String>,
) -> Result<(), RehearseError> {
    let name = || format!("{}.{table}", next.database);
    if after.len() != before.len() {
        let (before, after) = (before.len() as u64, after.len() as u64);
        return Err(RehearseError::RowCount { migration: migration.name.clone(), table: name(), before, after });
    }
    match before.iter().zip(&after).find(|(before, after)| before != after) {
        None => Ok(()),
        Some((expected, found)) => Err(RehearseError::RowsChanged {
            migration: migration.name.clone(),
            table: name(),
            expected: expected.clone(),
            found: found.clone(),
        }),
    }
}

/// Compares what the migrations made with the model: as the engine holds a fresh copy of it, and as the dialect lowers it.
async fn differs(target: &Target, schema: &Schema, history: &History) -> Result<(), RehearseError> {
    let verified = compare::verify(target, &history.snapshot).await?;
    let mut differences = verified.differences;
    differences.extend(verified.sequences);
    // Nobody else has made anything here: a table that is beside the model was left behind.
    let left = verified.unmodelled.into_iter().filter(|object| object.starts_with("table "));
    differences.extend(left.map(|object| Difference { object, expected: None, found: Some("a table".to_owned()) }));
    let mut connection = Connection::open(target, Access::Existing).await?;
    let fresh = compare::fresh(&mut connection, target, &history.snapshot).await;
    connection.close().await;
    let lowered = dialect::lower(target.engine(), &history.snapshot).map_err(MigrateError::Schema)?;
    differences.extend(compare(&schema.database, &lowered, &fresh?.database, Texts::Ignored));
    if differences.is_empty() { Ok(()) } else { Err(RehearseError::Differs(differences)) }
}
