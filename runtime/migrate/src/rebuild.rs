//! The care around a step that copies tables on SQLite. In: a connection, what is known of the tables. Out: a transaction that ends
//! only where every table has the rows it had, no reference points at nothing that did not before, and what stood on the tables
//! and is not the model's (triggers, views, indexes) is there and works.
//!
//! `PRAGMA foreign_keys` does nothing inside a transaction, so it is turned off before: a dropped table would otherwise take
//! with it the rows that refer to it. Absent: the statements, which are the step's own.

use std::collections::{BTreeMap, BTreeSet};

use cell_schema::schema::Schema;
use cell_schema::{Engine, dialect};

use crate::connection::Connection;

/// Before the transaction. With `legacy_alter_table`, a rename touches nothing but the table: views and references go on naming
/// what they name.
pub(crate) const CARE: [&str; 2] = ["PRAGMA foreign_keys = OFF", "PRAGMA legacy_alter_table = ON"];

/// Behind it.
pub(crate) const NO_CARE: [&str; 2] = ["PRAGMA legacy_alter_table = OFF", "PRAGMA foreign_keys = ON"];

/// Why a rebuild does not end.
pub(crate) enum Failed {
    /// The engine refused something.
    Engine(sqlx::Error),
    /// Something would be lost: what, in words.
    Lost(String),
}

impl From<sqlx::Error> for Failed {
    fn from(error: sqlx::Error) -> Self {
        Self::Engine(error)
    }
}

/// What was there before.
pub(crate) struct Care {
    /// From the tables' names before to their names after; a table that is not the model's keeps its own.
    tables: BTreeMap<String, String>,
    counts: BTreeMap<String, u64>,
    dangling: usize,
    /// Those that are not the model's.
    indexes: Vec<Object>,
    triggers: Vec<Object>,
    /// The views that can be read.
    views: Vec<String>,
    /// The tables whose triggers compile.
    compiling: Vec<String>,
}

impl Care {
    /// A table that is dropped with its rows, which another has.
    pub(crate) fn let_go(&mut self, table: &str) {
        self.tables.remove(table);
    }
}

/// An index or a trigger.
struct Object {
    name: String,
    table: String,
    sql: String,
}

const TABLES: &str =
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND substr(name, 1, 7) <> 'sqlite_' ORDER BY name";

/// Turns references off and begins.
pub(crate) async fn begin(
    connection: &mut Connection,
    previous: &Schema,
    tables: &BTreeMap<String, String>,
) -> Result<Care, sqlx::Error> {
    connection.run(&CARE.join("; ")).await?;
    connection.begin().await?;
    let modelled: BTreeSet<&str> =
        previous.tables.iter().flat_map(|table| &table.indexes).map(|index| index.name.as_str()).collect();
    let known: BTreeSet<&str> = previous.tables.iter().map(|table| table.name.as_str()).collect();
    let mut care = Care {
        tables: tables.clone(),
        counts: BTreeMap::new(),
        dangling: dangling(connection).await?,
        indexes: objects(connection, "index").await?,
        triggers: objects(connection, "trigger").await?,
        views: Vec::new(),
        compiling: Vec::new(),
    };
    care.indexes.retain(|index| !modelled.contains(index.name.as_str()));
    // Those of the feed are made anew with the copy.
    let is_of_feed = |trigger: &Object| dialect::feed_triggers(Engine::Sqlite, &trigger.table).contains(&trigger.name);
    care.triggers.retain(|trigger| !is_of_feed(trigger));
    for table in names(connection, TABLES).await? {
        let count = count(connection, &table).await?;
        care.counts.insert(table.clone(), count);
        if !known.contains(table.as_str()) {
            care.tables.insert(table.clone(), table);
        }
    }
    let views = "SELECT name FROM sqlite_schema WHERE type = 'view' ORDER BY name";
    for view in names(connection, views).await? {
        if reads(connection, &view).await {
            care.views.push(view);
        }
    }
    let on: BTreeSet<String> = care.triggers.iter().map(|trigger| trigger.table.clone()).collect();
    for table in on {
        if compiles(connection, &table).await {
            care.compiling.push(table);
        }
    }
    Ok(care)
}

/// Puts back what stood on the tables, and looks whether everything is as it was. The transaction is still open.
pub(crate) async fn check(connection: &mut Connection, care: &Care) -> Result<(), Failed> {
    let there = names(connection, TABLES).await?;
    for (kind, objects) in [("index", &care.indexes), ("trigger", &care.triggers)] {
        let left: BTreeSet<String> =
            self::objects(connection, kind).await?.into_iter().map(|object| object.name).collect();
        for object in objects.iter().filter(|object| !left.contains(&object.name)) {
            let after = care.tables.get(&object.table);
            match after {
                // It goes with its table.
                None => {}
                Some(after) if *after == object.table && there.contains(after) => {
                    connection.run(&object.sql).await.map_err(|error| {
                        let message = crate::connection::text(&error);
                        Failed::Lost(format!("the {kind} `{}` does not fit the new `{after}`: {message}", object.name))
                    })?;
                }
                Some(after) => {
                    let (name, table) = (&object.name, &object.table);
                    let lost = format!(
                        "the {kind} `{name}` stands on `{table}`, which becomes `{after}`: drop it before, and make it again"
                    );
                    return Err(Failed::Lost(lost));
                }
            }
        }
    }
    for (table, before) in &care.counts {
        let Some(name) = care.tables.get(table) else { continue };
        let after = count(connection, name).await?;
        if after != *before && !is_journal(table) {
            return Err(Failed::Lost(format!("`{name}` had {before} rows and would have {after}")));
        }
    }
    let dangling = dangling(connection).await?;
    if dangling > care.dangling {
        let more = dangling - care.dangling;
        return Err(Failed::Lost(format!("{more} more references would point at nothing")));
    }
    for view in &care.views {
        if !reads(connection, view).await {
            return Err(Failed::Lost(format!(
                "the view `{view}` could no longer be read: drop it before, and make it again"
            )));
        }
    }
    for table in &care.compiling {
        let Some(after) = care.tables.get(table) else { continue };
        if !compiles(connection, after).await {
            let lost = format!("a trigger on `{table}` would no longer work: drop it before, and make it again");
            return Err(Failed::Lost(lost));
        }
    }
    Ok(())
}

/// Turns references on again; outside of any transaction.
pub(crate) async fn end(connection: &mut Connection) -> Result<(), sqlx::Error> {
    connection.run(&NO_CARE.join("; ")).await
}

fn is_journal(table: &str) -> bool {
    table.starts_with("cell_")
}

fn quote(name: &str) -> String {
    dialect::quote(Engine::Sqlite, name)
}

async fn count(connection: &mut Connection, table: &str) -> Result<u64, sqlx::Error> {
    let sql = format!("SELECT count(*), NULL FROM {}", quote(table));
    connection.counted(&sql).await.map(|(count, _)| count)
}

async fn names(connection: &mut Connection, sql: &'static str) -> Result<Vec<String>, sqlx::Error> {
    Ok(connection.texts(sql, &[]).await?.into_iter().flatten().flatten().collect())
}

async fn objects(connection: &mut Connection, kind: &str) -> Result<Vec<Object>, sqlx::Error> {
    let sql = "SELECT name, tbl_name, sql FROM sqlite_schema WHERE type = $1 AND sql IS NOT NULL ORDER BY rowid";
    let rows = connection.texts(sql, &[kind]).await?.into_iter();
    let object = |row: Vec<Option<String>>| {
        let [name, table, sql] = <[_; 3]>::try_from(row).ok()?;
        Some(Object { name: name?, table: table?, sql: sql? })
    };
    Ok(rows.filter_map(object).collect())
}

async fn dangling(connection: &mut Connection) -> Result<usize, sqlx::Error> {
    let rows = connection.texts("SELECT \"table\" FROM pragma_foreign_key_check", &[]).await;
    match rows {
        Ok(rows) => Ok(rows.len()),
        // A reference that was declared to what is no key: nothing can be said of it.
        Err(sqlx::Error::Database(_)) => Ok(0),
        Err(error) => Err(error),
    }
}

async fn reads(connection: &mut Connection, view: &str) -> bool {
    connection.run(&format!("SELECT 1 FROM {} LIMIT 0", quote(view))).await.is_ok()
}

/// Whether the triggers on a table compile: they are when a statement on it is.
async fn compiles(connection: &mut Connection, table: &str) -> bool {
    let name = quote(table);
    let columns = "SELECT name FROM pragma_table_info($1) ORDER BY cid LIMIT 1";
    let Ok(rows) = connection.texts(columns, &[table]).await else { return false };
    let Some(column) = rows.into_iter().flatten().flatten().next().map(|column| quote(&column)) else { return false };
    let update = format!("EXPLAIN UPDATE {name} SET {column} = {column}");
    for sql in [update, format!("EXPLAIN DELETE FROM {name}"), format!("EXPLAIN INSERT INTO {name} DEFAULT VALUES")] {
        if connection.run(&sql).await.is_err() {
            return false;
        }
    }
    true
}
