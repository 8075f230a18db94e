//! One computation a key: whoever asks for what is being computed waits for it. In: a key. Out: whether to compute or to wait. Absent: what
//! comes of it, which is looked for anew by those who waited.
//!
//! Nobody waits for itself: who computes one thing for another, which waits for a third, waits for none that waits for it in turn. So
//! recursion, and two that need each other, compute twice rather than for ever.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

/// So long somebody waits for another at most; a computation that takes longer may be one that nobody goes on with.
const PATIENCE: Duration = Duration::from_secs(10);

tokio::task_local! {
    /// What a task is computing.
    static LEADS: Arc<Flight>;
}

/// A computation.
pub(super) struct Flight {
    /// The one that it is a part of.
    around: Option<Arc<Flight>>,
    is_over: AtomicBool,
    over: Notify,
    /// Those that it waits for.
    waits: Mutex<Vec<Arc<Flight>>>,
}

/// Held while anybody looks who waits for whom.
static WAITING: Mutex<()> = Mutex::new(());

/// The computations of one function, by their keys.
pub(super) struct Flights<K>(Mutex<HashMap<K, Arc<Flight>>>);

/// What is to be done about a key.
pub(super) enum Turn<'a, K: Eq + Hash> {
    /// Compute it.
    Lead(Lead<'a, K>),
    /// Somebody does.
    Follow(Arc<Flight>),
}

/// The right to compute, until it is dropped.
pub(super) struct Lead<'a, K: Eq + Hash> {
    flights: &'a Flights<K>,
    key: K,
    flight: Arc<Flight>,
}

impl<K> Default for Flights<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash + Clone> Flights<K> {
    /// Takes a turn.
    pub(super) fn turn(&self, key: K) -> Turn<'_, K> {
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = flights.get(&key) {
            return Turn::Follow(Arc::clone(flight));
        }
        let flight = Arc::new(Flight {
            around: LEADS.try_with(Arc::clone).ok(),
            is_over: AtomicBool::new(false),
            over: Notify::new(),
            waits: Mutex::default(),
        });
        flights.insert(key.clone(), Arc::clone(&flight));
        Turn::Lead(Lead { flights: self, key, flight })
    }
}

impl<K: Eq + Hash> Lead<'_, K> {
    /// Computes.
    pub(super) async fn run<T>(&self, work: impl Future<Output = T>) -> T {
        LEADS.scope(Arc::clone(&self.flight), work).await
    }
}

impl<K: Eq + Hash> Drop for Lead<'_, K> {
    fn drop(&mut self) {
        self.flights.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
        self.flight.is_over.store(true, Ordering::Release);
        self.flight.over.notify_waiters();
    }
}

impl Flight {
    /// Waits until it is over. Out: whether it is; otherwise nobody should wait for it.
    pub(super) async fn wait(self: &Arc<Self>) -> bool {
        let leads = LEADS.try_with(Arc::clone).ok();
        let Some(_waits) = Waits::begin(self, leads.as_ref()) else { return false };
        let over = self.over.notified();
        tokio::pin!(over);
        // From now on it is told, also before it is waited for.
        over.as_mut().enable();
        self.is_over.load(Ordering::Acquire) || tokio::time::timeout(PATIENCE, over).await.is_ok()
    }

    /// Whether it waits for one of these, itself or by others.
    fn waits_for(self: &Arc<Self>, leads: Option<&Arc<Flight>>) -> bool {
        let (mut seen, mut next) = (Vec::new(), vec![Arc::clone(self)]);
        while let Some(flight) = next.pop() {
            if around(leads).any(|own| Arc::ptr_eq(own, &flight)) {
                return true;
            }
            if seen.iter().any(|known| Arc::ptr_eq(known, &flight)) {
                continue;
            }
            next.extend(flight.waits().iter().cloned());
            seen.push(flight);
        }
        false
    }

    fn waits(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Flight>>> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a task is computing, the innermost first.
fn around(leads: Option<&Arc<Flight>>) -> impl Iterator<Item = &Arc<Flight>> {
    std::iter::successors(leads, |flight| flight.around.as_ref())
}

/// That whatever a task is computing waits for a flight, until it is dropped.
struct Waits<'a> {
    leads: Option<&'a Arc<Flight>>,
    flight: &'a Arc<Flight>,
}

impl<'a> Waits<'a> {
    /// Nothing where it would wait for itself.
    fn begin(flight: &'a Arc<Flight>, leads: Option<&'a Arc<Flight>>) -> Option<Self> {
        if leads.is_some() {
            let _one = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
            if flight.waits_for(leads) {
                return None;
            }
            for own in around(leads) {
                own.waits().push(Arc::clone(flight));
            }
        }
        Some(Self { leads, flight })
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        for own in around(self.leads) {
            let mut waits = own.waits();
            if let Some(at) = waits.iter().position(|flight| Arc::ptr_eq(flight, self.flight)) {
                waits.swap_remove(at);
            }
        }
    }
}
