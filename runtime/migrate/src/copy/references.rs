//! References while rows are copied: a row may come before the one that it refers to, and at the end each has to refer to one.

use cell_schema::{ddl, dialect};

use super::CopyError;
use crate::connection::Connection;
use crate::{MigrateError, Target};

/// Lets rows come in before those that they refer to.
pub(super) async fn unreferenced(connection: &mut Connection, made: &ddl::Database) -> Result<(), sqlx::Error> {
    match connection {
        Connection::Sqlite(_) => connection.run("PRAGMA foreign_keys = OFF").await,
        Connection::Postgres(_) => {
            for (table, key) in keys(made) {
                let engine = connection.engine();
                let (table, name) = (dialect::quote(engine, table), dialect::quote(engine, &key.name));
                connection.run(&format!("ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")).await?;
            }
            Ok(())
        }
    }
}

/// Checks that every row refers to one that is there, and sees to it from here on.
pub(super) async fn referenced(
    connection: &mut Connection,
    made: &ddl::Database,
    target: &Target,
) -> Result<(), CopyError> {
    let failed = |error: sqlx::Error| MigrateError::engine(target, "check the references", &error);
    match connection {
        Connection::Sqlite(_) => {
            let dangling =
                connection.texts("SELECT \"table\", parent FROM pragma_foreign_key_check LIMIT 1", &[]).await;
            if let Some(row) = dangling.map_err(failed)?.into_iter().next() {
                let names: Vec<String> = row.into_iter().flatten().collect();
                let reason = format!("a row refers to one that is not there: {}", names.join(" to "));
                return Err(CopyError::NotReady { database: target.to_string(), reason });
            }
            connection.run("PRAGMA foreign_keys = ON").await.map_err(failed)?;
        }
        Connection::Postgres(_) => {
            for (table, key) in keys(made) {
                let (table, foreign_key) = (table.to_owned(), key.clone());
                let statement = ddl::Statement::AddForeignKey { table, foreign_key, trusted: false };
                connection.run(&dialect::render(connection.engine(), &statement)).await.map_err(failed)?;
            }
        }
    }
    Ok(())
}

fn keys(made: &ddl::Database) -> impl Iterator<Item = (&str, &ddl::ForeignKey)> {
    made.tables.iter().flat_map(|table| table.foreign_keys.iter().map(|key| (table.name.as_str(), key)))
}
