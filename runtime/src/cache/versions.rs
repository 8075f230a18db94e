//! The guard: which of what was read has been written since. In: changes, each after it is committed and before its writer hears so.
//! Out: stamps, and whether nothing of some rows and tables has changed since one. Absent: what is held, and how changes are heard of.
//!
//! There is one count of changes, and for each place (a row, a table) the count at its last change. Who computes takes a stamp, which is
//! the count, before the first read; what was computed holds for as long as no place that was read has a later count. A computation
//! that began before a change has an earlier stamp: its result never holds after that change, whenever it is stored.
//!
//! The count is raised behind the places, so whoever sees a count sees every place that was written up to it.

use super::sync::{AtomicU64, Mutex, Ordering};

/// Counts changes, and knows the last one of each place.
pub(crate) struct Versions {
    count: AtomicU64,
    places: Box<[AtomicU64]>,
    changing: Mutex<()>,
}

/// When something was read, in changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stamp(u64);

/// Changes that are heard of together.
pub(crate) struct Changing<'a> {
    places: &'a [AtomicU64],
    count: u64,
}

impl Versions {
    /// So many places, none of which has changed.
    pub(crate) fn new(places: usize) -> Self {
        let places = (0..places).map(|_| AtomicU64::new(0)).collect();
        Self { count: AtomicU64::new(0), places, changing: Mutex::new(()) }
    }

    /// Now: whatever is committed and heard of has changed before.
    pub(crate) fn stamp(&self) -> Stamp {
        Stamp(self.count.load(Ordering::Acquire))
    }

    /// Whether nothing has changed in these places since the stamp.
    pub(crate) fn holds(&self, since: Stamp, places: &[u32]) -> bool {
        places.iter().all(|place| self.place(*place).is_none_or(|place| place.load(Ordering::Acquire) <= since.0))
    }

    /// Hears of changes. When it returns, nothing that was computed from one of the places before holds any more.
    pub(crate) fn change(&self, changes: impl FnOnce(&mut Changing<'_>)) {
        // Nothing in here panics, and a lock is a lock.
        let _one = self.changing.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let count = self.count.load(Ordering::Relaxed) + 1;
        changes(&mut Changing { places: &self.places, count });
        self.count.store(count, Ordering::Release);
    }

    fn place(&self, place: u32) -> Option<&AtomicU64> {
        self.places.get(place as usize)
    }
}

impl Changing<'_> {
    /// This place has changed.
    pub(crate) fn place(&mut self, place: u32) {
        if let Some(place) = self.places.get(place as usize) {
            place.store(self.count, Ordering::Release);
        }
    }
}
