//! What a cache holds: values by their keys, each with what it was made of. In: keys, values. Out: a value, where it still holds. Absent:
//! which values go when there is no room: those that are asked for least often and were asked for longest ago, as quick_cache's Clock-PRO
//! sees it.

use std::hash::{Hash, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use equivalent::Equivalent;
use quick_cache::sync::Cache;
use quick_cache::{Lifecycle, UnitWeighter};

use super::clock::{self, Time};
use super::counters::{Counters, Event};
use super::flight::Flights;
use super::place::ALL;
use super::reading::{Found, Parts, Read};
use super::site::Options;
use super::versions::Stamp;

/// How often what is too old is cleared away, at most, in nanoseconds.
const SWEEPS: Time = 1_000_000_000;

/// What the values of a function, or the rows of a table, are held in.
pub(super) struct Held<K, V> {
    /// Keys come from strangers: they are hashed so that nobody can have them meet.
    values: Cache<K, Arc<Entry<V>>, UnitWeighter, RandomState, Evicted>,
    pub(super) flights: Flights<K>,
    /// After so long what nobody asked for goes.
    idle: Option<Time>,
    /// When what is too old is cleared away again.
    swept: AtomicU64,
    /// How often everything was taken away.
    emptied: AtomicU64,
    /// How often something was taken away by its key.
    removed: AtomicU64,
    /// Held while that is, and while something is put in.
    putting: Mutex<()>,
}

/// Counts what goes because there is no room.
#[derive(Clone)]
struct Evicted(Arc<Counters>);

impl<K, V> Lifecycle<K, V> for Evicted {
    type RequestState = ();

    fn on_evict(&self, (): &mut (), _: K, _: V) {
        self.0.count(Event::Evicted);
    }
}

/// A value.
pub(super) struct Entry<V> {
    pub(super) value: V,
    parts: Parts,
    expires: Time,
    /// When it was asked for last, where that counts.
    used: AtomicU64,
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
        let capacity = usize::try_from(options.capacity).unwrap_or(usize::MAX);
        let evicted = Evicted(Arc::clone(counters));
        Self {
            values: Cache::with(capacity, options.capacity, UnitWeighter, RandomState::new(), evicted),
            flights: Flights::default(),
            idle: options.idle.map(|idle| idle.saturating_mul(1_000_000)),
            swept: AtomicU64::new(0),
            emptied: AtomicU64::new(0),
            removed: AtomicU64::new(0),
            putting: Mutex::new(()),
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
        if self.is_old(entry, now) {
            return Some(Event::Expired);
        }
        entry.parts.iter().find_map(|part| fault(part, now))
    }

    /// Somebody asked for it.
    pub(super) fn used(&self, entry: &Entry<V>, now: Time) {
        if self.idle.is_some() {
            entry.used.store(now, Ordering::Relaxed);
        }
    }

    fn is_old(&self, entry: &Entry<V>, now: Time) -> bool {
        let is_idle = |idle| now.saturating_sub(entry.used.load(Ordering::Relaxed)) > idle;
        entry.expires <= now || self.idle.is_some_and(is_idle)
    }

    /// Clears away what is too old, now and then: it takes the room of others.
    fn sweep(&self, now: Time) {
        let due = self.swept.load(Ordering::Relaxed);
        let next = now.saturating_add(SWEEPS.max(self.idle.unwrap_or_default()));
        if now >= due && self.swept.compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            self.values
                .retain(|_, entry| !self.is_old(entry, now) && !entry.parts.iter().any(|part| part.watch.has_ended()));
        }
    }

    pub(super) fn begin(&self) -> Begun {
        Begun { emptied: self.emptied.load(Ordering::Acquire), removed: self.removed.load(Ordering::Acquire) }
    }

    /// Puts in what was computed since `begun`. Out: whether it did: where something has changed since, it does not hold.
    pub(super) fn put(&self, key: K, value: V, found: Found, begun: Begun) -> bool {
        let now = clock::now();
        let entry = Arc::new(Entry {
            value,
            parts: found.parts,
            expires: found.until,
            used: AtomicU64::new(now),
            emptied: begun.emptied,
        });
        let putting = self.putting.lock().unwrap_or_else(PoisonError::into_inner);
        if self.removed.load(Ordering::Acquire) != begun.removed || self.fault(&entry, now).is_some() {
            return false;
        }
        self.values.insert(key, entry);
        drop(putting);
        self.sweep(now);
        true
    }

    /// Takes away what is held under a key, and what is being computed for it.
    pub(super) fn remove(&self, key: &K) {
        let _putting = self.putting.lock().unwrap_or_else(PoisonError::into_inner);
        self.removed.fetch_add(1, Ordering::AcqRel);
        self.values.remove(key);
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
        self.values.clear();
    }

    fn count(&self) -> u64 {
        self.values.len() as u64
    }
}
