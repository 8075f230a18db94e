//! What the macros implement: a table's rows ([`Model`], [`New`]) and a database ([`Database`], [`Has`]).
//! Absent: anything that runs. These are the facts that the rest of the runtime is generic over.

use std::any::TypeId;
use std::time::Duration;

use super::binder::{Binder, NewBinder};
use super::column::ColumnInfo;
use super::error::DataError;
use super::handle::Handle;
use super::key::Key;
use super::reader::Reader;
use super::table::Table;

/// A struct whose values are rows: what `#[Database::table]` implements.
#[diagnostic::on_unimplemented(message = "`{Self}` is not a table", note = "put `#[Database::table]` on `{Self}`")]
pub trait Model: Sized + Send + Sync + 'static {
    /// A struct with a [`super::Column`] for each field, which queries get.
    type Columns: 'static;
    /// The key: a field's type, or a tuple of them.
    type Key: Key;
    /// What an insert takes.
    type New: New<Model = Self>;

    /// The struct's name.
    const STRUCT: &'static str;
    /// The SQL name where the table says one; otherwise it is the name of the database's field.
    const NAME: Option<&'static str>;
    /// The columns for queries.
    const COLUMNS: &'static Self::Columns;
    /// The columns in the order of the fields.
    const INFO: &'static [ColumnInfo];
    /// The key's columns, as places in [`Model::INFO`], in the key's order.
    const KEY: &'static [usize];

    /// This row's key.
    fn key(&self) -> Self::Key;

    /// Pushes every column of [`Model::INFO`], in its order. The binder leaves out what a statement does not take.
    fn bind(&self, values: &mut Binder);

    /// Reads every column of [`Model::INFO`], in its order.
    ///
    /// # Errors
    /// [`DataError::Decode`] where a column holds something else than its field's type.
    fn read(row: &mut Reader<'_>) -> Result<Self, DataError>;
}

/// A row to insert: without what the engine numbers or computes, and perhaps without what has a default.
pub trait New: Send + Sync {
    /// The row's type.
    type Model: Model;

    /// Says for every column of [`Model::INFO`], in its order, whether it is given.
    fn bind(&self, values: &mut NewBinder);
}

/// A struct of tables: what `#[Database::sqlite]` and `#[Database::postgres]` implement.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a database",
    note = "put `#[Database::sqlite(file = \"…\")]` or `#[Database::postgres(url = env(\"…\"))]` on `{Self}`"
)]
pub trait Database: Clone + Send + Sync + 'static {
    /// What its attribute says.
    const INFO: &'static DatabaseInfo;

    /// Its connections.
    fn handle(&self) -> &Handle;

    /// The same database over another handle, such as a transaction's.
    fn rebind(handle: Handle) -> Self;
}

/// A database that has a table of `T`; implemented for its transactions too.
#[diagnostic::on_unimplemented(
    message = "database `{Self}` has no `Table<{T}>`",
    note = "add a field `Table<{T}>` to `{Self}`"
)]
pub trait Has<T> {
    /// The table.
    fn table(&self) -> &Table<T>;
}

/// What a database's attribute says.
#[derive(Clone, Copy, Debug)]
pub struct DatabaseInfo {
    /// Its name: the struct's, in snake case.
    pub name: &'static str,
    /// Which engine holds it, and where.
    pub engine: EngineInfo,
    /// The largest number of connections; `None`: 8 for SQLite, 10 for PostgreSQL.
    pub pool: Option<u32>,
    /// How many statements each connection keeps prepared; `None`: 512.
    pub statements: Option<u32>,
    /// A statement that takes longer, in milliseconds, is told in the log; `None`: 1 second.
    pub slow: Option<u64>,
    /// How long things may take.
    pub timeouts: Timeouts,
    /// Its tables.
    pub tables: &'static [TableInfo],
}

/// A table of a database.
#[derive(Clone, Copy, Debug)]
pub struct TableInfo {
    /// The type of its rows.
    pub row: TypeId,
    /// The database's field.
    pub field: &'static str,
    /// Its SQL name, where that is not the field's.
    #[cfg(feature = "cache")]
    pub(crate) name: Option<&'static str>,
    /// How its rows are held, if they are.
    #[cfg(feature = "cache")]
    pub(crate) hold: Option<crate::cache::Hold>,
    /// What follows it in its search index, if it has one.
    #[cfg(feature = "search")]
    pub(crate) follow: Option<crate::search::Follow>,
}

impl TableInfo {
    /// The table that the field `field` of a database is.
    #[must_use]
    pub const fn of<T: 'static>(field: &'static str) -> Self {
        Self {
            row: TypeId::of::<T>(),
            field,
            #[cfg(feature = "cache")]
            name: None,
            #[cfg(feature = "cache")]
            hold: None,
            #[cfg(feature = "search")]
            follow: None,
        }
    }

    /// The same, of this SQL name.
    #[cfg(feature = "cache")]
    #[doc(hidden)]
    #[must_use]
    pub const fn named(self, name: Option<&'static str>) -> Self {
        Self { name, ..self }
    }

    /// The same, whose rows are held so.
    #[cfg(feature = "cache")]
    #[doc(hidden)]
    #[must_use]
    pub const fn held(self, hold: Option<crate::cache::Hold>) -> Self {
        Self { hold, ..self }
    }

    /// Its SQL name.
    #[cfg(feature = "cache")]
    pub(crate) fn name(&self) -> &'static str {
        self.name.unwrap_or(self.field)
    }

    /// The same, which is followed so in a search index.
    #[cfg(feature = "search")]
    #[doc(hidden)]
    #[must_use]
    pub const fn followed(self, follow: Option<crate::search::Follow>) -> Self {
        Self { follow, ..self }
    }
}

/// An engine, as an attribute names it.
#[derive(Clone, Copy, Debug)]
pub enum EngineInfo {
    /// A file, relative to the state's folder.
    Sqlite {
        /// Its path.
        file: &'static str,
    },
    /// A server.
    Postgres {
        /// The environment variable that holds its URL.
        url_env: &'static str,
        /// The servers that follow it.
        replicas: &'static [ReplicaInfo],
    },
}

/// A replica, as an attribute names it.
#[derive(Clone, Copy, Debug)]
pub struct ReplicaInfo {
    /// The region it is in.
    pub region: &'static str,
    /// The environment variable that holds its URL.
    pub url_env: &'static str,
}

/// A database's timeouts, in milliseconds; `None` is the default.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timeouts {
    /// To get a connection from the pool; 30 seconds by default.
    pub acquire: Option<u64>,
    /// For one statement, on PostgreSQL; unlimited by default.
    pub statement: Option<u64>,
    /// To get a lock; 5 seconds by default.
    pub lock: Option<u64>,
    /// After which an unused connection is closed; 10 minutes by default.
    pub idle: Option<u64>,
    /// For a replica to catch up with what its reader wrote, before the primary is asked; 100 ms by default.
    pub replica: Option<u64>,
    /// By which a replica may be behind at most, before it is passed over; 30 seconds by default.
    pub behind: Option<u64>,
}

impl Timeouts {
    /// None said.
    pub const DEFAULT: Self =
        Self { acquire: None, statement: None, lock: None, idle: None, replica: None, behind: None };

    pub(crate) fn acquire(&self) -> Duration {
        Duration::from_millis(self.acquire.unwrap_or(30_000))
    }

    pub(crate) fn lock(&self) -> Duration {
        Duration::from_millis(self.lock.unwrap_or(5_000))
    }

    pub(crate) fn idle(&self) -> Duration {
        Duration::from_millis(self.idle.unwrap_or(600_000))
    }

    #[cfg(feature = "postgres")]
    pub(crate) fn replica(&self) -> Duration {
        Duration::from_millis(self.replica.unwrap_or(100))
    }

    #[cfg(feature = "postgres")]
    pub(crate) fn behind(&self) -> Duration {
        Duration::from_millis(self.behind.unwrap_or(30_000))
    }
}

/// An engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Engine {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

impl Engine {
    /// `sqlite` or `postgres`, as the files and URLs name it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

/// A table's facts without its type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    pub(crate) table: &'static str,
    pub(crate) columns: &'static [ColumnInfo],
    pub(crate) key: &'static [usize],
}

impl Facts {
    pub(crate) fn of<T: Model>(table: &'static str) -> Self {
        Self { table, columns: T::INFO, key: T::KEY }
    }

    /// The key's columns, in the key's order.
    pub(crate) fn key_columns(self) -> impl Iterator<Item = &'static ColumnInfo> {
        self.key.iter().filter_map(move |at| self.columns.get(*at))
    }

    /// The column of this name, with the life of its table's description.
    pub(crate) fn column(self, name: &str) -> Option<&'static str> {
        self.columns.iter().find(|info| info.name == name).map(|info| info.name)
    }

    /// Whether the column at this place belongs to the key.
    pub(crate) fn is_key(self, at: usize) -> bool {
        self.key.contains(&at)
    }
}
