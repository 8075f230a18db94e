//! A call of a memoized function. In: its arguments, and the computation as a future that nobody has begun. Out: its result, from what is
//! held or computed. Absent: how values are held ([`super::held`]), and what makes them fall ([`super::watch`]).

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::clock::{self, NEVER, Time, jittered};
use super::counters::Event;
use super::flight::Turn;
use super::held::{Entry, Held, Key, Value};
use super::key::{Look, Parts};
use super::mode::{self, Mode};
use super::outcome::Outcome;
use super::reading::{self, Reading};
use super::site::{Site, State};
use crate::db::{is_inside_any, is_inside_of};

/// Whether a value is none.
type IsNone<R> = fn(&<R as Outcome>::Value) -> bool;

/// Looks for the result of a call with these arguments. Out: it, or the call, which is to be computed.
///
/// # Errors
/// Nothing is held of it that holds.
#[inline]
pub fn look<S: AsSite, P: Parts, R: Outcome>(
    site: S,
    key: P,
    is_none: Option<IsNone<R>>,
) -> Result<R, Ask<S, P::Kept, R>> {
    let (state, held) = site.held::<P::Kept, R::Value>();
    let mode = mode::now();
    if let (Mode::Use, Some(held)) = (&mode, held) {
        match held.get(&Look(&key)).as_deref().map(|entry| look_at(held, entry)) {
            Some(Ok(value)) => {
                state.counters.count(Event::Hit);
                return Ok(R::of(value));
            }
            Some(Err(event)) => state.counters.count(event),
            None => {}
        }
    }
    state.counters.count(if matches!(mode, Mode::Use) { Event::Miss } else { Event::Bypass });
    Err(Ask { key: key.keep(), site, mode, is_none })
}

/// A site for as long as a call takes: of a function, or of a table of an opened database.
pub trait AsSite: Deref<Target = Site> + Send + Sync {}

impl AsSite for &'static Site {}

impl AsSite for Arc<Site> {}

/// A call that is to be computed.
pub struct Ask<S, K, R: Outcome> {
    site: S,
    key: K,
    mode: Mode,
    is_none: Option<IsNone<R>>,
}

/// What is held, where it holds for this caller.
fn look_at<K: Key, V: Value>(held: &Held<K, V>, entry: &Entry<V>) -> Result<V, Event> {
    // Before it is asked whether it holds: a computation around this one has read it as of now.
    let stamps = reading::is_computing().then(|| entry.stamps());
    let now = clock::now();
    if let Some(event) = held.fault(entry, now) {
        return Err(event);
    }
    // What a transaction sees may be older, and what it has written is newer.
    if is_inside_any() && entry.parts().iter().any(|part| is_inside_of(part.database)) {
        return Err(Event::Bypass);
    }
    if let Some(stamps) = stamps {
        reading::reads_held(entry.parts(), &stamps, entry.expires());
    }
    held.used(entry, now);
    Ok(entry.value.clone())
}

impl<S: AsSite, K: Key, R: Outcome> Ask<S, K, R> {
    /// What `work` computes, or what another computes meanwhile.
    pub async fn computed(self, work: impl Future<Output = R>) -> R {
        // Each function that it is handed on to would have room for all of it.
        let work = Box::pin(work);
        // A function has one cache: these are its types.
        let (state, held) = self.site.held::<K, R::Value>();
        let Some(held) = held else { return work.await };
        match &self.mode {
            Mode::Use => self.together(state, held, work).await,
            Mode::Bypass => {
                let result = work.await;
                reading::lasts(self.expires(&result));
                result
            }
            Mode::Refresh => self.alone(state, held, work).await,
            Mode::Remove(done) => {
                held.remove(&self.key);
                done.done();
                std::future::pending().await
            }
        }
    }

    /// What is computed once, for all who ask meanwhile.
    async fn together(&self, state: &State, held: &Held<K, R::Value>, work: impl Future<Output = R>) -> R {
        // Who computes may wait for what the transaction has.
        if is_inside_any() {
            return self.alone(state, held, work).await;
        }
        match held.flights.turn(self.key.clone()) {
            Turn::Lead(lead) => {
                // Another may have been done between the first look and this turn.
                if let Some(Ok(value)) = held.get(&self.key).as_deref().map(|entry| look_at(held, entry)) {
                    return R::of(value);
                }
                lead.run(self.alone(state, held, work)).await
            }
            Turn::Follow(flight) => {
                state.counters.count(Event::Wait);
                let waited = flight.wait().await;
                drop(flight);
                if waited {
                    // It began earlier than this call: only if nothing has changed since is it as new.
                    if let Some(Ok(value)) = held.get(&self.key).as_deref().map(|entry| look_at(held, entry)) {
                        return R::of(value);
                    }
                }
                self.alone(state, held, work).await
            }
        }
    }

    async fn alone(&self, state: &State, held: &Held<K, R::Value>, work: impl Future<Output = R>) -> R {
        let begun = held.begin();
        let reading = Reading::new(&self.site.asks);
        let from = clock::now();
        let result = reading.run(work).await;
        // By a coarse clock each is a little wrong, and their sum is not.
        state.counters.load(clock::now().saturating_sub(from));
        let found = reading.end(self.expires(&result));
        state.reads(&found.tables);
        let Some(value) = result.value() else {
            state.counters.count(Event::Failure);
            return result;
        };
        let is_held = if let Some(unheld) = found.unheld {
            self.site.tell(unheld);
            false
        } else if found.parts.is_empty() && found.until == NEVER {
            self.site.tell_nothing_read();
            false
        } else {
            // What a transaction sees is not what others see.
            !is_inside_any() && held.put(self.key.clone(), value.clone(), found, begun)
        };
        if !is_held {
            state.counters.count(Event::Unheld);
        }
        result
    }
}

impl<S: AsSite, K: Key, R: Outcome> Ask<S, K, R> {
    /// Until when a result may be held. One that failed may not: nor what is made of it.
    fn expires(&self, result: &R) -> Time {
        let Some(value) = result.value() else { return 0 };
        let options = &self.site.options;
        let is_none = self.is_none.is_some_and(|is_none| is_none(value));
        let ttl = if is_none { options.none_ttl.or(options.ttl) } else { options.ttl };
        ttl.map_or(NEVER, |ttl| clock::now().saturating_add(jittered(ttl)))
    }
}

impl<S: AsSite, K: fmt::Debug, R: Outcome> fmt::Debug for Ask<S, K, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ask").field("site", &*self.site).field("key", &self.key).finish_non_exhaustive()
    }
}
