//! Rows of PostgreSQL: each value is asked for in the form in which SQLite stores it, and written by `COPY` in the text that its type reads.

use cell_schema::{Engine, dialect};
use futures_util::{StreamExt as _, TryStreamExt as _};
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Row as _};

use super::cell::Cell;
use super::layout::{Column, Kind, Layout, Part, Rows};
use crate::sequences;
use crate::texts::{decimal, hexadecimal};

fn quote(name: &str) -> String {
    dialect::quote(Engine::Postgres, name)
}

pub(super) fn rows<'c>(connection: &'c mut PgConnection, table: &'c Layout, part: Part<'_>) -> Rows<'c> {
    let place = |at: usize, column: &Column| format!("CAST(CAST(${at} AS text) AS {})", column.ty);
    let mut query = sqlx::query(AssertSqlSafe(table.select(Engine::Postgres, part, stored, place)));
    for (column, value) in table.key_columns().zip(part.values()) {
        query = query.bind(text(column, value));
    }
    query.fetch(connection).and_then(|row| std::future::ready(read(table, &row))).boxed()
}

/// A column in the form in which SQLite stores its values.
fn stored(column: &Column) -> String {
    let name = quote(&column.name);
    match column.kind {
        Kind::Bool => format!("CAST(CAST({name} AS int) AS bigint)"),
        Kind::Integer => format!("CAST({name} AS bigint)"),
        Kind::Single | Kind::Real => format!("CAST({name} AS double precision)"),
        Kind::Text => format!("CAST({name} AS text)"),
        Kind::Bytes => name,
        Kind::Uuid => format!("uuid_send({name})"),
        Kind::Instant => format!("to_char({name} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"),
        Kind::Date => format!("to_char({name}, 'YYYY-MM-DD')"),
        Kind::Time => format!("to_char(CAST('2000-01-01' AS date) + {name}, 'HH24:MI:SS.US')"),
        Kind::Decimal { scale } => format!("CAST({name} * CAST('1e{scale}' AS numeric) AS bigint)"),
        Kind::Json => format!("CAST({name} AS text)"),
    }
}

fn read(table: &Layout, row: &PgRow) -> Result<Vec<Cell>, sqlx::Error> {
    let cells = table.columns.iter().enumerate().map(|(at, column)| {
        Ok(match column.kind {
            Kind::Bool | Kind::Integer | Kind::Decimal { .. } => {
                row.try_get::<Option<i64>, _>(at)?.map_or(Cell::Null, Cell::Integer)
            }
            Kind::Single | Kind::Real => row.try_get::<Option<f64>, _>(at)?.map_or(Cell::Null, Cell::Real),
            Kind::Bytes | Kind::Uuid => row.try_get::<Option<Vec<u8>>, _>(at)?.map_or(Cell::Null, Cell::Bytes),
            Kind::Text | Kind::Instant | Kind::Date | Kind::Time | Kind::Json => {
                row.try_get::<Option<String>, _>(at)?.map_or(Cell::Null, Cell::Text)
            }
        })
    });
    cells.collect()
}

/// A value as the column's type reads it; nothing for none.
fn text(column: &Column, cell: &Cell) -> Option<String> {
    Some(match (cell, column.kind) {
        (Cell::Null, _) => return None,
        (Cell::Integer(value), Kind::Decimal { scale }) => decimal(*value, scale),
        (Cell::Integer(value), _) => value.to_string(),
        (Cell::Real(value), _) => value.to_string(),
        (Cell::Text(text), _) => text.clone(),
        (Cell::Bytes(bytes), Kind::Uuid) => hexadecimal(bytes),
        (Cell::Bytes(bytes), _) => format!("\\x{}", hexadecimal(bytes)),
    })
}

pub(super) async fn write(
    connection: &mut PgConnection,
    table: &Layout,
    batch: &[Vec<Cell>],
) -> Result<(), sqlx::Error> {
    let columns: Vec<String> = table.columns.iter().map(|column| quote(&column.name)).collect();
    let sql = format!("COPY {} ({}) FROM STDIN", quote(&table.name), columns.join(", "));
    let mut lines = String::new();
    for row in batch {
        for (at, (column, cell)) in table.columns.iter().zip(row).enumerate() {
            if at > 0 {
                lines.push('\t');
            }
            match text(column, cell) {
                None => lines.push_str("\\N"),
                Some(text) => escape(&text, &mut lines),
            }
        }
        lines.push('\n');
    }
    let mut copy = connection.copy_in_raw(&sql).await?;
    match copy.send(lines.into_bytes()).await {
        Ok(_) => copy.finish().await.map(drop),
        Err(error) => {
            drop(copy.abort("the rows could not be sent").await);
            Err(error)
        }
    }
}

/// A value in `COPY`'s text format.
fn escape(text: &str, into: &mut String) {
    for letter in text.chars() {
        match letter {
            '\\' => into.push_str("\\\\"),
            '\n' => into.push_str("\\n"),
            '\r' => into.push_str("\\r"),
            '\t' => into.push_str("\\t"),
            letter => into.push(letter),
        }
    }
}

/// Asks for the last number of a table's key.
pub(super) fn last_number(table: &Layout, column: &str) -> String {
    format!(
        "SELECT CAST(0 AS bigint), CAST(greatest(pg_sequence_last_value(CAST({} AS regclass)), (SELECT max({}) FROM {}), 0) AS text)",
        sequences::of(&table.name, column),
        quote(column),
        quote(&table.name),
    )
}

/// Sets it.
pub(super) fn set_last_number(table: &Layout, column: &str, last: i64) -> String {
    let sequence = sequences::of(&table.name, column);
    if last > 0 { format!("SELECT setval({sequence}, {last})") } else { format!("SELECT setval({sequence}, 1, false)") }
}
