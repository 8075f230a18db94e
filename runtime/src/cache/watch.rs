//! Hears of every change of an opened database, whoever made it, by its feed. In: the feed. Out: places of [`Versions`] that have changed,
//! and until when everything is known. A writer of this process waits until its own change has been heard of; what others write is
//! heard of a while later. Absent: what is held.
//!
//! What can't be told (the feed was cut off, is of another past, or too long) is a change of everything. While nothing is heard, nothing
//! is known: what was held is not given, and nothing new is held.

use std::any::TypeId;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use tokio::sync::Mutex;
use tracing::{debug, warn};
use uuid::Uuid;

use super::clock::{self, Time};
use super::place::{ALL, ANY, Places};
use super::versions::{Changing, Stamp, Versions};
use crate::db::feed::{Consumer, Cursor, Feed, Line};
use crate::db::{DataError, Handle, WeakHandle};

/// After so long others' changes are heard of at the latest, or nothing is known.
pub(super) const BEHIND: Duration = Duration::from_secs(1);
/// How often the feed is looked at where nobody of this process writes.
const PAUSE: Duration = Duration::from_millis(50);
/// The longest pause after a failure.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How often it says in the database that it is there.
const RENEWS: Duration = Duration::from_secs(10);
/// For so long, in milliseconds, the database keeps lines for one that does not say so.
const KEPT: i64 = 60_000;
/// So many lines are looked at one by one; more are a change of everything.
const LINES: u32 = 4_096;

/// Hears of the changes of an opened database.
pub(crate) struct Watch {
    database: &'static str,
    /// The number of the opened database.
    pub(super) number: u64,
    /// The types of its tables' rows, and their names.
    rows: Vec<(TypeId, &'static str)>,
    pub(super) versions: Versions,
    pub(super) places: Places,
    /// Nobody else has it: it is in memory.
    alone: bool,
    /// When what was last heard of was asked for; zero while nothing is known.
    level: AtomicU64,
    /// So many have asked to hear of what is committed.
    asked: AtomicU64,
    listening: Mutex<Listening>,
    /// The tables whose changes are in the feed.
    followed: RwLock<Arc<BTreeSet<String>>>,
    ended: AtomicBool,
}

/// Those that are there.
static WATCHES: std::sync::Mutex<Vec<Weak<Watch>>> = std::sync::Mutex::new(Vec::new());

/// Whatever has tables of such rows, and these tables.
pub(super) fn of_rows(row: TypeId) -> Vec<(Arc<Watch>, Vec<&'static str>)> {
    let mut watches = WATCHES.lock().unwrap_or_else(PoisonError::into_inner);
    watches.retain(|watch| watch.strong_count() > 0);
    let of = |watch: &Weak<Watch>| {
        let watch = watch.upgrade().filter(|watch| watch.has_begun())?;
        let tables: Vec<_> = watch.rows.iter().filter(|(of, _)| *of == row).map(|(_, table)| *table).collect();
        (!tables.is_empty()).then_some((watch, tables))
    };
    watches.iter().filter_map(of).collect()
}

/// How far it has heard.
struct Listening {
    /// Nothing where it has to begin anew.
    from: Option<From>,
    /// Those who asked before the last look: it was for them, too.
    answered: u64,
}

/// A place in the feed, and by which name the database knows of it.
struct From {
    cursor: Cursor,
    consumer: Consumer,
    /// What stands beside the name; another one would be of another past.
    mark: String,
    /// One that is on its way to stand there.
    next: Option<String>,
}

impl Watch {
    /// Of a database with these tables.
    pub(crate) fn new(
        database: &'static str,
        number: u64,
        rows: Vec<(TypeId, &'static str)>,
        alone: bool,
    ) -> Arc<Self> {
        let places = Places::new(rows.iter().map(|(_, table)| *table));
        let watch = Arc::new(Self {
            database,
            number,
            rows,
            versions: Versions::new(places.count()),
            places,
            alone,
            level: AtomicU64::new(0),
            asked: AtomicU64::new(0),
            listening: Mutex::new(Listening { from: None, answered: 0 }),
            followed: RwLock::default(),
            ended: AtomicBool::new(false),
        });
        WATCHES.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&watch));
        watch
    }

    /// Whether its database is closed.
    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// Nothing is heard any more.
    fn is_over(&self) {
        self.ended.store(true, Ordering::Release);
        self.level.store(0, Ordering::Release);
    }

    /// Whether everything that was committed `BEHIND` ago is known of.
    pub(super) fn is_level(&self, now: Time) -> bool {
        let level = self.level.load(Ordering::Acquire);
        level != 0 && (self.alone || now.saturating_sub(level) <= clock::nanoseconds(BEHIND))
    }

    /// Now, as changes are counted.
    pub(crate) fn stamp(&self) -> Stamp {
        self.versions.stamp()
    }

    /// Whether it has begun to hear.
    pub(crate) fn has_begun(&self) -> bool {
        self.level.load(Ordering::Acquire) != 0
    }

    /// Whether changes of the table are heard of.
    pub(super) fn follows(&self, table: &str) -> bool {
        self.followed.read().unwrap_or_else(PoisonError::into_inner).contains(table)
    }

    /// Whether changes of all tables are.
    pub(super) fn follows_all(&self) -> bool {
        let followed = Arc::clone(&self.followed.read().unwrap_or_else(PoisonError::into_inner));
        self.places.tables().all(|table| followed.contains(table))
    }

    /// Hears of all that is committed by now.
    ///
    /// # Errors
    /// The database does not answer: then everything has changed, and nothing is known.
    pub(crate) async fn catch_up(&self, handle: &Handle) -> Result<(), DataError> {
        let number = self.asked.fetch_add(1, Ordering::AcqRel) + 1;
        let mut listening = self.listening.lock().await;
        // What was asked for meanwhile is answered, also where it failed: then everything has changed.
        if listening.answered >= number {
            return Ok(());
        }
        let answers = self.asked.load(Ordering::Acquire);
        let begun = clock::now();
        let looked = self.look(&mut listening, handle).await;
        match &looked {
            Ok(()) => {
                self.level.store(begun, Ordering::Release);
            }
            Err(_) => {
                listening.from = None;
                self.level.store(0, Ordering::Release);
                self.versions.change(|changing| changing.place(ALL));
            }
        }
        listening.answered = answers;
        looked
    }

    async fn look(&self, listening: &mut Listening, handle: &Handle) -> Result<(), DataError> {
        let feed = Feed::of(handle);
        let Some(from) = &mut listening.from else {
            listening.from = Some(self.begin(&feed).await?);
            return Ok(());
        };
        let next = from.next.as_deref().unwrap_or(&from.mark);
        let recent = from.consumer.recent(&from.cursor, [&from.mark, next], LINES).await?;
        let is_known = recent.is_known && recent.upto.reaches(&from.cursor);
        if !is_known {
            debug!(database = self.database, "caches begin anew: the feed does not go on where they were");
            listening.from = Some(self.begin(&feed).await?);
            return Ok(());
        }
        if recent.is_cut {
            self.versions.change(|changing| changing.place(ALL));
        } else if !recent.lines.is_empty() {
            self.versions.change(|changing| recent.lines.iter().for_each(|line| self.change(changing, line)));
        }
        from.cursor = recent.upto;
        Ok(())
    }

    /// Begins from what is committed now.
    async fn begin(&self, feed: &Feed) -> Result<From, DataError> {
        let (mark, name) = (Uuid::new_v4().to_string(), format!("cache {}", Uuid::new_v4()));
        let consumer = Consumer::new(feed.clone(), name).kept(KEPT);
        let cursor = feed.now().await?;
        consumer.begin(&cursor, &mark).await?;
        // Whether it can be read, too.
        consumer.recent(&cursor, [&mark, &mark], 1).await?;
        let followed = feed.followed().await?;
        *self.followed.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(followed);
        // What was computed before may be older than the cursor.
        self.versions.change(|changing| changing.place(ALL));
        Ok(From { cursor, consumer, mark, next: None })
    }

    fn change(&self, changing: &mut Changing<'_>, line: &Line) {
        match self.places.changed(&line.table, line.key.as_deref()) {
            Some(places) => places.into_iter().for_each(|place| changing.place(place)),
            // A table that another release calls so may be one of ours.
            None => changing.place(ALL),
        }
        changing.place(ANY);
    }

    /// Says in the database that it is there, and forgets what all have seen.
    async fn renew(&self, handle: &Handle) -> Result<(), DataError> {
        let mark = Uuid::new_v4().to_string();
        let (consumer, cursor, previous) = {
            let mut listening = self.listening.lock().await;
            let Some(from) = &mut listening.from else { return Ok(()) };
            from.next = Some(mark.clone());
            (from.consumer.clone(), from.cursor.clone(), from.mark.clone())
        };
        // Nobody waits for this: a writer may have the lock for long.
        let is_known = consumer.renew(&cursor, &mark, &previous).await?;
        if is_known {
            let mut listening = self.listening.lock().await;
            if let Some(from) = listening.from.as_mut().filter(|from| from.next.as_ref() == Some(&mark)) {
                (from.mark, from.next) = (mark, None);
            }
        }
        let followed = Feed::of(handle).followed().await?;
        let known = Arc::clone(&self.followed.read().unwrap_or_else(PoisonError::into_inner));
        if followed != *known {
            *self.followed.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(followed);
            // Nobody knows since when.
            self.versions.change(|changing| changing.place(ALL));
        }
        consumer.trim().await
    }

    /// Takes back that it is there.
    pub(crate) async fn end(&self) {
        let from = self.listening.lock().await.from.take();
        self.is_over();
        if let Some(from) = from {
            // Otherwise it is forgotten by itself.
            drop(from.consumer.end().await);
        }
    }
}

/// Hears for as long as the database is open.
pub(crate) async fn run(watch: Arc<Watch>, handle: WeakHandle) {
    // Who writes may have to wait, and who listens never does.
    tokio::select! {
        () = listen(&watch, &handle) => {}
        () = keep(&watch, &handle) => {}
    }
    // What is held of it is nobody's any more.
    watch.is_over();
}

async fn listen(watch: &Watch, handle: &WeakHandle) {
    let mut failures = 0_u32;
    while let Some(open) = handle.upgrade() {
        let heard = watch.catch_up(&open).await;
        drop(open);
        match heard {
            Ok(()) => failures = 0,
            Err(DataError::Closed) => return,
            Err(error) => {
                failures += 1;
                if failures == 1 {
                    warn!(database = watch.database, %error, "caches hear nothing of their database: nothing is held until they do");
                }
            }
        }
        let pause = (PAUSE * 2_u32.pow(failures.min(10))).min(LONGEST_PAUSE);
        tokio::time::sleep(pause).await;
    }
}

async fn keep(watch: &Watch, handle: &WeakHandle) {
    loop {
        tokio::time::sleep(RENEWS).await;
        let Some(open) = handle.upgrade() else { return };
        if let Err(error) = watch.renew(&open).await {
            // Who is forgotten for it begins anew.
            debug!(database = watch.database, %error, "caches do not say that they are there; they try again");
        }
    }
}
