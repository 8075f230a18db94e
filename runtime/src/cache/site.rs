//! A memoized function, as the program has it: its name, what its attribute says, and once it is called what it holds. In: what
//! `#[Cache::memoize]` emits. Out: the caches of the process, to be counted and emptied. Absent: what a call does.

use std::any::{Any, TypeId};
use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex, Once, OnceLock, PoisonError, Weak};
use std::time::Duration;

use tracing::warn;

use super::counters::{Counters, Event};
use super::held::{Held, Key, Store, Value};
use super::reading::{Asks, Tables, Unheld};

/// So many values are held where nothing is said.
const CAPACITY: u64 = 10_000;

/// What an attribute says of a cache. Times are in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// For so long a value is held at most.
    pub ttl: Option<u64>,
    /// What nobody asked for in so long goes.
    pub idle: Option<u64>,
    /// For so long a value is held that is `None`.
    pub none_ttl: Option<u64>,
    /// So many values at most.
    pub capacity: u64,
    /// By which it is emptied.
    pub tags: &'static [&'static str],
}

impl Options {
    /// Where nothing is said.
    pub const DEFAULT: Self = Self { ttl: None, idle: None, none_ttl: None, capacity: CAPACITY, tags: &[] };
}

/// A memoized function, or the rows of a table of an opened database.
pub struct Site {
    name: Cow<'static, str>,
    pub(super) options: Options,
    pub(super) asks: Asks,
    state: OnceLock<Arc<State>>,
    told: Once,
}

/// A cache, once it is used.
pub(super) struct State {
    name: String,
    tags: &'static [&'static str],
    pub(super) counters: Arc<Counters>,
    /// What its computations have read.
    read: Mutex<Tables>,
    held: Arc<dyn Any + Send + Sync>,
    store: Arc<dyn Store>,
}

/// The caches that are used.
static USED: Mutex<Vec<Weak<State>>> = Mutex::new(Vec::new());

/// The caches that are used and not gone with their databases.
fn used() -> Vec<Arc<State>> {
    let mut used = USED.lock().unwrap_or_else(PoisonError::into_inner);
    used.retain(|state| state.strong_count() > 0);
    used.iter().filter_map(Weak::upgrade).collect()
}

impl Site {
    /// A function of this name. `reads` and `ignores` are the rows of tables.
    #[must_use]
    pub const fn new(
        name: &'static str,
        options: Options,
        reads: &'static [fn() -> TypeId],
        ignores: &'static [fn() -> TypeId],
    ) -> Self {
        Self {
            name: Cow::Borrowed(name),
            options,
            asks: Asks { reads, ignores },
            state: OnceLock::new(),
            told: Once::new(),
        }
    }

    /// The rows of a table of this name.
    pub(super) fn of_rows(name: String, options: Options) -> Arc<Self> {
        let asks = Asks { reads: &[], ignores: &[] };
        Arc::new(Self { name: Cow::Owned(name), options, asks, state: OnceLock::new(), told: Once::new() })
    }

    /// What it holds. A cache has one type of keys and one of values.
    pub(super) fn held<K: Key, V: Value>(&self) -> (&State, Option<&Held<K, V>>) {
        let state = self.state.get_or_init(|| {
            let counters = Arc::new(Counters::default());
            let held = Arc::new(Held::<K, V>::new(&self.options, &counters));
            let store = Arc::clone(&held) as Arc<dyn Store>;
            let state = State {
                name: self.name.clone().into_owned(),
                tags: self.options.tags,
                counters,
                read: Mutex::default(),
                store,
                held,
            };
            let state = Arc::new(state);
            USED.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&state));
            state
        });
        (state, state.held.downcast_ref())
    }

    /// Says once why what it computes is not held, where that is for the application to mend.
    pub(super) fn tell(&self, unheld: Unheld) {
        let name = &*self.name;
        match unheld {
            // These pass.
            Unheld::Transaction | Unheld::Unheard => {}
            #[cfg(feature = "search")]
            Unheld::Searched => self.told.call_once(|| {
                warn!(name, "a memoized function searches an index, which is a moment behind its table: nothing of it is held");
            }),
            Unheld::Wrote => self.told.call_once(|| warn!(name, "a memoized function writes: nothing of it is held")),
            Unheld::Unfollowed(table) => self.told.call_once(|| {
                warn!(
                    name,
                    table,
                    "nobody follows what is read here: nothing of it is held; `cargo cell build` says what a memoized function reads, `reads(…)` adds to that, and migrations follow it"
                );
            }),
        }
    }

    /// Says once that nothing tells when what it computes is out of date.
    pub(super) fn tell_nothing_read(&self) {
        let name = &*self.name;
        self.told.call_once(|| {
            warn!(name, "a memoized function has read nothing, and says no `ttl`: nothing of it is held")
        });
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site").field("name", &self.name).field("options", &self.options).finish_non_exhaustive()
    }
}

/// How a cache stands. Counts are since the process began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheStatus {
    /// The function, as `crate::module::function`, or the table, as `database.table`.
    pub name: String,
    /// The values that are held, about; some may not hold any more.
    pub entries: u64,
    /// Calls that were answered from it.
    pub hits: u64,
    /// Calls that looked, and were not.
    pub misses: u64,
    /// Calls that went by what is held: by [`super::bypass`] and its kin, and those whose transaction sees something else, which are misses, too.
    pub bypasses: u64,
    /// Calls that waited for another with the same arguments.
    pub waits: u64,
    /// Computations that came to an end.
    pub loads: u64,
    /// How long they took in all.
    pub load_time: Duration,
    /// Of these, those that failed.
    pub failures: u64,
    /// Of these, those whose result was not held: what they read changed meanwhile, they read inside of a transaction, they wrote.
    pub unheld: u64,
    /// Values that went because there was no room, or nobody asked for them.
    pub evictions: u64,
    /// Misses because what was held was too old.
    pub expired: u64,
    /// Misses because what a value was made of has changed.
    pub changed: u64,
    /// Misses because it was taken away by name.
    pub removed: u64,
    /// Misses because nothing was heard of the database.
    pub unheard: u64,
    /// The tables that its computations have read themselves, as `database.table`, in order; a database alone is all of it. What they
    /// read by other caches is said of those.
    pub reads: Vec<String>,
}

/// How the caches of this process stand, ordered by name. What was never called is not among them.
#[must_use]
pub fn status() -> Vec<CacheStatus> {
    let mut all: Vec<CacheStatus> = used().iter().map(|state| state.status()).collect();
    all.sort_by(|one, other| one.name.cmp(&other.name));
    all
}

impl State {
    /// A computation has read these.
    pub(super) fn reads(&self, tables: &Tables) {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        for table in tables {
            if !read.contains(table) {
                read.push(*table);
            }
        }
    }

    fn tables(&self) -> Vec<String> {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let name = |(database, table): (&str, Option<&str>)| match table {
            Some(table) => [database, ".", table].concat(),
            None => database.to_owned(),
        };
        let mut names: Vec<String> = read.into_iter().map(name).collect();
        names.sort();
        names
    }

    fn status(&self) -> CacheStatus {
        let of = |event| self.counters.of(event);
        CacheStatus {
            name: self.name.clone(),
            entries: self.store.count(),
            hits: of(Event::Hit),
            misses: of(Event::Miss),
            bypasses: of(Event::Bypass),
            waits: of(Event::Wait),
            loads: of(Event::Load),
            load_time: Duration::from_nanos(self.counters.load_nanoseconds()),
            failures: of(Event::Failure),
            unheld: of(Event::Unheld),
            evictions: of(Event::Evicted),
            expired: of(Event::Expired),
            changed: of(Event::Changed),
            removed: of(Event::Removed),
            unheard: of(Event::Unheard),
            reads: self.tables(),
        }
    }
}

/// Takes everything away that is held in this process. What is being computed is not held either. Out: how many caches that were.
pub fn invalidate_all() -> usize {
    used().iter().map(|state| state.store.empty()).count()
}

/// Takes away what the caches with this tag hold in this process. Out: how many caches that were.
pub fn invalidate_tag(tag: &str) -> usize {
    let used = used();
    used.iter().filter(|state| state.tags.contains(&tag)).map(|state| state.store.empty()).count()
}
