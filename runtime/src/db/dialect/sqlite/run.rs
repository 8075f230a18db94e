//! Where a statement runs on SQLite. In: a connection and a statement. Out: what came of it.
//!
//! A change of threads takes longer than most statements do. So a statement runs where it is asked for, and elsewhere when it would
//! keep others waiting: what only reads begins here, and if that takes long begins again on a thread for such work; what writes
//! begins here when its form bounds it and it was short before. A lock that another connection has is waited for without a thread.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::ops::DerefMut;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tokio::task::coop::consume_budget;

use super::link::Trouble;
use super::pool::Held;
use crate::db::call::{Call, Failure, Reads, Work, ended};

/// As long a statement may keep others of its thread waiting.
const SHORT: Duration = Duration::from_micros(500);

/// So much time is a unit of what the runtime calls a task's budget, and of so many units that is made before others come.
const UNIT: Duration = Duration::from_micros(20);
const UNITS: u128 = 128;

/// Of how many statements it is known how long they take.
const MOST_KNOWN: usize = 4_096;

/// The first and the longest pause between two attempts to get a lock.
const PAUSES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(50));

/// Runs a statement on a connection that is held for it, and gives back the work, done, with the number of rows that it changed.
pub(super) async fn run<H>(mut held: H, mut work: Work) -> Result<(Work, u64), Failure>
where
    H: DerefMut<Target = Held> + Send + 'static,
{
    let mut pause = None;
    let pool = Arc::clone(&held.pool);
    let text = TextHash::of(&work.call.text);
    loop {
        let mut tried = Err(Trouble::Long);
        if pool.times.is_short(text, &work.call) {
            let took;
            (tried, took) = attempt(&held, &mut work, text, Some(SHORT));
            for _ in 0..=(took.as_micros() / UNIT.as_micros()).min(UNITS) {
                consume_budget().await;
            }
        }
        if matches!(tried, Err(Trouble::Long)) {
            work.take.again();
            (held, work, tried) = aside(move || {
                let (tried, _) = attempt(&held, &mut work, text, None);
                held.failed_alone = matches!(tried, Err(Trouble::Failure(Failure::Engine(_))));
                (held, work, tried)
            })
            .await?;
            // Somebody waited for it, and hears of it.
            held.failed_alone = false;
        }
        match tried {
            Ok(changed) => return Ok((work, changed)),
            Err(Trouble::Locked) if pause.get_or_insert_with(|| Pause::new(pool.lock())).wait().await => {
                work.take.again();
            }
            Err(trouble) => return Err(trouble.failure()),
        }
    }
}

/// One attempt, and how long it took.
fn attempt(held: &Held, work: &mut Work, text: TextHash, within: Option<Duration>) -> (Result<u64, Trouble>, Duration) {
    let begun = Instant::now();
    let done = held.link().and_then(|link| link.attempt(work, within.map(|within| begun + within)));
    let took = begun.elapsed();
    if !matches!(done, Err(Trouble::Locked)) {
        held.pool.times.took(text, took);
    }
    if !matches!(done, Err(Trouble::Locked | Trouble::Long)) {
        held.pool.note(&work.call.text, took);
    }
    (done, took)
}

/// Does what may take long on a thread for such work.
pub(super) async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    ended(tokio::task::spawn_blocking(work)).await.map_err(Failure::Engine)
}

/// The pauses between attempts to get a lock.
pub(super) struct Pause {
    next: Duration,
    until: Instant,
}

impl Pause {
    pub(super) fn new(within: Duration) -> Self {
        Self { next: PAUSES.0, until: Instant::now() + within }
    }

    /// How long to wait before the next attempt; none: there is no time for another.
    pub(super) fn next(&mut self) -> Option<Duration> {
        let left = self.until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())?;
        let pause = self.next.min(left);
        self.next = (self.next * 2).min(PAUSES.1);
        Some(pause)
    }

    /// Waits. Out: whether there is time for another attempt.
    pub(super) async fn wait(&mut self) -> bool {
        match self.next() {
            Some(pause) => {
                tokio::time::sleep(pause).await;
                true
            }
            None => false,
        }
    }
}

/// What a statement is known by. Two that are taken for one do no harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct TextHash(u64);

impl TextHash {
    fn of(text: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        Self(hasher.finish())
    }
}

/// How long statements took.
#[derive(Default)]
pub(super) struct Times {
    /// In microseconds.
    known: RwLock<HashMap<TextHash, AtomicU32>>,
}

impl Times {
    /// Whether a statement may be begun on the thread that asks for it.
    fn is_short(&self, text: TextHash, call: &Call) -> bool {
        let only_reads = call.reads == Reads::Certainly;
        if !only_reads && !call.bounded {
            // Its values decide how many rows it writes.
            return false;
        }
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        match known.get(&text) {
            Some(took) => u128::from(took.load(Ordering::Relaxed)) < SHORT.as_micros(),
            // What reads is broken off where it must.
            None => only_reads,
        }
    }

    /// Keeps in mind how long a statement took. One that was long is taken for long for some time.
    fn took(&self, text: TextHash, took: Duration) {
        let took = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
        if let Some(known) = self.known.read().unwrap_or_else(PoisonError::into_inner).get(&text) {
            let before = known.load(Ordering::Relaxed);
            known.store(took.max(before - before / 4), Ordering::Relaxed);
            return;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_KNOWN {
            // Those that are in use are soon known again.
            known.clear();
        }
        known.insert(text, AtomicU32::new(took));
    }
}
