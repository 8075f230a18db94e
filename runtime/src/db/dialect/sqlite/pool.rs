//! Connections to SQLite: some to a file in WAL mode, or the one to a database in memory. In: where it is, and the settings. Out: a
//! connection for a statement or a transaction, given back by its drop with nothing begun. Those that write come one after the
//! other: the engine has one write lock, and who stands in a line gets it sooner than who asks again and again.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use cell_migrate::Url;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::link::{Link, Opening, Trouble};
use super::run::{self, Pause, Times, aside};
use super::{error, is_locked, stream};
use crate::db::call::{Call, Failure, Read, Reads, Work};
use crate::db::error::DataError;
use crate::db::handle::{Handle, Pool};
use crate::db::model::{DatabaseInfo, Facts};
use crate::db::settings::Settings;

const CONNECTIONS: u32 = 8;

/// The engine has one lock for those that write, and the machine few processors for those that read.
const MOST_CONNECTIONS: u32 = 256;

/// What changed more rows is kept, or undone, where nobody else waits for the thread.
const FEW: u64 = 500;

/// Opens the file, made where it is missing, or a new database in memory.
pub(crate) async fn open(
    info: &'static DatabaseInfo,
    settings: &Settings,
    path: Option<PathBuf>,
) -> Result<Handle, DataError> {
    let memory = path.is_none();
    let (name, url) = path.map_or_else(in_memory, |path| (path.clone(), Url::sqlite(&path)));
    let refused = |reason: String| DataError::open(info.name, [&url.to_string(), ": ", &reason].concat());
    if let Some(folder) = name.parent().filter(|_| !memory) {
        tokio::fs::create_dir_all(folder).await.map_err(|error| refused(error.to_string()))?;
    }
    let opening = Opening {
        database: info.name,
        name,
        memory,
        statements: settings.statements,
        lock: settings.timeouts.lock(),
        slow: settings.slow,
    };
    let most = if memory { 1 } else { settings.pool.unwrap_or(CONNECTIONS).clamp(1, MOST_CONNECTIONS) };
    let pool = SqlitePool(Arc::new(Shared {
        opening: Arc::new(opening),
        most,
        acquire: settings.timeouts.acquire(),
        places: Arc::new(Semaphore::new(most as usize)),
        writer: Arc::new(Semaphore::new(1)),
        turns: AtomicU64::new(0),
        idle: Mutex::default(),
        closed: AtomicBool::new(false),
        times: Times::default(),
    }));
    let facts = Facts { table: info.name, columns: &[], key: &[] };
    // Who starts wants to know at once whether it can be opened.
    match pool.held(None, facts).await {
        Ok(first) => drop(first),
        Err(DataError::Other { reason }) => return Err(refused(reason)),
        Err(error) => return Err(refused(error.to_string())),
    }
    if !memory {
        tokio::spawn(close_unused(Arc::downgrade(&pool.0), settings.timeouts.idle()));
    }
    Ok(Handle::new(info, Pool::Sqlite(pool), url, memory))
}

fn in_memory() -> (PathBuf, Url) {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    // Named, and shared within the process, so that migrations reach it by its URL.
    let name = ["file:cell-memory-", &NUMBER.fetch_add(1, Ordering::Relaxed).to_string()].concat();
    let url = Url::new(["sqlite:", &name, "?mode=memory"].concat());
    ([&name, "?mode=memory&cache=shared"].concat().into(), url)
}

/// The connections of a database. A clone is the same ones.
#[derive(Clone)]
pub(crate) struct SqlitePool(Arc<Shared>);

pub(super) struct Shared {
    opening: Arc<Opening>,
    most: u32,
    acquire: Duration,
    places: Arc<Semaphore>,
    writer: Arc<Semaphore>,
    /// How often a writer's turn came.
    turns: AtomicU64,
    /// The one that was used last is taken first, so that the others come to be closed.
    idle: Mutex<Vec<Idle>>,
    closed: AtomicBool,
    pub(super) times: Times,
}

struct Idle {
    link: Link,
    since: Instant,
}

/// A connection in use.
pub(super) struct Held {
    lent: Option<Lent>,
    pub(super) pool: Arc<Shared>,
    /// Whether a statement failed that nobody waited for any more.
    pub(super) failed_alone: bool,
}

struct Lent {
    link: Link,
    /// How many rows it had changed before.
    changes: u64,
    // After the connection, which is given back before another is let in.
    _writes: Option<OwnedSemaphorePermit>,
    _place: OwnedSemaphorePermit,
}

impl Held {
    pub(super) fn link(&self) -> Result<&Link, Trouble> {
        let lent = self.lent.as_ref().ok_or(Trouble::Failure(Failure::Engine(DataError::Closed)))?;
        Ok(&lent.link)
    }

    /// Whether what it has changed is soon kept, or undone.
    fn changed_little(&self) -> bool {
        self.lent.as_ref().is_none_or(Lent::changed_little)
    }

    /// Its transaction, which has to be open still, and in which nothing went wrong unheard.
    fn check_transaction(&self) -> Result<(), Failure> {
        let is_open = self.link().is_ok_and(Link::is_in_transaction);
        if is_open && !self.failed_alone { Ok(()) } else { Err(Failure::Engine(DataError::Aborted)) }
    }
}

impl Lent {
    fn changed_little(&self) -> bool {
        self.link.changes().wrapping_sub(self.changes) <= FEW
    }

    /// Gives it back, with nothing begun.
    fn give_back(self, pool: &Shared) {
        // A database in memory is gone with its connection.
        let is_kept = self.link.tidy() || pool.opening.memory;
        if is_kept && !pool.closed.load(Ordering::Acquire) {
            pool.idle().push(Idle { link: self.link, since: Instant::now() });
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(lent) = self.lent.take() else { return };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) if lent.link.is_in_transaction() && !lent.changed_little() => {
                let pool = Arc::clone(&self.pool);
                drop(runtime.spawn_blocking(move || lent.give_back(&pool)));
            }
            _ => lent.give_back(&self.pool),
        }
    }
}

impl Shared {
    /// How long a lock is waited for.
    pub(super) fn lock(&self) -> Duration {
        self.opening.lock
    }

    /// Tells the log of a statement that took long; not of its values.
    pub(super) fn note(&self, statement: &str, took: Duration) {
        if took >= self.opening.slow {
            tracing::warn!(database = self.opening.database, statement, ?took, "slow statement");
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SqlitePool {
    /// Runs a statement by itself.
    pub(crate) async fn run(&self, work: Work) -> Result<(Work, u64), Failure> {
        let held = self.held_for(work.call.reads, work.call.facts).await.map_err(Failure::Engine)?;
        run::run(Box::new(held), work).await
    }

    /// The rows of a statement, as they are wanted.
    pub(crate) fn stream<T: Send + 'static>(
        &self,
        call: Call,
        read: impl Read<T>,
    ) -> futures_util::stream::BoxStream<'static, Result<T, Failure>> {
        stream::stream(self.clone(), call, read)
    }

    /// Begins a transaction that may write. It has the write lock from its beginning: one that reads first could not get it later.
    pub(crate) async fn begin(&self, facts: Facts) -> Result<Transaction, DataError> {
        self.begun(Reads::No, "BEGIN IMMEDIATE", facts).await
    }

    /// Begins one that only reads, and takes no lock that writers need.
    pub(crate) async fn begin_snapshot(&self, facts: Facts) -> Result<Transaction, DataError> {
        self.begun(Reads::Certainly, "BEGIN DEFERRED", facts).await
    }

    async fn begun(&self, reads: Reads, text: &str, facts: Facts) -> Result<Transaction, DataError> {
        let held = self.held_for(reads, facts).await?;
        let begun = Transaction { held: Arc::new(tokio::sync::Mutex::new(held)) };
        begun.command(text, facts).await?;
        Ok(begun)
    }

    /// Closes every connection, waiting for those in use.
    pub(crate) async fn close(&self) {
        self.0.closed.store(true, Ordering::Release);
        // Those before it in the line find that it is closed.
        let _all = self.0.places.acquire_many(self.0.most).await;
        let idle = std::mem::take(&mut *self.0.idle());
        // The last to close a file writes its log into it.
        drop(aside(|| drop(idle)).await);
    }

    /// A connection for a statement.
    pub(super) async fn held_for(&self, reads: Reads, facts: Facts) -> Result<Held, DataError> {
        // Who closes it stands in the line, too, and those behind need not wait for that.
        self.check_open()?;
        let writes = match reads {
            // The only connection is a line of its own.
            Reads::No if !self.0.opening.memory => {
                let turn = self.turn().await;
                self.check_open()?;
                Some(turn?)
            }
            _ => None,
        };
        self.held(writes, facts).await
    }

    /// A writer's turn. Who waits while one and the same other has it waits for a lock, who waits in a line that moves for a
    /// connection.
    async fn turn(&self) -> Result<OwnedSemaphorePermit, DataError> {
        let pool = &self.0;
        let mut line = std::pin::pin!(Arc::clone(&pool.writer).acquire_owned());
        let until = tokio::time::Instant::now() + pool.acquire;
        loop {
            let turns = pool.turns.load(Ordering::Acquire);
            let left = until.saturating_duration_since(tokio::time::Instant::now());
            match tokio::time::timeout(pool.lock().min(left), &mut line).await {
                Ok(Ok(permit)) => {
                    pool.turns.fetch_add(1, Ordering::AcqRel);
                    return Ok(permit);
                }
                Ok(Err(_)) => return Err(DataError::Closed),
                Err(_) if pool.turns.load(Ordering::Acquire) == turns && pool.lock() <= left => {
                    return Err(DataError::Busy);
                }
                Err(_) if pool.lock() > left => return Err(DataError::Timeout),
                Err(_) => {}
            }
        }
    }

    fn check_open(&self) -> Result<(), DataError> {
        if self.0.closed.load(Ordering::Acquire) { Err(DataError::Closed) } else { Ok(()) }
    }

    async fn held(&self, writes: Option<OwnedSemaphorePermit>, facts: Facts) -> Result<Held, DataError> {
        let place = permit(&self.0.places, self.0.acquire).await;
        self.check_open()?;
        let place = place.ok_or(DataError::Timeout)?;
        let idle = self.0.idle().pop();
        let link = match idle {
            Some(idle) => idle.link,
            None => self.opened(facts).await?,
        };
        let lent = Lent { changes: link.changes(), link, _writes: writes, _place: place };
        Ok(Held { lent: Some(lent), pool: Arc::clone(&self.0), failed_alone: false })
    }

    /// A new connection. Whether the file keeps a log is its own, and asking for it may need a lock.
    async fn opened(&self, facts: Facts) -> Result<Link, DataError> {
        let mut pause = Pause::new(self.0.lock());
        loop {
            let opening = Arc::clone(&self.0.opening);
            match aside(move || Link::open(&opening)).await? {
                Ok(link) => return Ok(link),
                Err(cause) if is_locked(&cause) && pause.wait().await => {}
                Err(cause) => return Err(error(&cause, facts)),
            }
        }
    }
}

/// A permit, if there is one in time.
async fn permit(of: &Arc<Semaphore>, within: Duration) -> Option<OwnedSemaphorePermit> {
    if let Ok(permit) = Arc::clone(of).try_acquire_owned() {
        return Some(permit);
    }
    tokio::time::timeout(within, Arc::clone(of).acquire_owned()).await.ok()?.ok()
}

/// Closes connections that nobody has used for so long, until the pool is gone.
async fn close_unused(pool: Weak<Shared>, after: Duration) {
    loop {
        tokio::time::sleep((after / 2).max(Duration::from_millis(1))).await;
        let Some(pool) = pool.upgrade() else { return };
        let unused: Vec<_> = pool.idle().extract_if(.., |idle| idle.since.elapsed() >= after).collect();
        if !unused.is_empty() {
            drop(aside(|| drop(unused)).await);
        }
    }
}

/// A connection in a transaction, which its drop rolls back. A statement that nobody waits for any more keeps it until it ends.
pub(crate) struct Transaction {
    held: Arc<tokio::sync::Mutex<Held>>,
}

impl Transaction {
    /// Runs a statement in it.
    pub(crate) async fn run(&self, work: Work) -> Result<(Work, u64), Failure> {
        let held = Arc::clone(&self.held).lock_owned().await;
        held.check_transaction()?;
        run::run(held, work).await
    }

    /// Runs a short statement of the transaction itself.
    pub(crate) async fn command(&self, text: &str, facts: Facts) -> Result<(), Failure> {
        let mut pause = Pause::new(self.held.lock().await.pool.lock());
        loop {
            let done = self.held.lock().await.link().and_then(|link| link.command(text, facts));
            match done {
                Ok(()) => return Ok(()),
                Err(Trouble::Locked) if pause.wait().await => {}
                Err(trouble) => return Err(trouble.failure()),
            }
        }
    }

    /// Keeps what it did.
    pub(crate) async fn commit(self, facts: Facts) -> Result<(), DataError> {
        const COMMIT: &str = "COMMIT";

        let held = Arc::clone(&self.held).lock_owned().await;
        held.check_transaction()?;
        if held.changed_little() {
            drop(held);
        } else {
            let done = aside(move || held.link().and_then(|link| link.command(COMMIT, facts))).await?;
            match done {
                Err(Trouble::Locked) => {}
                done => return done.map_err(|trouble| trouble.failure().into()),
            }
        }
        Ok(self.command(COMMIT, facts).await?)
    }

    /// Undoes what it did.
    pub(crate) async fn roll_back(self) {
        // A statement may be running yet.
        let held = self.held.lock_owned().await;
        if held.changed_little() {
            return drop(held);
        }
        // When this can't be done, the drop does it.
        drop(aside(move || held.link().is_ok_and(Link::tidy)).await);
    }
}
