//! How an index stands. In: an index that is open or not, its database. Out: what a program or a person wants to know of it. Nothing is
//! built, followed or changed for it.

use std::path::Path;
use std::time::Duration;

use cell_manifest::{SearchRows, SearchState, SearchTrouble, SearchedIndex, SetAside};
use chrono::{DateTime, Utc};

use super::error::SearchError;
use super::index::Indexed;
use super::live::Live;
use super::store::{Generation, Payload, Store};
use crate::db::Handle;
use crate::db::feed::{Cursor, Feed};

/// How often it is looked again where another process goes on meanwhile.
const LOOKS: u32 = 4;

/// How a search index stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IndexStatus {
    /// How many documents are searched; nothing before the index was built.
    pub documents: Option<u64>,
    /// How many changes of the table are not in it; nothing before it was built.
    pub behind: Option<u64>,
    /// When it last had all of them, to a few seconds: whoever writes notes it no more often while nothing changes.
    pub level_at: Option<DateTime<Utc>>,
    /// How far a build of it has come, where there is one.
    pub building: Option<SearchRows>,
    /// Rows that it can't take.
    pub set_aside: SetAside,
    /// What went wrong last, while it goes on to.
    pub trouble: Option<SearchTrouble>,
}

impl IndexStatus {
    /// For how long it has not had everything: nothing at all while it is level. `None` where it never was, or nobody noted it.
    #[must_use]
    pub fn lag(&self) -> Option<Duration> {
        match self.behind {
            Some(0) => Some(Duration::ZERO),
            _ => self.level_at.map(|at| (Utc::now() - at).to_std().unwrap_or_default()),
        }
    }
}

/// How the index of a table stands, which is followed.
pub(crate) async fn status<T: Indexed>(handle: &Handle, table: &'static str) -> Result<IndexStatus, SearchError> {
    let live = handle.index_of::<T>(table)?;
    let looked = look(&live, handle).await?;
    Ok(IndexStatus {
        documents: looked.documents,
        behind: looked.behind,
        level_at: looked.level_at.and_then(DateTime::from_timestamp_millis),
        building: looked.building,
        set_aside: looked.set_aside,
        trouble: looked.trouble,
    })
}

/// An index of which nothing is known yet.
pub(super) fn unknown(database: &str, index: &str, table: &str) -> SearchedIndex {
    SearchedIndex {
        database: database.to_owned(),
        index: index.to_owned(),
        table: table.to_owned(),
        state: SearchState::Unknown,
        written: false,
        asked: false,
        building: None,
        documents: None,
        rows: None,
        bytes: None,
        behind: None,
        level_at: None,
        set_aside: SetAside::default(),
        trouble: None,
        compared: None,
        problem: None,
    }
}

/// Looks at an index. Absent: its table's rows.
pub(super) async fn look(live: &Live, handle: &Handle) -> Result<SearchedIndex, SearchError> {
    let feed = Feed::of(handle);
    let mut looked = unknown(handle.name(), live.info.name.unwrap_or(live.table), live.table);
    let state = live.state();
    looked.written = state.is_writer || live.store.is_held();
    let standing = if state.is_writer { state.standing } else { live.store.standing() };
    looked.level_at = standing.level_at;
    looked.trouble = standing.trouble;
    // Of a process that was killed, a build is not believed.
    looked.building = standing.building.filter(|_| looked.written);
    looked.asked = live.store.is_asked();
    if let Store::Folder(folder) = &live.store {
        looked.bytes = Some(size(folder));
    }
    for _ in 0..LOOKS {
        let generation = match opened(live) {
            Ok(Some(generation)) => generation,
            Ok(None) => {
                looked.state = SearchState::Missing;
                return Ok(looked);
            }
            Err(reason) => {
                looked.state = SearchState::Unreadable;
                looked.problem = Some(reason);
                return Ok(looked);
            }
        };
        looked.documents = Some(generation.reader.searcher().num_docs());
        let Ok(Some(payload)) = generation.payload() else {
            looked.state = SearchState::Unreadable;
            looked.problem = Some("its last commit can't be read".to_owned());
            return Ok(looked);
        };
        looked.set_aside = payload.aside.told();
        let committed: Cursor = payload.cursor.parse()?;
        let came = state.came.clone().filter(|came| came.reaches(&committed)).unwrap_or(committed);
        looked.behind = Some(live.lacks(&feed, &came).await?);
        looked.state = SearchState::Ready;
        // Whoever writes has seen to it.
        if looked.written || is_known(live, &feed, &payload).await? {
            return Ok(looked);
        }
        looked.state = SearchState::Forgotten;
    }
    Ok(looked)
}

/// The generation that is searched. Where it is replaced meanwhile, the next one.
fn opened(live: &Live) -> Result<Option<Generation>, String> {
    if let Some(shown) = live.generation() {
        return Ok(Some(shown));
    }
    let mut looks = 0;
    loop {
        let current = live.store.current();
        match live.store.open(&live.layout, live.info.language) {
            Ok(generation) => return Ok(generation),
            Err(_) if looks < LOOKS && live.store.current() != current => looks += 1,
            Err(error) => return Err(error.to_string()),
        }
    }
}

/// Whether the database knows the last step of the index.
async fn is_known(live: &Live, feed: &Feed, payload: &Payload) -> Result<bool, SearchError> {
    let standing = live.consumer(feed, &payload.consumer).standing().await?;
    Ok(standing.is_some_and(|standing| {
        standing.mark == payload.mark || standing.next.is_some_and(|(_, mark)| mark == payload.mark)
    }))
}

/// What the files of a folder take, in bytes.
fn size(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let sizes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => size(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    });
    sizes.sum()
}
