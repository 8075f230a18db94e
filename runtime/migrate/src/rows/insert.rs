//! Writes one row. In: a table as the engine holds it, and where each column's value comes from. Values are bound, names
//! are quoted by the dialect; nothing else gets into the text.

use std::collections::BTreeMap;

use cell_schema::{ddl, dialect};
use sqlx::{AssertSqlSafe, Row};

use super::value::Value;
use crate::connection::Connection;

/// Where a column's value comes from.
#[derive(Clone, Debug)]
pub(super) enum Source<'a> {
    /// Here it is.
    Value(Value),
    /// A column of the row at this place among the rows of a table.
    Row { table: &'a str, column: &'a str, key: &'a [String], at: u64 },
}

/// A row. A column without a source takes its default.
pub(super) struct Insert<'a> {
    pub(super) table: &'a ddl::Table,
    pub(super) sources: BTreeMap<&'a str, Source<'a>>,
}

/// Inserts a row.
pub(super) async fn insert(connection: &mut Connection, row: &Insert<'_>) -> Result<(), sqlx::Error> {
    let engine = connection.engine();
    let quote = |name: &str| dialect::quote(engine, name);
    let cast = matches!(connection, Connection::Postgres(_));
    let (mut names, mut expressions, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for column in &row.table.columns {
        let Some(source) = row.sources.get(column.name.as_str()) else { continue };
        names.push(quote(&column.name));
        let parameter = format!("${}", values.len() + 1);
        match source {
            Source::Value(value) => {
                values.push(value.clone());
                expressions.push(if cast { format!("CAST({parameter} AS {})", column.ty) } else { parameter });
            }
            Source::Row { table, column, key, at } => {
                values.push(Value::Integer(i64::try_from(*at).unwrap_or_default()));
                let key: Vec<String> = key.iter().map(|name| quote(name)).collect();
                let (column, table, key) = (quote(column), quote(table), key.join(", "));
                let offset = if cast { format!("CAST({parameter} AS bigint)") } else { parameter };
                expressions.push(format!("(SELECT {column} FROM {table} ORDER BY {key} LIMIT 1 OFFSET {offset})"));
            }
        }
    }
    let table = quote(&row.table.name);
    let sql = if names.is_empty() {
        format!("INSERT INTO {table} DEFAULT VALUES")
    } else {
        format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), expressions.join(", "))
    };
    execute(connection, sql, values).await
}

async fn execute(connection: &mut Connection, sql: String, values: Vec<Value>) -> Result<(), sqlx::Error> {
    // Each shape of a row is a statement of its own, and few come again: caching them would only fill the cache.
    match connection {
        Connection::Sqlite(connection) => {
            let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
            for value in values {
                query = match value {
                    Value::Null => query.bind(None::<i64>),
                    Value::Bool(value) => query.bind(i64::from(value)),
                    Value::Integer(value) | Value::Decimal { digits: value, .. } => query.bind(value),
                    Value::Single(value) => query.bind(f64::from(value)),
                    Value::Double(value) => query.bind(value),
                    Value::Text(value) => query.bind(value),
                    Value::Bytes(value) => query.bind(value),
                    Value::Uuid(value) => query.bind(value.to_vec()),
                };
            }
            query.execute(connection).await.map(drop)
        }
        Connection::Postgres(connection) => {
            let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
            for value in values {
                query = query.bind(value.text());
            }
            query.execute(connection).await.map(drop)
        }
    }
}

/// Reads one number.
pub(super) async fn number(connection: &mut Connection, sql: String) -> Result<u64, sqlx::Error> {
    let query = AssertSqlSafe(sql);
    let number: i64 = match connection {
        Connection::Sqlite(connection) => sqlx::query(query).fetch_one(connection).await?.try_get(0)?,
        Connection::Postgres(connection) => sqlx::query(query).fetch_one(connection).await?.try_get(0)?,
    };
    Ok(number.unsigned_abs())
}
