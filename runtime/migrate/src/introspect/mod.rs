//! Reads what an engine holds back into [`ddl::Database`]. In: an open connection. Out: the tables of the database, or of
//! PostgreSQL's current schema, and by name everything in it that the model cannot say.
//! Absent: judging it (see [`crate::compare`]). Our own `cell_*` tables are left out.

mod declared;
mod postgres;
mod sqlite;

use cell_schema::ddl::{self, Trigger};
use cell_schema::{Engine, dialect};

use crate::connection::{Access, Connection};
use crate::{MigrateError, Target};

/// What a database holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// What the model can say, ordered as [`ddl`] orders it.
    pub database: ddl::Database,
    /// What it cannot: views, triggers, an index over an expression, each in a few words, in order.
    pub unmodelled: Vec<String>,
}

impl Found {
    /// A trigger: one by which the feed follows its table, or one that the model does not know.
    fn trigger(&mut self, engine: Engine, table_name: &str, name: String, text: String) {
        let table = self.database.tables.iter_mut().find(|table| table.name == table_name);
        match table.filter(|table| dialect::feed_triggers(engine, &table.name).contains(&name)) {
            Some(table) => table.triggers.push(Trigger { name, text }),
            None => self.unmodelled.push(format!("trigger `{name}` on table `{table_name}`")),
        }
    }
}

/// Reads what the target holds.
///
/// # Errors
/// The database does not exist or does not answer.
pub async fn introspect(target: &Target) -> Result<Found, MigrateError> {
    let mut connection = Connection::open(target, Access::Existing).await?;
    let found = read(&mut connection).await;
    connection.close().await;
    found.map_err(|error| MigrateError::engine(target, "read the tables", &error))
}

/// Reads what is at the other end of the connection.
pub(crate) async fn read(connection: &mut Connection) -> Result<Found, sqlx::Error> {
    let mut found = match connection {
        Connection::Sqlite(_) => sqlite::read(connection).await?,
        Connection::Postgres(_) => postgres::read(connection).await?,
    };
    found.database.tables.sort_by(|a, b| a.name.cmp(&b.name));
    for table in &mut found.database.tables {
        table.uniques.sort_by(|a, b| a.name.cmp(&b.name));
        table.foreign_keys.sort_by(|a, b| a.name.cmp(&b.name));
        table.checks.sort_by(|a, b| a.name.cmp(&b.name));
        table.indexes.sort_by(|a, b| a.name.cmp(&b.name));
        table.triggers.sort_by(|a, b| a.name.cmp(&b.name));
    }
    found.unmodelled.sort();
    Ok(found)
}

/// A column of a catalogue that has to be there.
fn required(value: Option<String>) -> Result<String, sqlx::Error> {
    value.ok_or_else(|| sqlx::Error::Protocol("the engine's catalogue has a null where none can be".to_owned()))
}

/// A row of a catalogue, of as many columns as its query names.
fn columns<const N: usize>(row: Vec<Option<String>>) -> Result<[Option<String>; N], sqlx::Error> {
    row.try_into().map_err(|_| sqlx::Error::Protocol("the engine's catalogue has rows of another width".to_owned()))
}
