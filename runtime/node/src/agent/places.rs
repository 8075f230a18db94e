//! Who is connected: keys that the node knows have places of their own, and whoever else connects takes none of them.
//! In: tasks of connections. Out: which of them is ended where there are too many. Absent: what they say.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio::task::AbortHandle;

use super::lock;

/// The most connections of keys that are known.
const KNOWN: usize = 64;

/// The most of others: those that have not said who they are, and those that are about to pair.
const STRANGERS: usize = 64;

/// All places.
#[derive(Debug, Default)]
pub(super) struct Places {
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    known: usize,
    /// By the order in which they came.
    strangers: BTreeMap<u64, AbortHandle>,
    next: u64,
}

/// One connection's place, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    number: u64,
    known: bool,
}

impl Places {
    /// Begins a connection. Where strangers have no place left, the one that waits longest gives up its own: whoever only
    /// connects keeps nobody out.
    pub(super) fn take(self: &Arc<Self>, begin: impl FnOnce(Place) -> AbortHandle) {
        let mut taken = lock(&self.taken);
        let number = taken.next;
        taken.next += 1;
        // One that ends at once waits for the lock to give its place back.
        let handle = begin(Place { places: Arc::clone(self), number, known: false });
        taken.strangers.insert(number, handle);
        let surplus = if taken.strangers.len() > STRANGERS { taken.strangers.pop_first() } else { None };
        drop(taken);
        if let Some((_, longest)) = surplus {
            longest.abort();
        }
    }
}

impl Place {
    /// Makes it the place of a key that is known, which nobody takes away. Whether there is one.
    pub(super) fn recognise(&mut self) -> bool {
        let mut taken = lock(&self.places.taken);
        if !self.known && taken.known < KNOWN {
            taken.known += 1;
            taken.strangers.remove(&self.number);
            self.known = true;
        }
        self.known
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = lock(&self.places.taken);
        if self.known {
            taken.known = taken.known.saturating_sub(1);
        } else {
            taken.strangers.remove(&self.number);
        }
    }
}
