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

/// A transaction that changed more rows is committed where nobody else waits for the thread.
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
    let opening = Opening { database: info.name, name, memory, statements: settings.statements, slow: settings.slow };
    let most = if memory { 1 } else { settings.pool.unwrap_or(CONNECTIONS).max(1) };
    let pool = SqlitePool(Arc::new(Shared {
        opening: Arc::new(opening),
        most,
        acquire: settings.timeouts.acquire(),
        lock: settings.timeouts.lock(),
        places: Arc::new(Semaphore::new(most as usize)),
        writer: Arc::new(Semaphore::new(1)),
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
    pub(super) lock: Duration,
    places: Arc<Semaphore>,
    writer: Arc<Semaphore>,
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
    link: Option<Link>,
    pub(super) pool: Arc<Shared>,
    // After the connection, which is given back before another is let in.
    _writes: Option<OwnedSemaphorePermit>,
    _place: OwnedSemaphorePermit,
}

impl Held {
    pub(super) fn link(&self) -> Result<&Link, Trouble> {
        self.link.as_ref().ok_or(Trouble::Failure(Failure::Engine(DataError::Closed)))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(link) = self.link.take() else { return };
        // A database in memory is gone with its connection.
        let is_kept = link.tidy() || self.pool.opening.memory;
        if is_kept && !self.pool.closed.load(Ordering::Acquire) {
            self.pool.idle().push(Idle { link, since: Instant::now() });
        }
    }
}

impl Shared {
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
        let changes = held.link().map_err(Trouble::failure)?.changes();
        let begun = Transaction { held: Arc::new(tokio::sync::Mutex::new(held)), changes };
        begun.command(text, facts).await?;
        Ok(begun)
    }

    /// Closes every connection, waiting for those in use.
    pub(crate) async fn close(&self) {
        self.0.closed.store(true, Ordering::Release);
        // Those before it in the line find that it is closed.
        if let Ok(all) = self.0.places.acquire_many(self.0.most).await {
            self.0.places.close();
            all.forget();
            let idle = std::mem::take(&mut *self.0.idle());
            // The last to close a file writes its log into it.
            drop(aside(|| drop(idle)).await);
        }
    }

    /// A connection for a statement.
    pub(super) async fn held_for(&self, reads: Reads, facts: Facts) -> Result<Held, DataError> {
        // Who closes it stands in the line, too, and those behind need not wait for that.
        self.check_open()?;
        let writes = match reads {
            // The only connection is a line of its own.
            Reads::No if !self.0.opening.memory => {
                Some(permit(&self.0.writer, self.0.lock).await.ok_or(DataError::Busy)?)
            }
            _ => None,
        };
        self.held(writes, facts).await
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
        Ok(Held { link: Some(link), pool: Arc::clone(&self.0), _writes: writes, _place: place })
    }

    /// A new connection. Whether the file keeps a log is its own, and asking for it may need a lock.
    async fn opened(&self, facts: Facts) -> Result<Link, DataError> {
        let mut pause = Pause::new(self.0.lock);
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
        tokio::time::sleep(after.div_f32(2.0).max(Duration::from_millis(1))).await;
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
    /// How many rows the connection had changed before.
    changes: u64,
}

impl Transaction {
    /// Runs a statement in it.
    pub(crate) async fn run(&self, work: Work) -> Result<(Work, u64), Failure> {
        run::run(Arc::clone(&self.held).lock_owned().await, work).await
    }

    /// Runs a short statement of the transaction itself.
    pub(crate) async fn command(&self, text: &str, facts: Facts) -> Result<(), Failure> {
        let mut pause = Pause::new(self.held.lock().await.pool.lock);
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

        let changes = self.held.lock().await.link().map_err(Trouble::failure)?.changes();
        if changes - self.changes > FEW {
            let held = Arc::clone(&self.held).lock_owned().await;
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
        // A long transaction has much to undo. When this can't be done, the drop does it.
        drop(aside(|| drop(held)).await);
    }
}
