//! What follows the changes of an opened database, without keeping it open. In: handles. Out: the indexes of its tables, and word of what
//! is written here. Absent: the feed, by which whatever anybody writes is heard of.

use std::path::PathBuf;
use std::sync::{Arc, Weak};

use tokio::sync::Notify;

use super::{Core, Handle, ReadsFrom};
use crate::db::error::DataError;
use crate::db::open;
use crate::search::{Indexed, Indexes, Live};

/// What follows the changes of an opened database.
#[derive(Default)]
pub(super) struct Followed {
    indexes: Indexes,
    /// Told when something may have been written here.
    written: Arc<Notify>,
}

impl Followed {
    pub(super) fn tell(&self) {
        self.written.notify_waiters();
    }
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
    pub(crate) fn written(&self) -> Arc<Notify> {
        Arc::clone(&self.core.followed.written)
    }

    /// The search index of a table, which is followed from now on.
    pub(crate) fn index_of<T: Indexed>(&self, table: &'static str) -> Result<Arc<Live>, DataError> {
        self.core.followed.indexes.of::<T>(self, table)
    }

    /// Where the search indexes of the database are; in memory, nowhere.
    pub(crate) fn search_folder(&self) -> Result<Option<PathBuf>, DataError> {
        if self.core.memory {
            return Ok(None);
        }
        open::search_folder(self.core.name, &self.core.url).map(Some)
    }
}
