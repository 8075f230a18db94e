//! Whose writes a read has to see. In: what runs for one caller, such as a request. Out: the positions in the logs of databases that its
//! writes have, which a read that goes to a replica waits for. Absent: replicas, and how positions are asked for.
//!
//! Whatever runs in no [`as_caller`] belongs to all others that do so, and sees the writes of the whole process.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
#[cfg(feature = "postgres")]
use std::sync::{Mutex, PoisonError, Weak};
#[cfg(feature = "postgres")]
use std::time::Duration;

#[cfg(feature = "postgres")]
use tokio::time::Instant;

#[cfg(feature = "postgres")]
use super::replica::{Mark, Marks, Position, Replicas};

tokio::task_local! {
    static CALLER: Arc<Caller>;
}

/// What one caller has written.
struct Caller {
    /// What it had written when it came.
    before: Positions,
    /// Since then, by opened database.
    #[cfg(feature = "postgres")]
    since: Mutex<Vec<(Weak<Replicas>, Marks)>>,
    /// What it does, this one has done.
    #[cfg(feature = "postgres")]
    around: Option<Arc<Caller>>,
}

/// How far the logs of databases with replicas were when a caller had written, by the database's name. As a text it may be given to
/// the caller and come back with its next request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Positions(BTreeMap<String, Place>);

/// A place in a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Place {
    position: i64,
    /// Something else was left alone, and has ended by this time, in milliseconds since 1970.
    left: Option<i64>,
}

/// Runs `work` as one caller of its own: its reads see all that it has written, and need not see what others have. It has written
/// `before` already. Gives what it has written in the end, where there are replicas. What it spawns is of it only by [`same_caller`].
pub async fn as_caller<T>(before: Positions, work: impl Future<Output = T>) -> (T, Positions) {
    let caller = Caller::new(before);
    let done = CALLER.scope(Arc::clone(&caller), work).await;
    let positions = caller.positions().await.unwrap_or_else(|| caller.before.clone());
    (done, positions)
}

/// As [`as_caller`]; gives positions only where something was written.
#[cfg(feature = "http")]
pub(crate) async fn as_sender<T>(before: Positions, work: impl Future<Output = T>) -> (T, Option<Positions>) {
    let caller = Caller::new(before);
    let done = CALLER.scope(Arc::clone(&caller), work).await;
    (done, caller.positions().await)
}

/// Runs `work` as one caller of its own, which nobody will ask what it has written.
pub(crate) async fn alone<T>(work: impl Future<Output = T>) -> T {
    CALLER.scope(Caller::new(Positions::default()), work).await
}

/// Makes `work` the caller's who calls this, wherever it runs: `tokio::spawn(db::same_caller(async move { … }))`.
pub fn same_caller<T>(work: impl Future<Output = T>) -> impl Future<Output = T> {
    let caller = CALLER.try_with(Arc::clone).ok();
    #[cfg(feature = "cache")]
    let work = crate::cache::same(work);
    async {
        match caller {
            Some(caller) => CALLER.scope(caller, work).await,
            None => work.await,
        }
    }
}

impl Positions {
    /// Whether nothing was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The most databases in a text, and the longest text: far more than an application has, and no more than a stranger may send.
const MOST: usize = 32;
const LONGEST: usize = 4096;

impl fmt::Display for Positions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (name, Place { position, left })) in self.0.iter().enumerate() {
            write!(f, "{}{name}.{position:x}", if at == 0 { "" } else { "~" })?;
            if let Some(left) = left {
                write!(f, ".{left:x}")?;
            }
        }
        Ok(())
    }
}

impl FromStr for Positions {
    type Err = super::DataError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || super::DataError::other("these are no positions in the logs of databases");
        if text.len() > LONGEST {
            return Err(wrong());
        }
        let number = |hex: &str| {
            let is_hex = !hex.is_empty() && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
            i64::from_str_radix(hex, 16).ok().filter(|_| is_hex).ok_or_else(wrong)
        };
        let mut positions = BTreeMap::new();
        for entry in text.split('~').filter(|entry| !entry.is_empty()) {
            let (name, place) = entry.split_once('.').ok_or_else(wrong)?;
            let (position, left) = place.split_once('.').map_or((place, None), |(place, left)| (place, Some(left)));
            let place = Place { position: number(position)?, left: left.map(number).transpose()? };
            positions.insert(name.to_owned(), place);
        }
        if positions.len() > MOST { Err(wrong()) } else { Ok(Self(positions)) }
    }
}

/// How long a caller is kept until it is known where its writes are: they are done, and their positions on the way.
#[cfg(feature = "postgres")]
const KNOWN: Duration = Duration::from_secs(1);

/// What a caller has written to one database.
#[cfg(feature = "postgres")]
pub(crate) struct Own {
    pub(crate) known: Position,
    /// By this time everything has ended that it had left alone when it came.
    pub(crate) left: Option<Instant>,
    pub(crate) marks: Marks,
}

/// Keeps in mind that the caller wrote to an opened database.
#[cfg(feature = "postgres")]
pub(crate) fn wrote(replicas: &Arc<Replicas>, mark: &Mark, left: Option<Instant>) {
    let caller = CALLER.try_with(Arc::clone).ok();
    for caller in std::iter::successors(caller.as_ref(), |caller| caller.around.as_ref()) {
        let mut since = caller.since.lock().unwrap_or_else(PoisonError::into_inner);
        since.retain(|(known, _)| known.strong_count() > 0);
        match since.iter_mut().find(|(known, _)| known.as_ptr() == Arc::as_ptr(replicas)) {
            Some((_, marks)) => marks.add(mark, left),
            None => {
                let mut marks = Marks::default();
                marks.add(mark, left);
                since.push((Arc::downgrade(replicas), marks));
            }
        }
    }
}

/// What the caller has written; nothing where it is nobody in particular.
#[cfg(feature = "postgres")]
pub(crate) fn written(replicas: &Replicas) -> Option<Own> {
    let own = |caller: &Arc<Caller>| {
        let since = caller.since.lock().unwrap_or_else(PoisonError::into_inner);
        let before = caller.before.0.get(replicas.name()).copied().unwrap_or_default();
        let marks = since.iter().find(|(known, _)| std::ptr::eq(known.as_ptr(), replicas));
        Own {
            known: Position(before.position),
            left: before.left.and_then(instant),
            marks: marks.map(|(_, marks)| marks.clone()).unwrap_or_default(),
        }
    };
    CALLER.try_with(own).ok()
}

/// Clocks of machines differ by less.
#[cfg(feature = "postgres")]
const CLOCKS: Duration = Duration::from_secs(2);

/// A time in milliseconds since 1970, by this machine's clock and a little later. One from before the machine ran says nothing.
#[cfg(feature = "postgres")]
fn instant(milliseconds: i64) -> Option<Instant> {
    let now = Instant::now();
    let ahead = milliseconds.saturating_sub(chrono::Utc::now().timestamp_millis());
    match u64::try_from(ahead) {
        Ok(ahead) => Some(now + Duration::from_millis(ahead).min(FARTHEST) + CLOCKS),
        Err(_) => Some(now.checked_sub(Duration::from_millis(ahead.unsigned_abs()))? + CLOCKS),
    }
}

/// The farthest time to come that somebody may be told of.
#[cfg(feature = "postgres")]
const FARTHEST: Duration = Duration::from_secs(60);

impl Caller {
    fn new(before: Positions) -> Arc<Self> {
        Arc::new(Self {
            before,
            #[cfg(feature = "postgres")]
            since: Mutex::default(),
            #[cfg(feature = "postgres")]
            around: CALLER.try_with(Arc::clone).ok(),
        })
    }

    /// What it has written in all; nothing where that is nothing more than before.
    #[cfg(feature = "postgres")]
    async fn positions(&self) -> Option<Positions> {
        let since = self.since.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if since.is_empty() {
            return None;
        }
        let mut positions = self.before.clone();
        for (replicas, marks) in since {
            let Some(replicas) = replicas.upgrade() else { continue };
            let known = tokio::time::timeout(KNOWN, marks.position()).await.ok().flatten();
            let in_a_while = known.is_none().then(|| Instant::now() + KNOWN);
            let left = marks.left().max(in_a_while).map(|left| {
                let ahead = left.saturating_duration_since(Instant::now());
                chrono::Utc::now()
                    .timestamp_millis()
                    .saturating_add(i64::try_from(ahead.as_millis()).unwrap_or_default())
            });
            // Whoever answers later answers for what was written before: of two answers the later one stays with the caller.
            let position = known.unwrap_or_default().max(replicas.furthest()).0;
            let kept = positions.0.entry(replicas.name().to_owned()).or_default();
            *kept = Place { position: position.max(kept.position), left: left.max(kept.left) };
        }
        Some(positions)
    }

    #[cfg(not(feature = "postgres"))]
    async fn positions(&self) -> Option<Positions> {
        None
    }
}
