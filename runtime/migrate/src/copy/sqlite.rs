//! Rows of SQLite: values are read and written as they are stored.

use cell_schema::{Engine, dialect};
use futures_util::{StreamExt as _, TryStreamExt as _};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{AssertSqlSafe, Row as _, SqliteConnection, TypeInfo as _, ValueRef as _};

use super::cell::Cell;
use super::layout::{Layout, Part, Rows};

/// The most values of a statement.
const VALUES: usize = 30_000;

fn quote(name: &str) -> String {
    dialect::quote(Engine::Sqlite, name)
}

pub(super) fn rows<'c>(connection: &'c mut SqliteConnection, table: &'c Layout, part: Part<'_>) -> Rows<'c> {
    let sql = table.select(Engine::Sqlite, part, |column| quote(&column.name), |at, _| format!("${at}"));
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for value in part.values() {
        query = bind(query, value.clone());
    }
    query.fetch(connection).and_then(|row| std::future::ready(read(&row))).boxed()
}

fn read(row: &SqliteRow) -> Result<Vec<Cell>, sqlx::Error> {
    (0..row.len())
        .map(|at| {
            let value = row.try_get_raw(at)?;
            if value.is_null() {
                return Ok(Cell::Null);
            }
            // The class in which this value is stored, whatever its column says.
            Ok(match value.type_info().name() {
                "INTEGER" | "BOOLEAN" => Cell::Integer(row.try_get_unchecked(at)?),
                "REAL" => Cell::Real(row.try_get_unchecked(at)?),
                "BLOB" => Cell::Bytes(row.try_get_unchecked(at)?),
                _ => Cell::Text(row.try_get_unchecked(at)?),
            })
        })
        .collect()
}

type Query<'q> = sqlx::query::Query<'q, sqlx::Sqlite, SqliteArguments>;

fn bind(query: Query<'_>, cell: Cell) -> Query<'_> {
    match cell {
        Cell::Null => query.bind(None::<i64>),
        Cell::Integer(value) => query.bind(value),
        Cell::Real(value) => query.bind(value),
        Cell::Text(value) => query.bind(value),
        Cell::Bytes(value) => query.bind(value),
    }
}

pub(super) async fn write(
    connection: &mut SqliteConnection,
    table: &Layout,
    batch: &[Vec<Cell>],
) -> Result<(), sqlx::Error> {
    let columns: Vec<String> = table.columns.iter().map(|column| quote(&column.name)).collect();
    let width = columns.len().max(1);
    let head = format!("INSERT INTO {} ({}) VALUES ", quote(&table.name), columns.join(", "));
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut *connection).await?;
    let written = async {
        for rows in batch.chunks((VALUES / width).clamp(1, 500)) {
            let row = |at: usize| {
                let places: Vec<String> = (1..=width).map(|column| format!("${}", at * width + column)).collect();
                format!("({})", places.join(", "))
            };
            let places: Vec<String> = (0..rows.len()).map(row).collect();
            let mut query = sqlx::query(AssertSqlSafe(format!("{head}{}", places.join(", "))));
            for cell in rows.iter().flatten() {
                query = bind(query, cell.clone());
            }
            query.execute(&mut *connection).await?;
        }
        sqlx::raw_sql("COMMIT").execute(&mut *connection).await
    }
    .await;
    if written.is_err() {
        drop(sqlx::raw_sql("ROLLBACK").execute(&mut *connection).await);
    }
    written.map(drop)
}

/// Asks for the last number of a table's key.
pub(super) fn last_number(table: &Layout, column: &str) -> String {
    format!(
        "SELECT 0, CAST(max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = {}), 0), \
         coalesce((SELECT max({}) FROM {}), 0)) AS TEXT)",
        dialect::text(&table.name),
        quote(column),
        quote(&table.name),
    )
}

/// Sets it.
pub(super) fn set_last_number(table: &Layout, last: i64) -> String {
    let name = dialect::text(&table.name);
    format!(
        "DELETE FROM sqlite_sequence WHERE name = {name}; \
         INSERT INTO sqlite_sequence (name, seq) SELECT {name}, {last} WHERE {last} > 0"
    )
}
