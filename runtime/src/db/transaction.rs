//! Transactions: begun, tried again when the engine asks for it, and rolled back on error, panic and drop.
//! In: an async closure, cloned for each attempt. Out: its result, committed.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use super::call::{About, Reads};
use super::error::DataError;
use super::handle::Handle;
use super::model::{Database, Has, Model};
use super::session::{Isolation, Purpose, Session};
use super::table::Table;

/// How often a transaction is tried in all.
const ATTEMPTS: u32 = 8;

/// A database inside a transaction. It dereferences to the database, so a function that takes `&Shop` takes it too.
#[derive(Clone)]
pub struct Tx<D> {
    database: D,
}

impl<D> Deref for Tx<D> {
    type Target = D;

    fn deref(&self) -> &D {
        &self.database
    }
}

impl<D: Database> fmt::Debug for Tx<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tx").field(self.database.handle()).finish()
    }
}

impl<T: Model, D: Has<T>> Has<T> for Tx<D> {
    fn table(&self) -> &Table<T> {
        self.database.table()
    }
}

impl<D: Database> Tx<D> {
    /// Runs `work` so that its failure undoes only what it did itself, and the transaction goes on. Inside it the tables
    /// of this transaction are reached through the `tx` that it gets, not through the one around it.
    ///
    /// # Errors
    /// Those of `work`, after it was undone; [`DataError::Aborted`] where it hid the failure of a statement.
    pub async fn savepoint<T, E, F>(&self, work: F) -> Result<T, E>
    where
        E: From<DataError>,
        F: AsyncFnOnce(&Self) -> Result<T, E>,
    {
        savepoint(&self.database, work).await
    }
}

/// Runs `work` in a transaction. See [`try_transaction`].
///
/// # Errors
/// Those of `work`, and those of beginning and committing.
pub async fn transaction<D, T, F>(database: &D, work: F) -> crate::Result<T>
where
    D: Database,
    F: AsyncFnOnce(&Tx<D>) -> crate::Result<T> + Clone,
{
    try_transaction(database, work).await
}

/// Runs `work` in a serializable transaction, commits where it returns `Ok`, and rolls back where it returns an error,
/// panics or is dropped. Where the engine finds a conflict with other transactions, `work` is cloned and run again, eight
/// times in all, so what it does beside the database may happen more than once. On a transaction it is a savepoint.
///
/// # Errors
/// Those of `work`; [`DataError::Serialization`] where every attempt conflicted; [`DataError::Busy`] where SQLite's write
/// lock was not to be had; [`DataError::Aborted`] where `work` hid the failure of a statement.
pub async fn try_transaction<D, T, E, F>(database: &D, work: F) -> Result<T, E>
where
    D: Database,
    E: From<DataError>,
    F: AsyncFnOnce(&Tx<D>) -> Result<T, E> + Clone,
{
    try_transaction_at(database, Isolation::Serializable, work).await
}

/// As [`transaction`], kept apart from others less strictly.
///
/// # Errors
/// As [`transaction`].
pub async fn transaction_at<D, T, F>(database: &D, isolation: Isolation, work: F) -> crate::Result<T>
where
    D: Database,
    F: AsyncFnOnce(&Tx<D>) -> crate::Result<T> + Clone,
{
    try_transaction_at(database, isolation, work).await
}

/// As [`try_transaction`], kept apart from others less strictly. On a transaction it is a savepoint of that, and as strict.
///
/// # Errors
/// As [`try_transaction`].
pub async fn try_transaction_at<D, T, E, F>(database: &D, isolation: Isolation, work: F) -> Result<T, E>
where
    D: Database,
    E: From<DataError>,
    F: AsyncFnOnce(&Tx<D>) -> Result<T, E> + Clone,
{
    let handle = database.handle();
    if handle.session().is_some() {
        return savepoint(database, work).await;
    }
    handle.check_outside()?;
    let mut attempt = 1;
    loop {
        let open = Open(Session::begin(handle, Purpose::Work(isolation)).await?);
        let tx = Tx { database: D::rebind(handle.bound_to(&open.0, 0)) };
        let result = INSIDE.scope(Inside::enter(handle), work.clone()(&tx)).await;
        let conflicted = open.0.is_conflicted().await;
        let (result, conflicted) = match result {
            Ok(value) => match commit(handle, &open).await {
                Ok(()) => return Ok(value),
                Err(error) => {
                    let conflicted = conflicted || error.is_conflict();
                    (E::from(error), conflicted)
                }
            },
            Err(error) => (error, conflicted),
        };
        open.0.roll_back().await;
        if !conflicted || attempt == ATTEMPTS {
            return Err(result);
        }
        tokio::time::sleep(pause(attempt)).await;
        attempt += 1;
    }
}

/// Runs `work` in a transaction that only reads: everything in it sees the database as it was when its first statement began, and
/// nobody waits for it. Where there are replicas it reads from the nearest, and `work` is cloned and run again if that is lost. On a
/// transaction it is a savepoint of that.
///
/// # Errors
/// Those of `work`; [`DataError::ReadOnly`] where it writes.
pub async fn try_snapshot<D, T, E, F>(database: &D, work: F) -> Result<T, E>
where
    D: Database,
    E: From<DataError>,
    F: AsyncFnOnce(&Tx<D>) -> Result<T, E> + Clone,
{
    let handle = database.handle();
    if handle.session().is_some() {
        return savepoint(database, work).await;
    }
    handle.check_outside()?;
    #[cfg(feature = "postgres")]
    let handle = &handle.at_one().await?;
    #[cfg(feature = "postgres")]
    if let Some(chosen) = handle.chosen().await? {
        let read = tokio::select! {
            read = read_once(handle, work.clone()) => Some(read),
            () = chosen.follower.lost() => None,
        };
        // What goes wrong with a replica the primary makes good.
        if let Some((result, Trouble::None)) = read {
            chosen.follower.answered();
            return result;
        }
    }
    #[cfg(feature = "postgres")]
    let handle = &handle.at_primary();
    let mut attempt = 1;
    loop {
        match read_once::<D, T, E, F>(handle, work.clone()).await {
            (_, Trouble::Conflict) if attempt < ATTEMPTS => tokio::time::sleep(pause(attempt)).await,
            (result, _) => return result,
        }
        attempt += 1;
    }
}

/// Runs `work` in a transaction that only reads. See [`try_snapshot`].
///
/// # Errors
/// As [`try_snapshot`].
pub async fn snapshot<D, T, F>(database: &D, work: F) -> crate::Result<T>
where
    D: Database,
    F: AsyncFnOnce(&Tx<D>) -> crate::Result<T> + Clone,
{
    try_snapshot(database, work).await
}

/// What the engine had against a transaction.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trouble {
    None,
    /// It refused a statement, or did not answer.
    Failure,
    /// It asks for another attempt.
    Conflict,
}

/// One attempt at a transaction that only reads: there is nothing to commit in the end.
async fn read_once<D, T, E, F>(handle: &Handle, work: F) -> (Result<T, E>, Trouble)
where
    D: Database,
    E: From<DataError>,
    F: AsyncFnOnce(&Tx<D>) -> Result<T, E>,
{
    let open = match Session::snapshot(handle).await {
        Ok(session) => Open(session),
        Err(error) => return (Err(error.into()), Trouble::Failure),
    };
    let tx = Tx { database: D::rebind(handle.bound_to(&open.0, 0)) };
    let result = INSIDE.scope(Inside::enter(handle), work(&tx)).await;
    let trouble = match (open.0.is_conflicted().await, open.0.is_failed().await) {
        (true, _) => Trouble::Conflict,
        (false, true) => Trouble::Failure,
        (false, false) => Trouble::None,
    };
    open.0.roll_back().await;
    match (result, trouble) {
        (Ok(_), Trouble::Failure | Trouble::Conflict) => (Err(DataError::Aborted.into()), trouble),
        (result, trouble) => (result, trouble),
    }
}

/// Commits, and keeps in mind for the caller that it wrote: also a commit whose answer is lost may have been done.
async fn commit(handle: &Handle, open: &Open) -> Result<(), DataError> {
    let wrote = handle.writes(Reads::No);
    let done = wrote.with(open.0.commit().await);
    handle.tell_written(About::Anything).await;
    done
}

async fn savepoint<D, T, E, F>(database: &D, work: F) -> Result<T, E>
where
    D: Database,
    E: From<DataError>,
    F: AsyncFnOnce(&Tx<D>) -> Result<T, E>,
{
    let handle = database.handle();
    let (session, level) = handle.session().ok_or(DataError::Aborted)?;
    session.open_savepoint(level).await?;
    let mut open = OpenSavepoint { session, level, done: false };
    let tx = Tx { database: D::rebind(handle.bound_to(session, level + 1)) };
    let result = work(&tx).await;
    open.done = true;
    match result {
        Ok(value) => {
            session.keep_savepoint(level).await?;
            Ok(value)
        }
        Err(error) => {
            session.leave_savepoint(level).await?;
            Err(error)
        }
    }
}

/// Runs `work` in a transaction of the handle's, or in the one that it is bound to, once.
pub(crate) async fn once<T>(
    handle: &Handle,
    work: impl AsyncFnOnce(&Handle) -> Result<T, DataError>,
) -> Result<T, DataError> {
    if handle.session().is_some() {
        return work(handle).await;
    }
    handle.check_outside()?;
    let open = Open(Session::begin(handle, Purpose::Batch).await?);
    let value = work(&handle.bound_to(&open.0, 0)).await?;
    commit(handle, &open).await?;
    Ok(value)
}

/// A transaction that ends with its scope, also when that is left by a panic or a dropped future.
struct Open(Arc<Session>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// The same of a savepoint.
struct OpenSavepoint<'a> {
    session: &'a Session,
    level: u32,
    done: bool,
}

impl Drop for OpenSavepoint<'_> {
    fn drop(&mut self) {
        if !self.done {
            self.session.abandon_savepoint(self.level);
        }
    }
}

tokio::task_local! {
    static INSIDE: Inside;
}

/// The databases that this task has a transaction of.
#[derive(Clone)]
struct Inside {
    database: usize,
    #[cfg(feature = "cache")]
    number: u64,
    around: Option<Arc<Inside>>,
}

impl Inside {
    fn enter(handle: &Handle) -> Self {
        Self {
            database: handle.id(),
            #[cfg(feature = "cache")]
            number: handle.number(),
            around: INSIDE.try_with(|inside| Arc::new(inside.clone())).ok(),
        }
    }
}

/// Whether this task is inside a transaction of the opened database of this number.
#[cfg(feature = "cache")]
pub(crate) fn is_inside_of(number: u64) -> bool {
    let is_inside = INSIDE.try_with(|inside| {
        std::iter::successors(Some(inside), |inside| inside.around.as_deref()).any(|inside| inside.number == number)
    });
    is_inside.unwrap_or(false)
}

/// Whether this task is inside any transaction.
#[cfg(feature = "cache")]
pub(crate) fn is_inside_any() -> bool {
    INSIDE.try_with(|_| ()).is_ok()
}

/// Whether this task is inside a transaction of this database.
pub(crate) fn is_inside(database: usize) -> bool {
    INSIDE
        .try_with(|inside| {
            std::iter::successors(Some(inside), |inside| inside.around.as_deref())
                .any(|inside| inside.database == database)
        })
        .unwrap_or(false)
}

/// Before the next attempt: longer each time, up to half a second, and never the same for two that conflicted.
fn pause(attempt: u32) -> Duration {
    let most = 1_u64 << (attempt + 2).min(9);
    // A fresh state's hash is as random as a pause needs to be.
    Duration::from_micros(500 + RandomState::new().hash_one(attempt) % (most * 1_000))
}
