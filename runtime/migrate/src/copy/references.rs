//! References while rows are copied: a row may come before the one that it refers to, and at the end each has to refer to one.

use cell_schema::{Engine, ddl, dialect};

use super::CopyError;
use crate::connection::{Access, Connection};
use crate::{MigrateError, Target};

/// Refuses two names of one database, and two schemas of one: they have one lock.
pub(super) async fn apart(source: &Target, target: &Target) -> Result<(), CopyError> {
    let (Some(one), Some(other)) = (place(source).await?, place(target).await?) else { return Ok(()) };
    if one.0 != other.0 {
        return Ok(());
    }
    let database = source.to_string();
    if one.1 == other.1 {
        return Err(CopyError::Same { database });
    }
    let reason = "the target is another schema of the same database; copy by way of another database".to_owned();
    Err(CopyError::NotReady { database, reason })
}

/// Which database of which server it is, and which schema of it; `None` for SQLite.
async fn place(target: &Target) -> Result<Option<(String, String)>, CopyError> {
    if target.engine() == Engine::Sqlite {
        return Ok(None);
    }
    let mut connection = Connection::open(target, Access::Existing).await?;
    let sql =
        "SELECT current_database() || ' ' || CAST(pg_postmaster_start_time() AS text), CAST(current_schema() AS text)";
    let rows = connection.texts(sql, &[]).await;
    connection.close().await;
    let row =
        rows.map_err(|error| MigrateError::engine(target, "ask which database it is", &error))?.into_iter().next();
    let mut row = row.unwrap_or_default().into_iter();
    Ok(Some((row.next().flatten().unwrap_or_default(), row.next().flatten().unwrap_or_default())))
}

/// Lets rows come in before those that they refer to, and without triggers of others: each row comes as it is. Those of the feed
/// change none: on SQLite, where no trigger can rest, they write what comes.
pub(super) async fn unreferenced(
    connection: &mut Connection,
    made: &ddl::Database,
    target: &Target,
) -> Result<(), CopyError> {
    let failed = |error: sqlx::Error| MigrateError::engine(target, "let rows come in", &error);
    match connection {
        Connection::Sqlite(_) => {
            let triggers = "SELECT name, tbl_name FROM sqlite_schema WHERE type = 'trigger' ORDER BY name";
            for row in connection.texts(triggers, &[]).await.map_err(failed)? {
                let [name, table] = row.as_slice() else { continue };
                let name = name.as_deref().unwrap_or_default();
                let is_of_feed = |made: &ddl::Table| made.triggers.iter().any(|trigger| trigger.name == name);
                if made.tables.iter().any(|made| Some(&made.name) == table.as_ref() && !is_of_feed(made)) {
                    let reason =
                        format!("the trigger `{name}` would change rows that come in; drop it, and make it afterwards");
                    return Err(CopyError::NotReady { database: target.to_string(), reason });
                }
            }
            connection.run("PRAGMA foreign_keys = OFF").await.map_err(failed)?;
        }
        Connection::Postgres(_) => {
            for (table, key) in keys(made) {
                let (table, name) = (quote(connection, table), quote(connection, &key.name));
                let drop = format!("ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}");
                connection.run(&drop).await.map_err(failed)?;
            }
            triggers(connection, made, "DISABLE").await.map_err(failed)?;
        }
    }
    Ok(())
}

fn quote(connection: &Connection, name: &str) -> String {
    dialect::quote(connection.engine(), name)
}

async fn triggers(connection: &mut Connection, made: &ddl::Database, action: &str) -> Result<(), sqlx::Error> {
    for table in &made.tables {
        let table = quote(connection, &table.name);
        connection.run(&format!("ALTER TABLE {table} {action} TRIGGER USER")).await?;
    }
    Ok(())
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
            triggers(connection, made, "ENABLE").await.map_err(failed)?;
            // The feed knows nothing of what came while its triggers rested.
            for table in made.tables.iter().filter(|table| !table.triggers.is_empty()) {
                let reset = "INSERT INTO cell_feed (table_name, operation) VALUES ($1, 'reset')";
                connection.execute(reset, &[&table.name]).await.map_err(failed)?;
            }
        }
    }
    Ok(())
}

fn keys(made: &ddl::Database) -> impl Iterator<Item = (&str, &ddl::ForeignKey)> {
    made.tables.iter().flat_map(|table| table.foreign_keys.iter().map(|key| (table.name.as_str(), key)))
}
