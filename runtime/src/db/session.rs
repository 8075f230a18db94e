//! A transaction's connection, shared by the handles that are bound to it, and given back whatever happens.
//! Absent: when a transaction is begun, tried again or committed (see [`super::transaction`]).

use std::cmp::Ordering;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering as Memory};

use tokio::sync::{Mutex, MutexGuard};

use super::call::Failure;
#[cfg(feature = "postgres")]
use super::dialect::postgres;
#[cfg(feature = "sqlite")]
use super::dialect::sqlite;
use super::error::DataError;
use super::handle::{Handle, Pool};
use super::model::Facts;
#[cfg(feature = "cache")]
use crate::cache::Stamp;

/// A transaction that was begun.
pub(crate) struct Session {
    live: Mutex<Option<Live>>,
    /// Set when it ended, so that whoever holds the connection then gives it back.
    over: AtomicBool,
    /// The lowest level whose savepoint was left behind by a dropped future; higher than any level: none.
    abandoned: AtomicU32,
    facts: Facts,
    /// Whether it only reads.
    snapshot: bool,
    /// What tells it from other sessions and opened databases.
    #[cfg(feature = "cache")]
    number: u64,
    /// Before it began, as changes are counted; of a snapshot that a computation has begun.
    #[cfg(feature = "cache")]
    since: Option<Stamp>,
}

const NONE_ABANDONED: u32 = u32::MAX;

struct Live {
    connection: Connection,
    /// How many savepoints are open.
    level: u32,
    /// Whether a statement failed since the last savepoint. PostgreSQL then refuses all others; SQLite would not.
    failed: bool,
    /// Whether the engine asked for the whole transaction to be tried again.
    conflicted: bool,
}

/// A connection in a transaction, which its drop rolls back.
pub(crate) enum Connection {
    #[cfg(feature = "sqlite")]
    Sqlite(sqlite::pool::Transaction),
    #[cfg(feature = "postgres")]
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>),
}

/// How strictly a transaction is kept apart from others, at least. On SQLite each is serializable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Isolation {
    /// As if transactions ran one after the other.
    Serializable,
    /// All reads see what was there when the first of them began, and no row is written that another has written since. Two
    /// transactions may each read what the other writes.
    RepeatableRead,
    /// Each statement sees what was committed when it began.
    ReadCommitted,
}

/// What a transaction is begun for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Work(Isolation),
    /// Statements that read nothing, at the engine's own level.
    Batch,
}

const SAVEPOINT: &str = "SAVEPOINT cell";
const RELEASE: &str = "RELEASE SAVEPOINT cell";
// PostgreSQL keeps the savepoint after going back to it; both engines take the innermost of a name.
const ROLL_BACK_TO: &str = "ROLLBACK TO SAVEPOINT cell; RELEASE SAVEPOINT cell";

impl Session {
    /// Begins a transaction on a connection of the handle's pool.
    pub(crate) async fn begin(handle: &Handle, purpose: Purpose) -> Result<Arc<Self>, DataError> {
        let facts = handle.facts();
        let connection = match handle.pool() {
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(pool) => match purpose {
                Purpose::Work(_) | Purpose::Batch => Connection::Sqlite(pool.begin(facts).await?),
            },
            #[cfg(feature = "postgres")]
            Pool::Postgres(pool) => {
                let begun = match purpose {
                    Purpose::Work(Isolation::Serializable) => {
                        pool.begin_with("BEGIN ISOLATION LEVEL SERIALIZABLE").await
                    }
                    Purpose::Work(Isolation::RepeatableRead) => {
                        pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ").await
                    }
                    Purpose::Work(Isolation::ReadCommitted) => {
                        pool.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED").await
                    }
                    Purpose::Batch => pool.begin().await,
                };
                Connection::Postgres(begun.map_err(|cause| postgres::error(cause, facts))?)
            }
        };
        Ok(Arc::new(Self::of(connection, facts, false)))
    }

    /// Begins a transaction that only reads.
    pub(crate) async fn snapshot(handle: &Handle) -> Result<Arc<Self>, DataError> {
        let facts = handle.facts();
        // What it reads then is the primary's.
        #[cfg(feature = "cache")]
        let since = if crate::cache::is_computing() {
            crate::cache::begins(handle).await;
            handle.stamp()
        } else {
            None
        };
        let connection = match handle.pool() {
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(pool) => Connection::Sqlite(pool.begin_snapshot(facts).await?),
            #[cfg(feature = "postgres")]
            Pool::Postgres(pool) => {
                let chosen = handle.chosen().await?;
                let pool = chosen.as_ref().map_or(pool, |chosen| &chosen.follower.pool);
                let begun = pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await;
                let begun = begun.map_err(|cause| postgres::error(cause, facts))?;
                // What is there now, its first statement sees.
                if chosen.is_some_and(|chosen| !chosen.holds()) {
                    return Err(super::replica::reading::gone());
                }
                Connection::Postgres(begun)
            }
        };
        let session = Self::of(connection, facts, true);
        #[cfg(feature = "cache")]
        let session = Self { since, ..session };
        Ok(Arc::new(session))
    }

    fn of(connection: Connection, facts: Facts, snapshot: bool) -> Self {
        let live = Live { connection, level: 0, failed: false, conflicted: false };
        Self {
            live: Mutex::new(Some(live)),
            over: AtomicBool::new(false),
            abandoned: AtomicU32::new(NONE_ABANDONED),
            facts,
            snapshot,
            #[cfg(feature = "cache")]
            number: super::handle::number(),
            #[cfg(feature = "cache")]
            since: None,
        }
    }

    /// Before it began, as changes are counted; nothing where nobody counted them, or it is no snapshot of a computation.
    #[cfg(feature = "cache")]
    pub(crate) fn since(&self) -> Option<Stamp> {
        self.since
    }

    /// What tells it from other sessions and opened databases.
    #[cfg(feature = "cache")]
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Whether it only reads.
    pub(crate) fn is_snapshot(&self) -> bool {
        self.snapshot
    }

    /// The connection, for a statement at `level`.
    pub(crate) async fn lease(&self, level: u32) -> Result<Lease<'_>, DataError> {
        let mut lease = self.lock().await;
        lease.leave_abandoned().await?;
        let live = lease.live()?;
        match live.level.cmp(&level) {
            // A savepoint is open above the one that asks: what it did now would be undone with that.
            Ordering::Greater => Err(DataError::OutsideTransaction { database: self.facts.table.to_owned() }),
            Ordering::Equal if !live.failed => Ok(lease),
            Ordering::Equal | Ordering::Less => Err(DataError::Aborted),
        }
    }

    async fn lock(&self) -> Lease<'_> {
        Lease { session: self, guard: Some(self.live.lock().await) }
    }

    /// Opens a savepoint above `level`.
    pub(crate) async fn open_savepoint(&self, level: u32) -> Result<(), DataError> {
        let mut lease = self.lease(level).await?;
        let opened = lease.run(SAVEPOINT).await;
        lease.note(opened)?;
        lease.live()?.level += 1;
        Ok(())
    }

    /// Keeps what was done since the savepoint above `level`; goes back to it where a statement failed.
    pub(crate) async fn keep_savepoint(&self, level: u32) -> Result<(), DataError> {
        let mut lease = self.lock().await;
        lease.leave_abandoned().await?;
        if lease.live()?.failed {
            lease.leave(level).await?;
            return Err(DataError::Aborted);
        }
        let released = lease.run(RELEASE).await;
        lease.note(released)?;
        lease.live()?.level = level;
        Ok(())
    }

    /// Goes back to the savepoint above `level`.
    pub(crate) async fn leave_savepoint(&self, level: u32) -> Result<(), DataError> {
        self.lock().await.leave(level).await
    }

    /// As [`Session::leave_savepoint`], before the next statement: for a future that is dropped and can't wait.
    pub(crate) fn abandon_savepoint(&self, level: u32) {
        self.abandoned.fetch_min(level, Memory::AcqRel);
    }

    /// Commits. A transaction in which a statement failed has nothing to commit.
    pub(crate) async fn commit(&self) -> Result<(), DataError> {
        let taken = {
            let mut lease = self.lock().await;
            lease.leave_abandoned().await?;
            if lease.live()?.failed {
                return Err(DataError::Aborted);
            }
            self.over.store(true, Memory::Release);
            lease.take()
        };
        match taken.ok_or(DataError::Aborted)?.connection {
            #[cfg(feature = "sqlite")]
            Connection::Sqlite(transaction) => transaction.commit(self.facts).await,
            #[cfg(feature = "postgres")]
            Connection::Postgres(transaction) => {
                transaction.commit().await.map_err(|cause| postgres::error(cause, self.facts))
            }
        }
    }

    /// Rolls back, and waits for it. An error of this is not told: the connection is closed then, which rolls back too.
    pub(crate) async fn roll_back(&self) {
        let taken = {
            let mut lease = self.lock().await;
            self.over.store(true, Memory::Release);
            lease.take()
        };
        match taken.map(|live| live.connection) {
            #[cfg(feature = "sqlite")]
            Some(Connection::Sqlite(transaction)) => transaction.roll_back().await,
            #[cfg(feature = "postgres")]
            Some(Connection::Postgres(transaction)) => drop(transaction.rollback().await),
            None => {}
        }
    }

    /// Whether the engine refused a statement, or did not answer.
    pub(crate) async fn is_failed(&self) -> bool {
        self.live.lock().await.as_ref().is_none_or(|live| live.failed)
    }

    /// Whether the engine asked for the whole transaction to be tried again.
    pub(crate) async fn is_conflicted(&self) -> bool {
        self.live.lock().await.as_ref().is_some_and(|live| live.conflicted)
    }

    /// Ends it where nobody can wait. The connection rolls back before its next use.
    pub(crate) fn end(&self) {
        self.over.store(true, Memory::Release);
        // Otherwise a statement is running, in a task that outlives the transaction: its lease ends it.
        if let Ok(mut live) = self.live.try_lock() {
            live.take();
        }
    }
}

/// The connection while a statement has it.
pub(crate) struct Lease<'a> {
    session: &'a Session,
    guard: Option<MutexGuard<'a, Option<Live>>>,
}

impl Lease<'_> {
    fn live(&mut self) -> Result<&mut Live, DataError> {
        self.guard.as_mut().and_then(|guard| guard.as_mut()).ok_or(DataError::Aborted)
    }

    fn take(&mut self) -> Option<Live> {
        self.guard.as_mut()?.take()
    }

    pub(crate) fn connection(&mut self) -> Result<&mut Connection, DataError> {
        self.live().map(|live| &mut live.connection)
    }

    /// Keeps in mind what a statement's failure means for the transaction.
    pub(crate) fn note<T>(&mut self, result: Result<T, Failure>) -> Result<T, DataError> {
        let refused = match &result {
            Err(Failure::Engine(error)) => Some(error),
            #[cfg(feature = "postgres")]
            Err(Failure::Outdated(error)) => Some(error),
            Ok(_) | Err(Failure::Reading(_)) => None,
        };
        if let (Some(error), Ok(live)) = (refused, self.live()) {
            live.failed = true;
            live.conflicted |= error.is_conflict();
        }
        result.map_err(DataError::from)
    }

    async fn run(&mut self, text: &'static str) -> Result<(), Failure> {
        let facts = self.session.facts;
        match self.connection().map_err(Failure::Reading)? {
            #[cfg(feature = "sqlite")]
            Connection::Sqlite(transaction) => transaction.command(text, facts).await,
            #[cfg(feature = "postgres")]
            Connection::Postgres(transaction) => postgres::run::command(transaction, text, facts).await,
        }
    }

    /// Goes back to the savepoint above `level`, and past those above it.
    async fn leave(&mut self, level: u32) -> Result<(), DataError> {
        while self.live()?.level > level {
            let left = self.run(ROLL_BACK_TO).await;
            self.note(left)?;
            let live = self.live()?;
            live.level -= 1;
            live.failed = false;
        }
        Ok(())
    }

    async fn leave_abandoned(&mut self) -> Result<(), DataError> {
        match self.session.abandoned.swap(NONE_ABANDONED, Memory::AcqRel) {
            NONE_ABANDONED => Ok(()),
            level => self.leave(level).await,
        }
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        self.guard = None;
        if self.session.over.load(Memory::Acquire) {
            self.session.end();
        }
    }
}
