//! How an index stands, for other processes to see: the one that writes notes it in a small file beside the generations. In: when it was
//! last level, how far a build has come, what went wrong. Out: the same, read elsewhere. The file is replaced as a whole and not waited
//! for: what it says is of use for a moment. Of a process that ended, only what is past is believed.
//!
//! And what is asked of whoever writes: that the index be built anew. That file is waited for, and stays until it is done.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::PoisonError;
use std::time::Duration;

use cell_manifest::{SearchRows, SearchTrouble};
use chrono::Utc;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::error::SearchError;
use super::live::Live;
use super::store::{self, Store};

const STANDING: &str = "standing";
const REBUILD: &str = "rebuild";

/// How often progress is noted.
const PROGRESS: Duration = Duration::from_millis(500);
/// How often it is noted that there is nothing new.
const QUIET: Duration = Duration::from_secs(5);

/// How an index stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Standing {
    /// When it last had all changes, in milliseconds since 1970.
    pub(super) level_at: Option<i64>,
    /// How far a build has come.
    pub(super) building: Option<SearchRows>,
    /// What went wrong last, while it goes on to.
    pub(super) trouble: Option<SearchTrouble>,
}

impl Live {
    /// This process writes from now on. When the index was last level is taken over.
    pub(super) fn takes_over(&self) {
        let left = self.store.standing().level_at;
        self.note(|state| {
            state.is_writer = true;
            state.standing.level_at = state.standing.level_at.or(left);
        });
        self.tell(Duration::ZERO);
    }

    /// It has all that was committed by `at`, in milliseconds since 1970.
    pub(super) fn is_level(&self, at: i64) {
        let was_behind = self.lag.lock().unwrap_or_else(PoisonError::into_inner).level(self.table);
        let is_first = self.state().standing.level_at.is_none();
        self.note(|state| state.standing.level_at = Some(at));
        self.tell(match (is_first, was_behind) {
            (true, _) => Duration::ZERO,
            (false, true) => PROGRESS,
            (false, false) => QUIET,
        });
    }

    /// It lacks so many changes.
    pub(super) fn is_behind(&self, lines: u64) {
        self.lag.lock().unwrap_or_else(PoisonError::into_inner).behind(self.table, lines);
    }

    /// So many rows of a build are done; nothing when it has ended.
    pub(super) fn builds(&self, rows: Option<SearchRows>) {
        self.lag.lock().unwrap_or_else(PoisonError::into_inner).rests();
        self.note(|state| state.standing.building = rows);
        self.tell(match rows {
            Some(SearchRows { done: 1.., .. }) => PROGRESS,
            _ => Duration::ZERO,
        });
    }

    /// Something went wrong, and is tried again.
    pub(super) fn fails(&self, error: &SearchError) {
        let trouble = SearchTrouble { at: Utc::now().timestamp_millis(), message: error.to_string() };
        self.note(|state| state.standing.trouble = Some(trouble));
        self.tell(Duration::ZERO);
    }

    /// Nothing goes wrong.
    pub(super) fn goes_on(&self) {
        if self.state().standing.trouble.is_some() {
            self.note(|state| state.standing.trouble = None);
            self.tell(Duration::ZERO);
        }
    }

    /// Tells others, unless they were told less than `pause` ago.
    fn tell(&self, pause: Duration) {
        let state = self.state();
        let (Store::Folder(folder), true) = (&self.store, state.is_writer) else { return };
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_some_and(|told| told.elapsed() < pause) {
            return;
        }
        *told = Some(Instant::now());
        let text = serde_json::to_string(&state.standing).unwrap_or_default();
        // Nobody depends on it.
        drop(replace(folder, &text));
    }
}

fn replace(folder: &Path, text: &str) -> io::Result<()> {
    let next = folder.join("standing.next");
    fs::write(&next, text)?;
    fs::rename(next, folder.join(STANDING))
}

impl Store {
    /// What the process that writes, or wrote, noted last.
    pub(super) fn standing(&self) -> Standing {
        let Self::Folder(folder) = self else { return Standing::default() };
        let text = fs::read_to_string(folder.join(STANDING)).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Asks whoever writes to build the index anew. Who has been asked already is not asked twice.
    pub(super) fn ask(&self) -> io::Result<()> {
        let Self::Folder(folder) = self else { return Ok(()) };
        fs::create_dir_all(folder)?;
        if self.is_asked() { Ok(()) } else { store::write(folder, REBUILD, "") }
    }

    /// Whether the index is to be built anew.
    pub(super) fn is_asked(&self) -> bool {
        let Self::Folder(folder) = self else { return false };
        folder.join(REBUILD).exists()
    }

    /// It was, or is not to be any more.
    pub(super) fn answered(&self) -> io::Result<()> {
        let Self::Folder(folder) = self else { return Ok(()) };
        match fs::remove_file(folder.join(REBUILD)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Whether a process has the right to write.
    pub(super) fn is_held(&self) -> bool {
        let Self::Folder(folder) = self else { return true };
        // Shared, so that two who look do not take each other for one who writes.
        let file = fs::File::open(folder.join(store::LOCK));
        file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(fs::TryLockError::WouldBlock)))
    }
}
