//! What follows the changes of an opened database, without keeping it open. In: handles. Out: the indexes of its tables, what hears of
//! changes for caches, and word of what is written here. Absent: the feed, by which whatever anybody writes is heard of.

#[cfg(feature = "cache")]
use std::any::{Any, TypeId};
#[cfg(feature = "cache")]
use std::collections::hash_map::{Entry, HashMap};
#[cfg(feature = "search")]
use std::path::PathBuf;
#[cfg(feature = "cache")]
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
#[cfg(feature = "cache")]
use std::sync::{Mutex, OnceLock, PoisonError};

#[cfg(feature = "search")]
use tokio::sync::Notify;

use super::{Core, Handle, ReadsFrom};
#[cfg(feature = "cache")]
use crate::cache::{self, Stamp, Watch, What};
#[cfg(feature = "cache")]
use crate::db::call::{About, Call, Reads};
#[cfg(feature = "search")]
use crate::db::error::DataError;
#[cfg(feature = "search")]
use crate::db::open;
#[cfg(feature = "search")]
use crate::search::{Indexed, Indexes, Live};

/// An `Arc<dyn Rows<T>>`.
#[cfg(feature = "cache")]
type AnyRows = Box<dyn Any + Send + Sync>;

/// What follows the changes of an opened database.
#[derive(Default)]
pub(super) struct Followed {
    #[cfg(feature = "search")]
    indexes: Indexes,
    /// Told when something may have been written here.
    #[cfg(feature = "search")]
    written: Arc<Notify>,
    /// Hears of changes from when something is read that is to be held.
    #[cfg(feature = "cache")]
    watch: OnceLock<Arc<Watch>>,
    /// What holds the rows of tables.
    #[cfg(feature = "cache")]
    rows: Mutex<HashMap<(TypeId, &'static str), AnyRows>>,
}

#[cfg(feature = "search")]
impl Followed {
    pub(super) fn tell(&self) {
        self.written.notify_waiters();
    }
}

/// A number that no other opened database of this process has.
#[cfg(feature = "cache")]
pub(crate) fn number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A handle that does not keep the database open.
#[derive(Clone)]
pub(crate) struct WeakHandle(Weak<Core>);

impl WeakHandle {
    /// The handle, for as long as somebody else has one.
    pub(crate) fn upgrade(&self) -> Option<Handle> {
        let core = self.0.upgrade()?;
        Some(Handle { core, bound: None, from: ReadsFrom::OwnWrites })
    }
}

impl Handle {
    pub(crate) fn downgrade(&self) -> WeakHandle {
        WeakHandle(Arc::downgrade(&self.core))
    }

    /// Told when something may have been written here.
    #[cfg(feature = "search")]
    pub(crate) fn written(&self) -> Arc<Notify> {
        Arc::clone(&self.core.followed.written)
    }

    /// The search index of a table, which is followed from now on.
    #[cfg(feature = "search")]
    pub(crate) fn index_of<T: Indexed>(&self, table: &'static str) -> Result<Arc<Live>, DataError> {
        self.core.followed.indexes.of::<T>(self, table)
    }

    /// Where the search indexes of the database are; in memory, nowhere.
    #[cfg(feature = "search")]
    pub(crate) fn search_folder(&self) -> Result<Option<PathBuf>, DataError> {
        if self.core.memory {
            return Ok(None);
        }
        open::search_folder(self.core.name, &self.core.url).map(Some)
    }
}

#[cfg(feature = "cache")]
impl Handle {
    /// Hears of changes, from now on.
    pub(crate) fn watch(&self) -> Arc<Watch> {
        let watch = self.core.followed.watch.get_or_init(|| {
            let rows = self.core.tables.iter().map(|table| (table.row, table.name())).collect();
            let watch = Watch::new(self.core.name, self.core.number, rows, self.core.memory);
            tokio::spawn(cache::run(Arc::clone(&watch), self.downgrade()));
            watch
        });
        Arc::clone(watch)
    }

    /// What holds the rows of a table, if they are held.
    pub(crate) fn held_rows<T: 'static>(&self, table: &'static str) -> Option<Arc<dyn cache::Rows<T>>> {
        let row = TypeId::of::<T>();
        let info = self.core.tables.iter().find(|info| info.row == row && info.name() == table)?;
        let hold = info.hold?;
        let mut rows = self.core.followed.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let known = match rows.entry((row, table)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(Box::new(hold.rows::<T>(self.core.name, table)?)),
        };
        known.downcast_ref().cloned()
    }

    /// Now, as changes are counted; nothing where nobody counts them.
    pub(crate) fn stamp(&self) -> Option<Stamp> {
        self.core.followed.watch.get().filter(|watch| watch.has_begun()).map(|watch| watch.stamp())
    }

    /// The same database outside of any transaction.
    pub(crate) fn unbound(&self) -> Self {
        Self { core: Arc::clone(&self.core), bound: None, from: ReadsFrom::OwnWrites }
    }

    /// Nobody hears of changes any more.
    pub(super) async fn end_watch(&self) {
        if let Some(watch) = self.core.followed.watch.get() {
            watch.end().await;
        }
    }

    /// Whether it may take another connection: neither it nor this task is inside a transaction.
    pub(crate) fn is_outside(&self) -> bool {
        self.bound.is_none() && self.check_outside().is_ok()
    }

    /// Whatever this process holds of what was written here is gone when this returns; inside of a transaction nothing is written yet.
    pub(super) async fn forget_written(&self, about: About) {
        if self.bound.is_some() || about == About::Feed {
            return;
        }
        if let Some(watch) = self.core.followed.watch.get().filter(|watch| watch.has_begun()) {
            // Where the feed can't be asked, everything is forgotten.
            drop(Box::pin(watch.catch_up(&self.unbound())).await);
        }
    }

    /// A computation that this task is in hears what a statement does, before it runs.
    pub(crate) async fn tell_computation(&self, call: &Call, reads: Reads) {
        if let Some(what) = what(call, reads) {
            cache::runs(self, what).await;
        }
    }

    /// The same, where nobody can wait.
    pub(crate) fn tell_computation_later(&self, call: &Call) {
        if let Some(what) = what(call, call.reads) {
            cache::runs_later(self, what);
        }
    }
}

/// What a statement does; nothing where that is said elsewhere, or is nobody's rows.
#[cfg(feature = "cache")]
fn what(call: &Call, reads: Reads) -> Option<What<'static>> {
    match call.about {
        About::Feed => None,
        _ if reads == Reads::No => Some(What::Write),
        About::Row => None,
        About::Rows => Some(What::Table(call.facts.table)),
        About::Anything => Some(What::Database),
    }
}
