//! Whether the numbers that the engine gives next are free. In: an open connection, tables as the engine holds them. Out: a
//! [`Difference`] for each column whose sequence is behind its rows: whoever wrote rows with numbers of their own left it there, and the
//! next row would get a number that one has. SQLite counts from the greatest number that is there, and is never behind.

use cell_schema::ddl::{Column, Table};
use cell_schema::{Engine, dialect};

use crate::compare::Difference;
use crate::connection::Connection;

/// Every sequence of these tables that is behind its rows.
pub(crate) async fn behind(
    connection: &mut Connection,
    database: &str,
    tables: &[Table],
) -> Result<Vec<Difference>, sqlx::Error> {
    let mut behind = Vec::new();
    if matches!(connection, Connection::Sqlite(_)) {
        return Ok(behind);
    }
    for table in tables {
        for column in table.columns.iter().filter(|column| column.identity) {
            let (greatest, next) = connection.counted(&numbers(connection, table, column)).await?;
            let Some(next) = next.filter(|next| next.parse().is_ok_and(|next: i64| next.unsigned_abs() <= greatest))
            else {
                continue;
            };
            behind.push(Difference {
                object: format!("{database}.{}.{}", table.name, column.name),
                expected: Some(format!("its next number is above {greatest}, the greatest of its rows")),
                found: Some(format!("its next number is {next}")),
            });
        }
    }
    Ok(behind)
}

/// Asks for the greatest number of the rows, and for the next one of the sequence where it counts upwards.
fn numbers(connection: &Connection, table: &Table, column: &Column) -> String {
    let quote = |name: &str| dialect::quote(connection.engine(), name);
    let (name, owner) = (quote(&column.name), quote(&table.name));
    format!(
        "SELECT CAST(greatest((SELECT max({name}) FROM {owner}), 0) AS bigint), \
         CAST((SELECT coalesce(pg_sequence_last_value(seqrelid) + seqincrement, seqstart) FROM pg_catalog.pg_sequence \
         WHERE seqrelid = CAST({} AS regclass) AND seqincrement > 0) AS text)",
        of(&table.name, &column.name),
    )
}

/// The sequence behind a column of PostgreSQL's, as an expression.
pub(crate) fn of(table: &str, column: &str) -> String {
    let table = dialect::quote(Engine::Postgres, table);
    format!("pg_get_serial_sequence({}, {})", dialect::text(&table), dialect::text(column))
}
