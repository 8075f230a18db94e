//! What became of the calls of a cache, counted. In: one more. Out: how many. Threads count apart, since what is counted happens often and
//! to all of them.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// So many threads count apart.
const SHARDS: usize = 8;

/// What is counted.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    Hit,
    Miss,
    /// It was not looked for.
    Bypass,
    /// Somebody else computed it.
    Wait,
    Load,
    /// What was computed failed.
    Failure,
    /// What was computed was not held.
    Unheld,
    /// What was held was too old.
    Expired,
    /// What it was made of has changed.
    Changed,
    /// It was taken away by name.
    Removed,
    /// Nobody knows whether what it was made of has changed.
    Unheard,
    /// It was one too many.
    Evicted,
}

const EVENTS: usize = Event::Evicted as usize + 1;

/// Counts of one thread, on a line of memory of their own.
#[derive(Default)]
#[repr(align(128))]
struct Shard([AtomicU64; EVENTS]);

/// The counts of a cache.
#[derive(Default)]
pub(super) struct Counters {
    shards: [Shard; SHARDS],
    load_nanoseconds: AtomicU64,
}

impl Counters {
    /// One more.
    pub(super) fn count(&self, event: Event) {
        thread_local! {
            static SHARD: usize = {
                static NEXT: AtomicUsize = AtomicUsize::new(0);
                NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS
            };
        }
        let shard = SHARD.try_with(|shard| *shard).unwrap_or_default();
        if let Some(count) = self.shards.get(shard).and_then(|shard| shard.0.get(event as usize)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// One more, which took so long.
    pub(super) fn load(&self, nanoseconds: u64) {
        self.count(Event::Load);
        self.load_nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    /// How many.
    pub(super) fn of(&self, event: Event) -> u64 {
        let count = |shard: &Shard| shard.0.get(event as usize).map(|count| count.load(Ordering::Relaxed));
        self.shards.iter().filter_map(count).sum()
    }

    pub(super) fn load_nanoseconds(&self) -> u64 {
        self.load_nanoseconds.load(Ordering::Relaxed)
    }
}
