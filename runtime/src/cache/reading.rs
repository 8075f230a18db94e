//! What a computation reads, as it reads it. In: every statement that runs on a database, from where it runs. Out: of which places what was
//! computed is made, and since when; or why it can't be held. Absent: what is done with that.
//!
//! A task has one computation at a time, or several one in another: what the inner one reads, the outer one has read. A task that is
//! spawned in between is of it only by [`crate::db::same_caller`].

use std::any::TypeId;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use smallvec::SmallVec;

use super::clock::{NEVER, Time};
use super::place::ANY;
use super::versions::Stamp;
use super::watch::{self, Watch};
use crate::db::{ColumnInfo, Handle, Value};

/// So long a computation waits until its database is listened to.
const BEGINNING: Duration = Duration::from_millis(100);

tokio::task_local! {
    static READING: Arc<Reading>;
}

/// A computation.
pub(crate) struct Reading {
    asks: Asks,
    found: Mutex<Found>,
    around: Option<Arc<Reading>>,
}

/// What its attribute says of what it reads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asks {
    /// The rows of tables that it reads, whatever is seen of it.
    pub(crate) reads: &'static [fn() -> TypeId],
    /// The rows of tables whose changes do not concern it.
    pub(crate) ignores: &'static [fn() -> TypeId],
}

/// What was read so far.
pub(super) struct Found {
    pub(super) parts: Parts,
    pub(super) unheld: Option<Unheld>,
    /// What was read itself, not by what is held: databases and their tables; no table is any.
    pub(super) tables: Tables,
    /// When something that it is made of ends.
    pub(super) until: Time,
}

impl Default for Found {
    fn default() -> Self {
        Self { parts: Parts::new(), unheld: None, tables: Tables::new(), until: NEVER }
    }
}

/// What was read of one database.
#[derive(Clone)]
pub(super) struct Read {
    pub(super) watch: Arc<Watch>,
    /// The number of the opened database.
    pub(super) database: u64,
    pub(super) since: Stamp,
    pub(super) places: SmallVec<[u32; 2]>,
}

/// Databases and their tables.
pub(super) type Tables = SmallVec<[(&'static str, Option<&'static str>); 2]>;

/// What was read: mostly of one database. It lies where what is held lies, since it is looked at with it.
pub(super) type Parts = SmallVec<[Read; 1]>;

/// Why what was computed is not held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unheld {
    /// It read inside of a transaction around it.
    Transaction,
    /// It wrote.
    Wrote,
    /// Nothing is heard of a table that it read.
    Unfollowed(&'static str),
    /// Nothing is heard of the database yet, or any more.
    Unheard,
    /// It searched an index.
    #[cfg(feature = "search")]
    Searched,
}

/// What a statement does.
#[derive(Clone, Copy)]
pub(crate) enum What<'a> {
    /// It reads a row, by its key.
    Row(&'static str, &'a [&'a ColumnInfo], &'a [Value<'a>]),
    /// It reads rows of a table.
    Table(&'static str),
    /// It reads whatever it likes.
    Database,
    /// It writes.
    Write,
}

impl Reading {
    pub(super) fn new(asks: &Asks) -> Arc<Self> {
        let mut found = Found::default();
        for row in asks.reads {
            let watches = watch::of_rows(row());
            if watches.is_empty() {
                found.unheld = Some(Unheld::Unheard);
            }
            for (watch, tables) in watches {
                let since = watch.versions.stamp();
                for table in tables {
                    if !watch.follows(table) {
                        found.unheld = Some(Unheld::Unfollowed(table));
                    }
                    let places: SmallVec<[u32; 2]> = watch.places.table(table).into_iter().collect();
                    found.add(&watch, watch.number, since, &places);
                }
            }
        }
        Arc::new(Self { asks: *asks, found: Mutex::new(found), around: current() })
    }

    /// Runs the computation.
    pub(super) async fn run<T>(self: &Arc<Self>, work: impl Future<Output = T>) -> T {
        READING.scope(Arc::clone(self), work).await
    }

    /// What it read, once it is done, and may be held until then. Whatever it was made in has read that, too.
    pub(super) fn end(&self, expires: Time) -> Found {
        let mut found = std::mem::take(&mut *self.found());
        found.until = found.until.min(expires);
        if let Some(around) = &self.around {
            let mut outer = around.found();
            outer.unheld = outer.unheld.or(found.unheld);
            outer.until = outer.until.min(found.until);
            for part in &found.parts {
                outer.add(&part.watch, part.database, part.since, &part.places);
            }
        }
        found
    }

    fn found(&self) -> std::sync::MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_ignored(&self, handle: &Handle, table: &str) -> bool {
        self.asks.ignores.iter().any(|row| handle.tables_of(row()).any(|ignored| ignored == table))
    }
}

impl Found {
    fn add(&mut self, watch: &Arc<Watch>, database: u64, since: Stamp, places: &[u32]) {
        match self.parts.iter_mut().find(|part| Arc::ptr_eq(&part.watch, watch)) {
            Some(part) => {
                part.since = part.since.min(since);
                for place in places {
                    if !part.places.contains(place) {
                        part.places.push(*place);
                    }
                }
            }
            None => self.parts.push(Read { watch: Arc::clone(watch), database, since, places: places.into() }),
        }
    }
}

/// The computation that this task is in.
pub(super) fn current() -> Option<Arc<Reading>> {
    READING.try_with(Arc::clone).ok()
}

/// Whether this task is in a computation: then what it reads is to be the newest.
pub(crate) fn is_computing() -> bool {
    READING.try_with(|_| ()).is_ok()
}

/// Makes `work` a part of the computation that this task is in, wherever it runs.
pub(crate) fn same<T>(work: impl Future<Output = T>) -> impl Future<Output = T> {
    let reading = current();
    async {
        match reading {
            Some(reading) => READING.scope(reading, work).await,
            None => work.await,
        }
    }
}

/// What a computation is made of may be held until then.
pub(super) fn lasts(until: Time) {
    if let Some(reading) = current() {
        let mut found = reading.found();
        found.until = found.until.min(until);
    }
}

/// A computation searches an index, which is behind its table.
#[cfg(feature = "search")]
pub(crate) fn searches() {
    if let Some(reading) = current() {
        reading.found().unheld.get_or_insert(Unheld::Searched);
    }
}

/// A computation reads what was held, made of these parts, which hold as of these stamps.
pub(super) fn reads_held(parts: &[Read], stamps: &[Stamp], until: Time) {
    let Some(reading) = current() else { return };
    let mut found = reading.found();
    found.until = found.until.min(until);
    for (part, stamp) in parts.iter().zip(stamps) {
        found.add(&part.watch, part.database, *stamp, &part.places);
    }
}

/// A statement is about to run. To be told before it does.
pub(crate) async fn runs(handle: &Handle, what: What<'_>) {
    let Some(reading) = current() else { return };
    if !matches!(what, What::Write) {
        begins(handle).await;
    }
    reading.runs(handle, what);
}

/// The database is listened to from now on. Where that would have to wait, others begin.
pub(crate) async fn begins(handle: &Handle) {
    let watch = handle.watch();
    if !watch.has_begun() && handle.is_outside() {
        let handle = handle.unbound();
        // It is statements of its own that it runs.
        drop(tokio::time::timeout(BEGINNING, Box::pin(watch.catch_up(&handle))).await);
    }
}

/// A statement is about to run, and nobody can wait.
pub(crate) fn runs_later(handle: &Handle, what: What<'_>) {
    if let Some(reading) = current() {
        reading.runs(handle, what);
    }
}

impl Reading {
    fn runs(&self, handle: &Handle, what: What<'_>) {
        let table = match what {
            What::Row(table, ..) | What::Table(table) => Some(table),
            What::Database => None,
            What::Write => {
                self.found().unheld = Some(Unheld::Wrote);
                return;
            }
        };
        let watch = &handle.watch();
        if table.is_some_and(|table| self.is_ignored(handle, table)) {
            return;
        }
        // Of a snapshot that the computation itself has begun it is known how old it may be; of others, and of what writes, it is not.
        let since = match handle.session() {
            Some((session, _)) => session.since(),
            None => watch.has_begun().then(|| watch.versions.stamp()),
        };
        let Some(since) = since else {
            let unheld = if handle.session().is_some() { Unheld::Transaction } else { Unheld::Unheard };
            let mut found = self.found();
            found.unheld = found.unheld.or(Some(unheld));
            return;
        };
        let is_followed = table.map_or_else(|| watch.follows_all(), |table| watch.follows(table));
        let mut places = SmallVec::<[u32; 2]>::new();
        match what {
            What::Row(table, columns, key) => match watch.places.row(table, columns, key) {
                Some(row) => places.extend(row),
                None => places.extend(watch.places.table(table)),
            },
            What::Table(table) => places.extend(watch.places.table(table)),
            What::Database => places.push(ANY),
            What::Write => {}
        }
        let mut found = self.found();
        if !found.tables.contains(&(handle.name(), table)) {
            found.tables.push((handle.name(), table));
        }
        if !is_followed || places.is_empty() {
            found.unheld = found.unheld.or(Some(Unheld::Unfollowed(table.unwrap_or(handle.name()))));
        }
        found.add(watch, watch.number, since, &places);
    }
}
