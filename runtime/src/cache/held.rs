//! What a cache holds: values by their keys, each with what it was made of. In: keys, values. Out: a value, where it still holds. Absent:
//! which values those are that go when there is no room: moka's TinyLFU decides.

use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use equivalent::Equivalent;
use moka::notification::RemovalCause;
use moka::sync::Cache;

use super::clock::{self, NEVER, Time};
use super::counters::{Counters, Event};
use super::flight::Flights;
use super::place::ALL;
use super::reading::{Found, Read};
use super::site::Options;
use super::versions::Stamp;

/// What the values of a function, or the rows of a table, are held in.
pub(super) struct Held<K, V> {
    values: Cache<K, Arc<Entry<V>>>,
    pub(super) flights: Flights<K>,
    /// How often everything was taken away.
    emptied: AtomicU64,
    /// How often something was taken away by its key. Held while something is put in, too.
    removed: Mutex<u64>,
}

/// A value.
pub(super) struct Entry<V> {
    pub(super) value: V,
    parts: Box<[Read]>,
    expires: Time,
    emptied: u64,
}

/// What is taken down before something is computed, to be put in afterwards.
#[derive(Clone, Copy)]
pub(super) struct Begun {
    emptied: u64,
    removed: u64,
}

/// What a key is kept as.
pub trait Key: Eq + Hash + Clone + Send + Sync + 'static {}

impl<K: Eq + Hash + Clone + Send + Sync + 'static> Key for K {}

/// What can be held.
pub trait Value: Clone + Send + Sync + 'static {}

impl<V: Clone + Send + Sync + 'static> Value for V {}

impl<K: Key, V: Value> Held<K, V> {
    pub(super) fn new(options: &Options, counters: &Arc<Counters>) -> Self {
        let counters = Arc::clone(counters);
        let mut builder = Cache::builder().max_capacity(options.capacity).eviction_listener(
            move |_: Arc<K>, _: Arc<Entry<V>>, cause: RemovalCause| {
                if cause.was_evicted() {
                    counters.count(Event::Evicted);
                }
            },
        );
        if let Some(idle) = options.idle {
            builder = builder.time_to_idle(Duration::from_millis(idle));
        }
        Self {
            values: builder.build(),
            flights: Flights::default(),
            emptied: AtomicU64::new(0),
            removed: Mutex::new(0),
        }
    }

    /// What is there, whether it holds or not.
    pub(super) fn get<Q: Equivalent<K> + Hash + ?Sized>(&self, key: &Q) -> Option<Arc<Entry<V>>> {
        self.values.get(key)
    }

    /// Why a value does not hold any more.
    pub(super) fn fault(&self, entry: &Entry<V>, now: Time) -> Option<Event> {
        if entry.emptied != self.emptied.load(Ordering::Acquire) {
            return Some(Event::Removed);
        }
        if entry.expires <= now {
            return Some(Event::Expired);
        }
        entry.parts.iter().find_map(|part| fault(part, now))
    }

    pub(super) fn begin(&self) -> Begun {
        let removed = *self.removed.lock().unwrap_or_else(PoisonError::into_inner);
        Begun { emptied: self.emptied.load(Ordering::Acquire), removed }
    }

    /// Puts in what was computed since `begun`. Out: whether it did: where something has changed since, it does not hold.
    pub(super) fn put(&self, key: K, value: V, found: Found, ttl: Option<u64>, begun: Begun) -> bool {
        let now = clock::now();
        let expires = ttl.map_or(NEVER, |ttl| now.saturating_add(jittered(ttl))).min(found.until);
        let entry = Arc::new(Entry { value, parts: found.parts.into(), expires, emptied: begun.emptied });
        let removed = self.removed.lock().unwrap_or_else(PoisonError::into_inner);
        if *removed != begun.removed || self.fault(&entry, now).is_some() {
            return false;
        }
        self.values.insert(key, entry);
        true
    }

    /// Takes away what is held under a key, and what is being computed for it.
    pub(super) fn remove(&self, key: &K) {
        let mut removed = self.removed.lock().unwrap_or_else(PoisonError::into_inner);
        *removed += 1;
        self.values.invalidate(key);
    }
}

impl<V> Entry<V> {
    pub(super) fn parts(&self) -> &[Read] {
        &self.parts
    }

    pub(super) fn expires(&self) -> Time {
        self.expires
    }

    /// Now, for each part.
    pub(super) fn stamps(&self) -> Vec<Stamp> {
        self.parts.iter().map(|part| part.watch.versions.stamp()).collect()
    }
}

/// Why what was read of a database is not known to be as it was.
fn fault(part: &Read, now: Time) -> Option<Event> {
    let versions = &part.watch.versions;
    if !part.watch.is_level(now) {
        return Some(Event::Unheard);
    }
    (!versions.holds(part.since, &[ALL]) || !versions.holds(part.since, &part.places)).then_some(Event::Changed)
}

/// A life a little shorter than it was said, never longer: what is computed together is not to end together.
fn jittered(milliseconds: u64) -> Time {
    use std::hash::{BuildHasher as _, RandomState};

    let nanoseconds = milliseconds.saturating_mul(1_000_000);
    // A fresh state's hash is as random as this needs to be.
    let random = RandomState::new().hash_one(milliseconds) % 1_024;
    nanoseconds - nanoseconds / 10 / 1_024 * random
}

/// A cache, whatever it holds.
pub(super) trait Store: Send + Sync {
    /// Takes everything away, and what is being computed.
    fn empty(&self);
    /// How many values there are, about.
    fn count(&self) -> u64;
}

impl<K: Key, V: Value> Store for Held<K, V> {
    fn empty(&self) {
        self.emptied.fetch_add(1, Ordering::AcqRel);
        self.values.invalidate_all();
    }

    fn count(&self) -> u64 {
        self.values.run_pending_tasks();
        self.values.entry_count()
    }
}
