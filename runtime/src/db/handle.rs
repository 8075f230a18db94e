//! A database's connections, as a value: which engine it is decides what it holds, not its type.
//! Absent: opening (see [`super::open`]) and running statements (see [`super::execute`]).

#[cfg(any(feature = "cache", feature = "search"))]
mod followed;

use std::any::TypeId;
use std::collections::HashMap;
use std::fmt;
use std::panic::Location;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use cell_migrate::Url;

use super::call::{About, Reads};
use super::error::DataError;
use super::model::{DatabaseInfo, Engine, Facts, Model, TableInfo};
#[cfg(feature = "postgres")]
use super::replica::{Chosen, ReplicaStatus, Replicas, Sees};
use super::session::{Lease, Session};
use super::stale::Staleness;
use super::statement::Statements;
use super::transaction;
#[cfg(any(feature = "cache", feature = "search"))]
pub(crate) use followed::WeakHandle;
#[cfg(feature = "cache")]
pub(crate) use followed::number;

/// The connections to a database; inside a transaction, that transaction's connection. Cloning it is cheap, and the clone
/// is the same connections.
#[derive(Clone)]
pub struct Handle {
    core: Arc<Core>,
    bound: Option<Bound>,
    from: ReadsFrom,
}

/// Where statements that only read may go.
#[derive(Clone)]
enum ReadsFrom {
    /// Wherever what the caller has written is.
    OwnWrites,
    /// Wherever nothing is missing but what is newer than this.
    Stale(Result<Duration, DataError>),
    /// To this replica.
    #[cfg(feature = "postgres")]
    At(Chosen),
    /// To the primary.
    #[cfg(feature = "postgres")]
    AtPrimary,
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
    #[cfg(feature = "postgres")]
    replicas: Option<Arc<Replicas>>,
    statements: RwLock<HashMap<(TypeId, &'static str), Arc<Statements>>>,
    #[cfg(feature = "cache")]
    number: u64,
    #[cfg(any(feature = "cache", feature = "search"))]
    followed: followed::Followed,
}

pub(crate) enum Pool {
    #[cfg(feature = "sqlite")]
    Sqlite(super::dialect::sqlite::pool::SqlitePool),
    #[cfg(feature = "postgres")]
    Postgres(sqlx::PgPool),
}

impl Handle {
    pub(crate) fn new(info: &DatabaseInfo, pool: Pool, url: Url, memory: bool) -> Self {
        let core = Core {
            name: info.name,
            tables: info.tables,
            pool,
            url,
            memory,
            #[cfg(feature = "postgres")]
            replicas: None,
            statements: RwLock::default(),
            #[cfg(feature = "cache")]
            number: followed::number(),
            #[cfg(any(feature = "cache", feature = "search"))]
            followed: followed::Followed::default(),
        };
        Self { core: Arc::new(core), bound: None, from: ReadsFrom::OwnWrites }
    }

    /// The same, with replicas. It has no clone yet.
    #[cfg(feature = "postgres")]
    pub(crate) fn replicated(mut self, replicas: Replicas) -> Self {
        if let Some(core) = Arc::get_mut(&mut self.core) {
            core.replicas = Some(Arc::new(replicas));
        }
        self
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
        #[cfg(feature = "cache")]
        self.end_watch().await;
        #[cfg(feature = "postgres")]
        if let Some(replicas) = &self.core.replicas {
            replicas.close().await;
        }
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
        let bound = Some(Bound { session: Arc::clone(session), level });
        Self { core: Arc::clone(&self.core), bound, from: ReadsFrom::OwnWrites }
    }

    /// The same database, whose reads need not see what is newer than `within`, not even what this caller has written. Where there
    /// are no replicas, and inside a transaction, they see it all the same.
    #[must_use]
    #[track_caller]
    pub fn stale_ok(&self, within: impl Into<Staleness>) -> Self {
        Self { from: ReadsFrom::Stale(within.into().duration(Location::caller())), ..self.clone() }
    }

    /// How its replicas stand, in the order in which they are declared.
    #[cfg(feature = "postgres")]
    #[must_use]
    pub fn replicas(&self) -> Vec<ReplicaStatus> {
        self.core.replicas.as_ref().map(|replicas| replicas.status()).unwrap_or_default()
    }

    /// Where several reads that belong together go: one after the other to the same server.
    #[cfg(feature = "postgres")]
    pub(crate) async fn at_one(&self) -> Result<Self, DataError> {
        let from = match self.chosen().await? {
            Some(chosen) => ReadsFrom::At(chosen),
            None => ReadsFrom::AtPrimary,
        };
        Ok(Self { from, ..self.clone() })
    }

    /// The same, whose reads go to the primary.
    #[cfg(feature = "postgres")]
    pub(crate) fn at_primary(&self) -> Self {
        Self { from: ReadsFrom::AtPrimary, ..self.clone() }
    }

    /// Whether reads go to one replica and nowhere else.
    #[cfg(feature = "postgres")]
    pub(crate) fn is_at_replica(&self) -> bool {
        matches!(self.from, ReadsFrom::At(_))
    }

    /// The replica that a read goes to, if it goes to one.
    #[cfg(feature = "postgres")]
    pub(crate) async fn chosen(&self) -> Result<Option<Chosen>, DataError> {
        let sees = match &self.from {
            ReadsFrom::OwnWrites => Sees::OwnWrites,
            // A text that is none is an error with or without replicas.
            ReadsFrom::Stale(within) => Sees::AllBut(within.clone()?),
            ReadsFrom::At(chosen) => return Ok(Some(chosen.clone())),
            ReadsFrom::AtPrimary => return Ok(None),
        };
        // A computation whose result is held is told of what changes at the primary.
        #[cfg(feature = "cache")]
        if crate::cache::is_computing() {
            return Ok(None);
        }
        match &self.core.replicas {
            Some(replicas) if self.bound.is_none() => {
                self.check_outside()?;
                Ok(replicas.choose(sees).await)
            }
            _ => Ok(None),
        }
    }

    /// What is to be held while a statement runs that may write, so that its caller sees it afterwards.
    #[cfg(feature = "postgres")]
    pub(crate) fn writes(&self, reads: Reads) -> Wrote {
        let replicas = self.core.replicas.clone().filter(|_| reads != Reads::Certainly && self.bound.is_none());
        Wrote { replicas, is_attended: false }
    }

    /// See above: without replicas there is nothing to be held.
    #[cfg(not(feature = "postgres"))]
    pub(crate) fn writes(&self, _reads: Reads) -> Wrote {
        Wrote
    }

    /// Whoever follows the database hears that something may have been written. What is held in this process does not outlive this.
    #[cfg_attr(not(feature = "cache"), expect(clippy::unused_async, reason = "nothing is held"))]
    pub(crate) async fn tell_written(&self, about: About) {
        #[cfg(feature = "search")]
        self.core.followed.tell();
        #[cfg(feature = "cache")]
        self.forget_written(about).await;
        let _ = about;
    }

    /// Its number; no two opened databases of one process have the same, and each transaction has one of its own.
    #[cfg(feature = "cache")]
    pub(crate) fn number(&self) -> u64 {
        self.bound.as_ref().map_or(self.core.number, |bound| bound.session.number())
    }

    /// From now on every read sees what has been written by now.
    pub(crate) async fn all_see(&self) {
        #[cfg(feature = "postgres")]
        if let Some(replicas) = &self.core.replicas {
            replicas.all_see().await;
        }
    }

    /// The transaction's connection, or none where the pool gives one.
    pub(crate) async fn lease(&self, reads: Reads) -> Result<Option<Lease<'_>>, DataError> {
        self.check_age()?;
        match &self.bound {
            Some(bound) if reads == Reads::No && bound.session.is_snapshot() => {
                Err(DataError::ReadOnly { database: self.core.name.to_owned() })
            }
            Some(bound) => bound.session.lease(bound.level).await.map(Some),
            None => self.check_outside().map(|()| None),
        }
    }

    /// Refuses an age of rows that is none.
    pub(crate) fn check_age(&self) -> Result<(), DataError> {
        match &self.from {
            ReadsFrom::Stale(Err(error)) => Err(error.clone()),
            _ => Ok(()),
        }
    }

    /// Refuses where the pool would be asked for a second connection beside a transaction that this task is in.
    pub(crate) fn check_outside(&self) -> Result<(), DataError> {
        if transaction::is_inside(self.id()) {
            return Err(DataError::OutsideTransaction { database: self.core.name.to_owned() });
        }
        Ok(())
    }

    /// The tables of such rows.
    #[cfg(feature = "cache")]
    pub(crate) fn tables_of(&self, row: TypeId) -> impl Iterator<Item = &'static str> {
        self.core.tables.iter().filter(move |table| table.row == row).map(TableInfo::name)
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

/// A statement that may write, or has. One that failed may have, too; one that nobody waits for any more may still be at it.
#[cfg(feature = "postgres")]
pub(crate) struct Wrote {
    replicas: Option<Arc<Replicas>>,
    is_attended: bool,
}

#[cfg(feature = "postgres")]
impl Wrote {
    /// Keeps it in mind before the end, too.
    pub(crate) fn so_far(&self) {
        if let Some(replicas) = &self.replicas {
            replicas.wrote(true);
        }
    }

    /// It is over, and `result` is what came of it. Where the connection was lost, or not everything was read, it may still be at work.
    pub(crate) fn with<T>(mut self, result: Result<T, DataError>) -> Result<T, DataError> {
        let is_open = |error: &DataError| {
            matches!(error, DataError::Connection { .. } | DataError::Decode { .. } | DataError::Other { .. })
        };
        self.is_attended = !result.as_ref().is_err_and(is_open);
        result
    }
}

#[cfg(feature = "postgres")]
impl Drop for Wrote {
    fn drop(&mut self) {
        if let Some(replicas) = &self.replicas {
            replicas.wrote(!self.is_attended);
        }
    }
}

/// Without replicas everybody sees everything.
#[cfg(not(feature = "postgres"))]
pub(crate) struct Wrote;

#[cfg(not(feature = "postgres"))]
impl Wrote {
    pub(crate) fn with<T>(self, result: Result<T, DataError>) -> Result<T, DataError> {
        result
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
