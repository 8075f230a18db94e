//! A database's connections, as a value: which engine it is decides what it holds, not its type.
//! Absent: opening (see [`super::open`]) and running statements (see [`super::execute`]).

use std::any::TypeId;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use cell_migrate::Url;

use super::error::DataError;
use super::model::{DatabaseInfo, Engine, Facts, Model, TableInfo};
use super::session::{Lease, Session};
use super::statement::Statements;
use super::transaction;

/// The connections to a database; inside a transaction, that transaction's connection. Cloning it is cheap, and the clone
/// is the same connections.
#[derive(Clone)]
pub struct Handle {
    core: Arc<Core>,
    bound: Option<Bound>,
}

#[derive(Clone)]
struct Bound {
    session: Arc<Session>,
    level: u32,
}

/// What all handles of one opened database share.
pub(crate) struct Core {
    name: &'static str,
    tables: &'static [TableInfo],
    pool: Pool,
    /// Where it is. Printed, it shows no password.
    url: Url,
    /// A database in memory: it has one connection, and is gone with it.
    memory: bool,
    statements: RwLock<HashMap<(TypeId, &'static str), Arc<Statements>>>,
}

pub(crate) enum Pool {
    #[cfg(feature = "sqlite")]
    Sqlite(sqlx::SqlitePool),
    #[cfg(feature = "postgres")]
    Postgres(sqlx::PgPool),
}

impl Handle {
    pub(crate) fn new(info: &DatabaseInfo, pool: Pool, url: Url, memory: bool) -> Self {
        let core = Core { name: info.name, tables: info.tables, pool, url, memory, statements: RwLock::default() };
        Self { core: Arc::new(core), bound: None }
    }

    /// Which engine it is.
    #[must_use]
    pub fn engine(&self) -> Engine {
        match self.core.pool {
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(_) => Engine::Sqlite,
            #[cfg(feature = "postgres")]
            Pool::Postgres(_) => Engine::Postgres,
        }
    }

    /// The database's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.core.name
    }

    /// Closes every connection, waiting for those in use; statements after it fail with [`DataError::Closed`].
    pub async fn close(&self) {
        match &self.core.pool {
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(pool) => pool.close().await,
            #[cfg(feature = "postgres")]
            Pool::Postgres(pool) => pool.close().await,
        }
    }

    /// Where it is; for connecting.
    pub(crate) fn url(&self) -> &Url {
        &self.core.url
    }

    pub(crate) fn pool(&self) -> &Pool {
        &self.core.pool
    }

    /// The facts of no table, for the errors of what is about none.
    pub(crate) fn facts(&self) -> Facts {
        Facts { table: self.core.name, columns: &[], key: &[] }
    }

    /// What tells opened databases apart.
    pub(crate) fn id(&self) -> usize {
        Arc::as_ptr(&self.core).addr()
    }

    pub(crate) fn has_one_connection(&self) -> bool {
        self.core.memory || self.bound.is_some()
    }

    /// The transaction that it is bound to, and the level of its savepoint.
    pub(crate) fn session(&self) -> Option<(&Arc<Session>, u32)> {
        self.bound.as_ref().map(|bound| (&bound.session, bound.level))
    }

    /// The same database inside a transaction.
    pub(crate) fn bound_to(&self, session: &Arc<Session>, level: u32) -> Self {
        Self { core: Arc::clone(&self.core), bound: Some(Bound { session: Arc::clone(session), level }) }
    }

    /// The transaction's connection, or none where the pool gives one.
    pub(crate) async fn lease(&self) -> Result<Option<Lease<'_>>, DataError> {
        match &self.bound {
            Some(bound) => bound.session.lease(bound.level).await.map(Some),
            None => self.check_outside().map(|()| None),
        }
    }

    /// Refuses where the pool would be asked for a second connection beside a transaction that this task is in.
    pub(crate) fn check_outside(&self) -> Result<(), DataError> {
        if transaction::is_inside(self.id()) {
            return Err(DataError::OutsideTransaction { database: self.core.name.to_owned() });
        }
        Ok(())
    }

    /// The only table of such rows.
    pub(crate) fn table_of<T: Model>(&self) -> Result<&'static str, DataError> {
        let mut tables = self.core.tables.iter().filter(|table| table.row == TypeId::of::<T>());
        match (tables.next(), tables.next()) {
            (Some(table), None) => Ok(T::NAME.unwrap_or(table.field)),
            (None, _) => Err(DataError::other(["`", self.core.name, "` has no table of `", T::STRUCT, "`"].concat())),
            (Some(_), Some(_)) => {
                Err(DataError::other(["`", self.core.name, "` has several tables of `", T::STRUCT, "`"].concat()))
            }
        }
    }

    /// The statements of a table.
    pub(crate) fn statements<T: Model>(&self, table: &'static str) -> Arc<Statements> {
        let key = (TypeId::of::<T>(), table);
        if let Some(kept) = self.core.statements.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Arc::clone(kept);
        }
        let mut statements = self.core.statements.write().unwrap_or_else(PoisonError::into_inner);
        let made = || Arc::new(Statements::new(self.engine(), Facts::of::<T>(table)));
        Arc::clone(statements.entry(key).or_insert_with(made))
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("name", &self.core.name)
            .field("url", &self.core.url)
            .field("transaction", &self.bound.is_some())
            .finish()
    }
}
