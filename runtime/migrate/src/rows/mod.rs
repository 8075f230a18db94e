//! Makes rows for every table of a schema, so that a migration meets rows before anyone's are at stake.
//! In: a connection to a throwaway database that holds the schema. Out: how many rows it took, and notes about tables that
//! take none. The same schema gives the same rows. Absent: realism: a row only has to be one that the engine accepts, at
//! the edges of its types where it can be.

mod draw;
mod hints;
mod insert;
mod order;
mod value;

use std::collections::{BTreeMap, BTreeSet};

use cell_schema::history::GuardSql;
use cell_schema::schema::{Reference, Schema, Table};
use cell_schema::{ddl, dialect};

use crate::connection::{self, Connection};
use draw::{Draw, Flavour};
use hints::Hints;
use insert::{Insert, Source};
use value::Value;

/// Rows for each table and fill: one flavour each, and some more for what is unique.
const ROUNDS: u64 = 5;

/// How often a row is drawn again where the engine refuses it.
const ATTEMPTS: u64 = 600;

/// How far apart the numbers of two fills are, and of two attempts whose values collided.
const STRIDE: u64 = 97;

/// What a fill did.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filled {
    /// Rows that were inserted, by table; every table that was to be filled is there.
    pub(crate) inserted: BTreeMap<String, u64>,
    /// Tables that took no row, and what the engine said.
    pub(crate) notes: Vec<String>,
    /// Tables that took no row for another reason than what binds their rows, and what the engine said.
    pub(crate) broken: Vec<(String, String)>,
}

/// What rows have to fit besides the schema that there is: the migration that comes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Coming<'a> {
    /// Rows that one of these counts are not taken.
    pub(crate) guards: &'a [GuardSql],
    /// The schema after it: the constants in its checks are tried.
    pub(crate) schema: Option<&'a Schema>,
}

/// Inserts rows into the named tables. `fill` numbers the fills of one database, so that their rows differ.
pub(crate) async fn fill(
    connection: &mut Connection,
    schema: &Schema,
    lowered: &ddl::Database,
    tables: &BTreeSet<&str>,
    fill: u64,
    coming: Coming<'_>,
) -> Result<Filled, sqlx::Error> {
    let mut filled = Filled::default();
    let mut refused = BTreeMap::new();
    let order: Vec<&Table> =
        order::order(schema).into_iter().filter(|table| tables.contains(table.name.as_str())).collect();
    let hints: Vec<Hints> =
        order.iter().map(|table| Hints::of(table, coming.schema.and_then(|next| next.table(&table.name)))).collect();
    let mut learned: BTreeMap<&str, Draw> = BTreeMap::new();
    // A statement that SQLite refuses leaves its transaction as it was; PostgreSQL needs one for each.
    let together = matches!(connection, Connection::Sqlite(_));
    if together {
        connection.begin().await?;
    }
    for round in 0..ROUNDS {
        for (table, hints) in order.iter().zip(&hints) {
            if refused.contains_key(&table.name) {
                continue;
            }
            let counts = counts(connection, table).await?;
            let row = Row { schema, table, lowered, hints, counts, guards: coming.guards };
            let number = fill * ROUNDS * STRIDE + round;
            let taken = row.insert(connection, number, Flavour::of(round), learned.get(table.name.as_str())).await?;
            let inserted = filled.inserted.entry(table.name.clone()).or_default();
            match taken {
                Ok(draw) => {
                    *inserted += 1;
                    learned.insert(&table.name, draw);
                }
                Err(refusal) => drop(refused.insert(table.name.clone(), refusal)),
            }
        }
    }
    if together {
        connection.commit().await?;
    }
    for (table, Refusal { message, is_broken }) in refused {
        if is_broken && filled.inserted.get(&table) == Some(&0) {
            filled.broken.push((table.clone(), message.clone()));
        }
        // A table whose unique columns have few values is full after some rows.
        if filled.inserted.get(&table) == Some(&0) {
            let database = &schema.database;
            filled.notes.push(format!("no row was found that `{database}.{table}` takes: {message}"));
        }
    }
    Ok(filled)
}

/// How many rows a table holds.
pub(crate) async fn count(connection: &mut Connection, table: &str) -> Result<u64, sqlx::Error> {
    let name = dialect::quote(connection.engine(), table);
    insert::number(connection, format!("SELECT count(*) FROM {name}")).await
}

/// Takes all rows out of all tables.
pub(crate) async fn clear(connection: &mut Connection, schema: &Schema) -> Result<(), sqlx::Error> {
    let engine = connection.engine();
    let names: Vec<String> = schema.tables.iter().map(|table| dialect::quote(engine, &table.name)).collect();
    if names.is_empty() {
        return Ok(());
    }
    let sql = match connection {
        Connection::Sqlite(_) => {
            let deletes: Vec<String> = names.iter().map(|name| format!("DELETE FROM {name};")).collect();
            format!("PRAGMA foreign_keys = OFF; {} PRAGMA foreign_keys = ON;", deletes.join(" "))
        }
        Connection::Postgres(_) => format!("TRUNCATE {}", names.join(", ")),
    };
    connection.run(&sql).await
}

/// How many rows each table has that `table` refers to.
async fn counts<'t>(connection: &mut Connection, table: &'t Table) -> Result<BTreeMap<&'t str, u64>, sqlx::Error> {
    let mut counts = BTreeMap::new();
    for reference in &table.references {
        counts.insert(reference.table.as_str(), count(connection, &reference.table).await?);
    }
    Ok(counts)
}

/// Why a table took no row: what the engine said to the last.
struct Refusal {
    message: String,
    is_broken: bool,
}

/// Whether the engine refuses a row for something that no other row could avoid.
fn breaks(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(error) = error else { return false };
    matches!(error.kind(), sqlx::error::ErrorKind::Other | sqlx::error::ErrorKind::NotNullViolation)
}

/// A row to be made.
struct Row<'a> {
    schema: &'a Schema,
    table: &'a Table,
    lowered: &'a ddl::Database,
    hints: &'a Hints,
    counts: BTreeMap<&'a str, u64>,
    guards: &'a [GuardSql],
}

impl Row<'_> {
    /// Draws rows until the engine takes one, beginning with what it took last where a check refuses the first.
    /// The inner error is what it said to the last.
    async fn insert(
        &self,
        connection: &mut Connection,
        number: u64,
        flavour: Flavour,
        learned: Option<&Draw>,
    ) -> Result<Result<Draw, Refusal>, sqlx::Error> {
        let mut draw = Draw { number, seed: number, flavour, again: BTreeMap::new() };
        let (mut message, mut is_broken) = (String::new(), false);
        for attempt in 1..=ATTEMPTS {
            let Some(row) = self.row(&draw) else {
                let message = "it refers to itself or to tables without rows, and may not be null there".to_owned();
                return Ok(Err(Refusal { message, is_broken: false }));
            };
            let guarded = match self.take(connection, &row).await {
                Ok(None) => return Ok(Ok(draw)),
                Ok(Some(guard)) => {
                    message = format!("the next migration would refuse it: {} of {}", guard.hazard, guard.object);
                    Some(self.about(guard))
                }
                Err(error @ sqlx::Error::Database(_)) => {
                    message = connection::text(&error);
                    is_broken = breaks(&error);
                    None
                }
                Err(error) => return Err(error),
            };
            let blamed = guarded.as_ref().or_else(|| self.hints.blamed(&message));
            if let (1, Some(_), Some(learned)) = (attempt, blamed, learned) {
                draw = Draw { number, flavour, ..learned.clone() };
                continue;
            }
            match blamed {
                // The columns of the check that failed are drawn again, from the constants in it.
                Some(columns) => draw.again.extend(columns.iter().map(|column| (column.clone(), attempt))),
                None => {
                    draw.flavour = Flavour::Plain;
                    draw.number += STRIDE;
                    // Another number makes another text, but no other constant: now and then what is unique is chosen anew.
                    if attempt % 2 == 0 {
                        let chosen = draw.again.iter_mut().filter(|(column, _)| self.is_unique(column));
                        chosen.for_each(|(_, after)| *after = attempt);
                    }
                }
            }
        }
        Ok(Err(Refusal { message, is_broken }))
    }

    /// Inserts a row, and takes it back where a guard counts it. Out: that guard.
    async fn take(&self, connection: &mut Connection, row: &Insert<'_>) -> Result<Option<&GuardSql>, sqlx::Error> {
        if self.guards.is_empty() {
            return insert::insert(connection, row).await.map(|()| None);
        }
        // SQLite's rows are all inserted in one transaction; PostgreSQL's each in its own.
        let (begin, keep, undo) = match connection {
            Connection::Sqlite(_) => {
                ("SAVEPOINT cell_row", "RELEASE cell_row", "ROLLBACK TO cell_row; RELEASE cell_row")
            }
            Connection::Postgres(_) => ("BEGIN", "COMMIT", "ROLLBACK"),
        };
        connection.run(begin).await?;
        let mut refused = insert::insert(connection, row).await.map(|()| None);
        for guard in self.guards {
            if !matches!(refused, Ok(None)) {
                break;
            }
            refused = connection.counted(&guard.sql).await.map(|(count, _)| (count > 0).then_some(guard));
        }
        connection.run(if matches!(refused, Ok(None)) { keep } else { undo }).await?;
        refused
    }

    /// The columns of this table that a guard is about.
    fn about(&self, guard: &GuardSql) -> BTreeSet<String> {
        let columns = self.table.columns.iter().filter(|column| guard.sql.contains(&format!("\"{}\"", column.name)));
        let all: BTreeSet<String> = columns.map(|column| column.name.clone()).collect();
        let key = |column: &String| self.table.key.contains(column);
        // A key is the last to be at fault.
        let others: BTreeSet<String> = all.iter().filter(|column| !key(column)).cloned().collect();
        if others.is_empty() { all } else { others }
    }

    fn is_unique(&self, column: &String) -> bool {
        let mut sets = self.table.uniques.iter().map(|unique| &unique.columns).chain([&self.table.key]);
        sets.any(|columns| columns.contains(column))
    }

    fn row(&self, draw: &Draw) -> Option<Insert<'_>> {
        let mut sources = BTreeMap::new();
        // The widest first: a narrower one over some of its columns usually follows from it.
        let mut references: Vec<&Reference> = self.table.references.iter().collect();
        references.sort_by_key(|reference| std::cmp::Reverse(reference.columns.len()));
        for reference in references {
            self.refer(reference, draw, &mut sources)?;
        }
        for column in &self.table.columns {
            let skipped = column.automatic || column.generated.is_some();
            if skipped || sources.contains_key(column.name.as_str()) {
                continue;
            }
            if let Some(value) = draw.value(&self.table.name, column, self.hints) {
                sources.insert(column.name.as_str(), Source::Value(value));
            }
        }
        let lowered = self.lowered.tables.iter().find(|table| table.name == self.table.name)?;
        Some(Insert { table: lowered, sources })
    }

    /// Says where the columns of a reference come from; `None` where there is nothing that they could refer to.
    fn refer<'s>(
        &'s self,
        reference: &'s Reference,
        draw: &Draw,
        sources: &mut BTreeMap<&'s str, Source<'s>>,
    ) -> Option<()> {
        let nullable = |name: &String| self.table.column(name).is_some_and(|column| column.nullable);
        let count = self.counts.get(reference.table.as_str()).copied().unwrap_or_default();
        let empty = count == 0;
        if reference.columns.iter().any(nullable) && (empty || draw.flavour == Flavour::Sparse) {
            for column in reference.columns.iter().filter(|column| nullable(column)) {
                sources.insert(column, Source::Value(Value::Null));
            }
            return Some(());
        }
        if empty && reference.table == self.table.name {
            // The first row of a table can only refer to itself.
            for (column, target) in reference.columns.iter().zip(&reference.target) {
                let own = self.table.column(target)?;
                let value = match own.automatic {
                    true => Value::Integer(i64::try_from(draw.number).ok()? + 1),
                    false => draw.value(&self.table.name, own, self.hints)?,
                };
                sources.insert(target, Source::Value(value.clone()));
                sources.insert(column, Source::Value(value));
            }
            return Some(());
        }
        if empty {
            return None;
        }
        let target = self.schema.table(&reference.table)?;
        for (column, from) in reference.columns.iter().zip(&reference.target) {
            let source = Source::Row { table: &target.name, column: from, key: &target.key, at: draw.number % count };
            sources.entry(column).or_insert(source);
        }
        Some(())
    }
}
