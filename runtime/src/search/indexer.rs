//! Keeps a search index in step with its table. In: the feed, the table's rows. Out: commits.
//!
//! One process writes, the one that holds the folder's lock; the others look at what it commits. The writer takes what changed since its
//! last commit, reads those rows again as they are now, and commits them together with how far it came: so it may be killed at any point,
//! and what it does twice does no harm. What of the feed cannot be told row by row (a table that was emptied or migrated), and an
//! index that is of another past than its database, or damaged, is built anew beside the old one, which is searched until then.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use tantivy::TantivyError;
use tracing::{info, warn};

use super::building::{Building, Worked};
use super::error::SearchError;
use super::follow::Followed;
use super::index::Indexed;
use super::live::Live;
use super::store::{Generation, Lease, Store};
use super::writing::Writing;
use crate::db::feed::Feed;
use crate::db::{DataError, Handle, WeakHandle};

/// How often the feed is looked at where nothing tells of a change.
const PAUSE: Duration = Duration::from_millis(100);
/// The longest pause after a failure.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How long a build that was asked for is put off when it has failed.
const PUT_OFF: Duration = Duration::from_secs(60);
/// How many lines are read at once.
pub(super) const LINES: u32 = 4_096;
/// How many rows are read at once.
pub(super) const ROWS: usize = 512;

/// What goes wrong here.
type Result<T> = std::result::Result<T, SearchError>;

/// Follows the table for as long as its database is open.
pub(super) async fn run<T: Indexed>(live: Arc<Live>, handle: WeakHandle) {
    let mut indexer = Indexer::<T>::new(Arc::clone(&live), Purpose::Serve);
    let mut failures = 0_u32;
    loop {
        let Some(open) = handle.upgrade() else { return };
        let written = open.written();
        let turn = indexer.turn(&open).await;
        drop(open);
        match turn {
            Ok(()) => {
                failures = 0;
                if indexer.failed.is_none() {
                    live.goes_on();
                }
            }
            Err(SearchError::Data(DataError::Closed)) => return,
            Err(error) => {
                failures += 1;
                warn!(table = live.table, %error, "the search index does not follow its table; it is tried again");
                live.fails(&error);
                // Whatever is written meanwhile: it would fail again.
                tokio::time::sleep((PAUSE * 2_u32.pow(failures.min(10))).min(LONGEST_PAUSE)).await;
                continue;
            }
        }
        if indexer.is_building() {
            continue;
        }
        // Whoever writes in this process says so.
        drop(tokio::time::timeout(PAUSE, written.notified()).await);
    }
}

/// What an index is followed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To be searched: it is built where it has to be.
    Serve,
    /// To be looked at: what has to be built is an error.
    Inspect,
}

pub(super) struct Indexer<T> {
    pub(super) live: Arc<Live>,
    purpose: Purpose,
    lease: Option<Lease>,
    writing: Option<Writing>,
    /// A generation in the making, beside it.
    building: Option<Building>,
    /// Whether the one that is searched, if there is one, can't be followed any more.
    is_lost: bool,
    /// When a build that was asked for failed.
    failed: Option<Instant>,
    row: std::marker::PhantomData<fn() -> T>,
}

impl<T: Indexed> Indexer<T> {
    pub(super) fn new(live: Arc<Live>, purpose: Purpose) -> Self {
        Self {
            live,
            purpose,
            lease: None,
            writing: None,
            building: None,
            is_lost: false,
            failed: None,
            row: std::marker::PhantomData,
        }
    }

    /// Whether this one writes.
    pub(super) fn is_writer(&self) -> bool {
        self.lease.is_some()
    }

    /// Comes as far as the table is now, or as another process has come.
    pub(super) async fn turn(&mut self, handle: &Handle) -> Result<()> {
        // Rows are read where the feed is: a replica may be behind.
        #[cfg(feature = "postgres")]
        let handle = &handle.at_primary();
        let feed = Feed::of(handle);
        if self.live.is_suspect() {
            (self.writing, self.is_lost) = (None, false);
        }
        if self.lease.is_none() {
            self.lease = self.live.store.lease().map_err(|error| self.io(&error))?;
            if self.lease.is_none() {
                return self.look(&feed).await;
            }
            self.live.takes_over();
        }
        if self.writing.is_none() && !self.is_lost {
            self.writing = self.resume(&feed).await?;
            self.is_lost = self.writing.is_none();
        }
        if let Some(mut writing) = self.writing.take() {
            let begun = Utc::now().timestamp_millis();
            match self.follow(&mut writing, handle, &feed).await {
                Ok(Followed::To(cursor)) => {
                    self.live.note(|state| state.came = Some(cursor));
                    self.live.is_level(begun);
                    self.writing = Some(writing);
                }
                // It is searched as it is, and followed no more.
                Ok(Followed::Reset) => self.is_lost = true,
                Err(error) => {
                    // What was not committed is done again, which does no harm.
                    self.writing = matches!(error, SearchError::Data(_)).then_some(writing);
                    return Err(error);
                }
            }
        }
        if !self.live.store.is_asked() {
            // It is not wanted any more.
            self.failed = None;
        }
        if self.building.is_some() || self.writing.is_none() || self.is_asked() {
            let built = self.build(handle, &feed).await;
            // Until it is tried again, the one that is there is followed.
            self.failed = built.is_err().then(Instant::now);
            built?;
        }
        Ok(())
    }

    /// Whether a generation is in the making.
    pub(super) fn is_building(&self) -> bool {
        self.building.is_some()
    }

    /// Goes on with a generation, or begins one.
    async fn build(&mut self, handle: &Handle, feed: &Feed) -> Result<()> {
        if self.purpose == Purpose::Inspect {
            let reason = "it has to be built anew, which the next process does that writes".to_owned();
            return Err(SearchError::Index { table: self.live.table, reason });
        }
        let mut building = match self.building.take() {
            Some(building) => building,
            None => self.begin(handle, feed).await?,
        };
        match self.go_on(&mut building, handle, feed).await {
            Ok(Worked::Shown) => {
                let ended = self.end(&building, feed).await;
                // It is searched, whatever is left to be done about the one before.
                self.live.note(|state| state.came = Some(building.writing.cursor.clone()));
                self.writing = Some(building.writing);
                self.is_lost = false;
                ended?;
            }
            Ok(Worked::On) => self.building = Some(building),
            // Any row may have changed since: it is begun again.
            Ok(Worked::Reset) => self.give_up(building, feed).await?,
            // It goes on from where it is.
            Err(error @ SearchError::Data(_)) => {
                self.building = Some(building);
                return Err(error);
            }
            Err(error) => {
                if let Err(further) = self.give_up(building, feed).await {
                    warn!(table = self.live.table, %further, "what was built is not cleared away yet");
                }
                return Err(error);
            }
        }
        Ok(())
    }

    /// Goes on where the index was left; nothing where it has to be built.
    async fn resume(&self, feed: &Feed) -> Result<Option<Writing>> {
        let table = self.live.table;
        // Every file is read for it.
        let live = Arc::clone(&self.live);
        let opened = tokio::task::spawn_blocking(move || {
            let opened = live.store.open(&live.layout, live.info.language)?;
            Ok::<_, TantivyError>(opened.map(|opened| (damaged(&opened), opened)))
        });
        let opened = opened.await.unwrap_or_else(|error| Err(TantivyError::ErrorInThread(error.to_string())));
        let opened = match opened {
            Ok(Some((None, opened))) => opened,
            Ok(Some((Some(file), _))) => {
                warn!(table, file, "a file of the search index is damaged: it is built anew");
                return Ok(None);
            }
            Ok(None) => match self.live.generation() {
                // In memory there is nothing but what is open.
                Some(opened) if matches!(self.live.store, Store::Memory) => opened,
                _ => return Ok(None),
            },
            Err(error) => {
                warn!(table, %error, "the search index can't be read: it is built anew");
                return Ok(None);
            }
        };
        // It is whole, and searched also where it has to be built anew.
        self.live.show(opened.clone());
        let Ok(Some(payload)) = opened.payload() else { return Ok(None) };
        let consumer = self.live.consumer(feed, &payload.consumer);
        let Some(standing) = consumer.standing().await? else {
            info!(table, "the search index was away for too long: it is built anew");
            return Ok(None);
        };
        let cursor = match standing.next {
            // It was killed between its step and saying so.
            Some((cursor, mark)) if mark == payload.mark => {
                consumer.made(&mark).await?;
                cursor
            }
            _ if standing.mark == payload.mark => standing.cursor,
            _ => {
                warn!(table, "the search index is of another past than its database: it is built anew");
                return Ok(None);
            }
        };
        self.forget(feed, &payload.consumer).await?;
        let mut writing = Writing::new(&self.live, opened, consumer, payload.consumer, cursor, payload.mark)?;
        writing.aside = payload.aside;
        Ok(Some(writing))
    }

    /// Whether it is to be built anew.
    fn is_asked(&self) -> bool {
        let is_time = self.failed.is_none_or(|at| at.elapsed() >= PUT_OFF);
        is_time && self.purpose == Purpose::Serve && self.live.store.is_asked()
    }

    pub(super) fn index(&self, error: &tantivy::TantivyError) -> SearchError {
        SearchError::index(self.live.table, error)
    }

    pub(super) fn io(&self, error: &std::io::Error) -> SearchError {
        SearchError::Index { table: self.live.table, reason: error.to_string() }
    }
}

/// A file of an index that is not as it was written.
fn damaged(generation: &Generation) -> Option<String> {
    match generation.index.validate_checksum() {
        Ok(damaged) => damaged.into_iter().next().map(|path| path.display().to_string()),
        Err(error) => Some(error.to_string()),
    }
}
