//! The numbers that an engine gives keys: they go on behind the last one, also where its row has gone.

use super::layout::Layout;
use super::{postgres, sqlite};
use crate::connection::Connection;

/// The last number that a table's key was given, or the greatest that it has; 0 for none.
pub(super) async fn last_number(connection: &mut Connection, table: &Layout, column: &str) -> Result<i64, sqlx::Error> {
    let sql = match connection {
        Connection::Sqlite(_) => sqlite::last_number(table, column),
        Connection::Postgres(_) => postgres::last_number(table, column),
    };
    let (_, last) = connection.counted(&sql).await?;
    Ok(last.and_then(|last| last.parse().ok()).unwrap_or_default())
}

pub(super) async fn set_last_number(
    connection: &mut Connection,
    table: &Layout,
    column: &str,
    last: i64,
) -> Result<(), sqlx::Error> {
    let sql = match connection {
        Connection::Sqlite(_) => sqlite::set_last_number(table, last),
        Connection::Postgres(_) => postgres::set_last_number(table, column, last),
    };
    connection.run(&sql).await
}
