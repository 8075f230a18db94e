//! Compares what an engine holds with what the model says. In: two [`ddl::Database`]s. Out: a list of [`Difference`]s.
//! Expressions and defaults are compared after the engine itself has read and printed both: the model is made afresh in a
//! scratch place. Absent: the order of columns, which depends on when each was added.

use std::collections::BTreeMap;
use std::fmt;

use cell_schema::ddl::{Column, Database, ForeignKey, Index, Table};
use cell_schema::hints::Hints;
use cell_schema::plan::Indexes;
use cell_schema::schema::{Action, Schema};
use cell_schema::{Refusal, dialect, plan};
use serde::Serialize;

use crate::connection::{Access, Connection};
use crate::introspect::{self, Found};
use crate::{MigrateError, Target, Url, sequences};

/// An object that is not as the model says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Its name: `shop.products.price`.
    pub object: String,
    /// What the model says, in words; `None` where it knows no such object.
    pub expected: Option<String>,
    /// What the engine holds; `None` where it holds no such object.
    pub found: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.object)?;
        if let Some(expected) = &self.expected {
            write!(f, "\n  - {expected}")?;
        }
        if let Some(found) = &self.found {
            write!(f, "\n  + {found}")?;
        }
        Ok(())
    }
}

/// How a database differs from the model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Parts of the schema, ordered by object.
    pub differences: Vec<Difference>,
    /// Numbered columns whose next number a row may have, ordered by object. Only PostgreSQL can be told to count from elsewhere.
    pub sequences: Vec<Difference>,
    /// What is in the database beside the model, and is none of its business: views, triggers, functions.
    pub unmodelled: Vec<String>,
}

/// Whether expressions take part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Texts {
    Compared,
    Ignored,
}

/// Compares a database with the schema that it should have.
///
/// # Errors
/// The database does not answer; the engine cannot hold the schema.
pub async fn verify(target: &Target, schema: &Schema) -> Result<Verified, MigrateError> {
    let mut connection = Connection::open(target, Access::Existing).await?;
    let verified = verify_on(&mut connection, target, schema).await;
    connection.close().await;
    verified
}

/// The same, on a connection that is open.
pub(crate) async fn verify_on(
    connection: &mut Connection,
    target: &Target,
    schema: &Schema,
) -> Result<Verified, MigrateError> {
    let failed = |error: sqlx::Error| MigrateError::engine(target, "read the tables", &error);
    let found = introspect::read(connection).await.map_err(failed)?;
    let fresh = fresh(connection, target, schema).await?;
    let ours = |table: &&Table| schema.table(&table.name).is_some();
    let ours: Vec<Table> = found.database.tables.iter().filter(ours).cloned().collect();
    let sequences = sequences::behind(connection, &schema.database, &ours).await.map_err(failed)?;
    Ok(Verified { sequences, ..verified(schema, &fresh, &found) })
}

/// How what was found differs from a fresh copy. Another team's tables are beside the model, as views are.
pub(crate) fn verified(schema: &Schema, fresh: &Found, found: &Found) -> Verified {
    let unknown = found.database.tables.iter().filter(|table| schema.table(&table.name).is_none());
    let mut unmodelled: Vec<String> = unknown.map(|table| format!("table `{}`", table.name)).collect();
    unmodelled.extend(found.unmodelled.iter().filter(|object| !fresh.unmodelled.contains(object)).cloned());
    unmodelled.sort();
    let differences = compare(&schema.database, &fresh.database, &found.database, Texts::Compared);
    Verified { differences, sequences: Vec::new(), unmodelled }
}

/// The schema made afresh, as the engine prints it: SQLite in memory, PostgreSQL in a schema that is never committed.
pub(crate) async fn fresh(
    connection: &mut Connection,
    target: &Target,
    schema: &Schema,
) -> Result<Found, MigrateError> {
    let statements = statements(target, schema).map_err(MigrateError::Schema)?;
    let failed = |error: sqlx::Error| MigrateError::engine(target, "make a scratch copy", &error);
    match connection {
        Connection::Sqlite(_) => {
            let memory = Target::new(Url::new("sqlite::memory:"))?;
            let mut scratch = Connection::open(&memory, Access::Create).await?;
            let found = create_and_read(&mut scratch, &statements).await.map_err(failed);
            scratch.close().await;
            found
        }
        Connection::Postgres(_) => {
            let scratch = "BEGIN; CREATE SCHEMA cell_scratch; SET LOCAL search_path = cell_scratch";
            let found = match connection.run(scratch).await {
                Ok(()) => create_and_read(connection, &statements).await,
                Err(error) => Err(error),
            };
            connection.rollback().await;
            found.map_err(failed)
        }
    }
}

fn statements(target: &Target, schema: &Schema) -> Result<Vec<String>, Vec<Refusal>> {
    let empty = Schema { database: schema.database.clone(), ..Schema::default() };
    let plan = plan::plan(&empty, schema, &Hints::default())?;
    let program = plan::program(target.engine(), &empty, &plan.changes, Indexes::InTransactions)?;
    let statements = program.steps.iter().flat_map(|step| &step.statements);
    Ok(statements.map(|statement| dialect::render(target.engine(), statement)).collect())
}

/// Makes the schema in an empty database.
pub(crate) async fn create(connection: &mut Connection, target: &Target, schema: &Schema) -> Result<(), MigrateError> {
    for statement in statements(target, schema).map_err(MigrateError::Schema)? {
        let failed = |error: sqlx::Error| MigrateError::engine(target, "make the tables", &error);
        connection.run(&statement).await.map_err(failed)?;
    }
    Ok(())
}

async fn create_and_read(connection: &mut Connection, statements: &[String]) -> Result<Found, sqlx::Error> {
    for statement in statements {
        connection.run(statement).await?;
    }
    introspect::read(connection).await
}

/// Everything that differs, ordered by object.
pub(crate) fn compare(database: &str, expected: &Database, found: &Database, texts: Texts) -> Vec<Difference> {
    let mut differences = Vec::new();
    let expected = by_name(&expected.tables);
    let found = by_name(&found.tables);
    for (name, table) in &expected {
        let object = format!("{database}.{name}");
        match found.get(name) {
            None => differences.push(Difference { object, expected: Some("a table".to_owned()), found: None }),
            Some(found) => parts(&object, &described(table, texts), &described(found, texts), &mut differences),
        }
    }
    differences.sort_by(|a, b| a.object.cmp(&b.object));
    differences
}

fn by_name(tables: &[Table]) -> BTreeMap<&str, &Table> {
    tables.iter().map(|table| (table.name.as_str(), table)).collect()
}

/// What differs between the parts of one table, each described in words.
fn parts(
    table: &str,
    expected: &BTreeMap<String, String>,
    found: &BTreeMap<String, String>,
    differences: &mut Vec<Difference>,
) {
    for (part, words) in expected {
        if found.get(part) != Some(words) {
            let (expected, found) = (Some(words.clone()), found.get(part).cloned());
            differences.push(Difference { object: format!("{table}{part}"), expected, found });
        }
    }
    for (part, words) in found.iter().filter(|(part, _)| !expected.contains_key(*part)) {
        let object = format!("{table}{part}");
        differences.push(Difference { object, expected: None, found: Some(words.clone()) });
    }
}

/// Every part of a table by its name behind the table's, in words.
fn described(table: &Table, texts: Texts) -> BTreeMap<String, String> {
    let mut parts = BTreeMap::from([(String::new(), table_itself(table))]);
    let mut add = |name: &str, words: String| {
        // Nameless constraints stand apart by what they say.
        let part = if name.is_empty() { format!(" ({words})") } else { format!(".{name}") };
        parts.entry(part).and_modify(|all| *all = format!("{all}; {words}")).or_insert(words);
    };
    for column in &table.columns {
        add(&column.name, self::column(column, texts));
    }
    for unique in &table.uniques {
        add(&unique.name, format!("unique ({})", unique.columns.join(", ")));
    }
    for key in &table.foreign_keys {
        add(&key.name, foreign_key(key));
    }
    for check in &table.checks {
        add(&check.name, format!("check{}", text(Some(&check.expression), texts)));
    }
    for index in &table.indexes {
        add(&index.name, self::index(index, texts));
    }
    for trigger in &table.triggers {
        add(&trigger.name, format!("trigger of the feed{}", text(Some(&trigger.text), texts)));
    }
    parts
}

fn table_itself(table: &Table) -> String {
    let strict = if table.strict { "" } else { ", not strict" };
    format!("a table with the key ({}){strict}", table.key.join(", "))
}

fn column(column: &Column, texts: Texts) -> String {
    let mut words = column.ty.clone();
    if let Some(collation) = &column.collation {
        words = format!("{words} collate {collation}");
    }
    if column.not_null {
        words.push_str(" not null");
    }
    if column.identity {
        words.push_str(" numbered");
    }
    if column.default.is_some() {
        words = format!("{words} default{}", text(column.default.as_deref(), texts));
    }
    if column.generated.is_some() {
        words = format!("{words} generated{}", text(column.generated.as_deref(), texts));
    }
    words
}

fn foreign_key(key: &ForeignKey) -> String {
    let action = match key.on_delete {
        Action::Refuse => "",
        Action::Cascade => " on delete cascade",
        Action::SetNull => " on delete set null",
    };
    let (columns, target) = (key.columns.join(", "), key.target.join(", "));
    format!("reference ({columns}) to {} ({target}){action}", key.table)
}

fn index(index: &Index, texts: Texts) -> String {
    let unique = if index.unique { "unique " } else { "" };
    let column = |(name, descending): &(String, bool)| format!("{name}{}", if *descending { " desc" } else { "" });
    let columns: Vec<String> = index.columns.iter().map(column).collect();
    let predicate = match &index.predicate {
        Some(predicate) => format!(" where{}", text(Some(predicate), texts)),
        None => String::new(),
    };
    format!("{unique}index ({}){predicate}", columns.join(", "))
}

fn text(expression: Option<&str>, texts: Texts) -> String {
    match (expression, texts) {
        (Some(expression), Texts::Compared) => format!(" {expression}"),
        _ => String::new(),
    }
}
