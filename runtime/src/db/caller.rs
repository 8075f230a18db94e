//! Whose writes a read has to see. In: what runs for one caller, such as a request. Out: the positions in the logs of databases that its
//! writes have, which a read that goes to a replica waits for. Absent: replicas, and how positions are asked for.
//!
//! Whatever runs in no [`as_caller`] belongs to all others that do so, and sees the writes of the whole process.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
#[cfg(feature = "postgres")]
use std::sync::{Mutex, PoisonError};

#[cfg(feature = "postgres")]
use super::replica::{Mark, Position, Replicas};

tokio::task_local! {
    static CALLER: Arc<Caller>;
}

/// What one caller has written.
struct Caller {
    /// What it had written when it came.
    before: Positions,
    /// Since then, by opened database.
    #[cfg(feature = "postgres")]
    since: Mutex<Vec<(Arc<Replicas>, Mark)>>,
    /// What it does, this one has done.
    #[cfg(feature = "postgres")]
    around: Option<Arc<Caller>>,
}

/// How far the logs of databases with replicas were when a caller had written, by the database's name. As a text it may be given to
/// the caller and come back with its next request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Positions(BTreeMap<String, i64>);

/// Runs `work` as one caller of its own: its reads see all that it has written, and need not see what others have. It has written
/// `before` already. Gives what it has written in the end, where there are replicas. What it spawns is of it only by [`same_caller`].
pub async fn as_caller<T>(before: Positions, work: impl Future<Output = T>) -> (T, Positions) {
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

    /// Whether nobody could say where something was written: until that is known, the primary has to be asked.
    #[cfg(feature = "http")]
    pub(crate) fn is_uncertain(&self) -> bool {
        self.0.values().any(|position| *position == i64::MAX)
    }
}

/// The most databases in a text, and the longest text: far more than an application has, and no more than a stranger may send.
const MOST: usize = 32;
const LONGEST: usize = 4096;

impl fmt::Display for Positions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (name, position)) in self.0.iter().enumerate() {
            write!(f, "{}{name}.{position:x}", if at == 0 { "" } else { "~" })?;
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
        let mut positions = BTreeMap::new();
        for entry in text.split('~').filter(|entry| !entry.is_empty()) {
            let (name, position) = entry.split_once('.').ok_or_else(wrong)?;
            let is_hex = position.bytes().all(|byte| byte.is_ascii_hexdigit());
            let position = i64::from_str_radix(position, 16).ok().filter(|_| is_hex).ok_or_else(wrong)?;
            positions.insert(name.to_owned(), position);
        }
        if positions.len() > MOST { Err(wrong()) } else { Ok(Self(positions)) }
    }
}

/// How long a caller is kept until it is known where its writes are: they are done, and their positions on the way.
#[cfg(feature = "postgres")]
const KNOWN: std::time::Duration = std::time::Duration::from_secs(1);

/// What a caller has written to one database.
#[cfg(feature = "postgres")]
pub(crate) struct Own {
    pub(crate) known: Position,
    pub(crate) mark: Option<Mark>,
}

/// Keeps in mind that the caller wrote to an opened database.
#[cfg(feature = "postgres")]
pub(crate) fn wrote(replicas: &Arc<Replicas>, mark: Mark) {
    let caller = CALLER.try_with(Arc::clone).ok();
    for caller in std::iter::successors(caller.as_ref(), |caller| caller.around.as_ref()) {
        let mut since = caller.since.lock().unwrap_or_else(PoisonError::into_inner);
        since.retain(|(known, _)| !Arc::ptr_eq(known, replicas));
        since.push((Arc::clone(replicas), mark.clone()));
    }
}

/// What the caller has written; nothing where it is nobody in particular.
#[cfg(feature = "postgres")]
pub(crate) fn written(replicas: &Replicas) -> Option<Own> {
    let own = |caller: &Arc<Caller>| {
        let since = caller.since.lock().unwrap_or_else(PoisonError::into_inner);
        let known = Position(caller.before.0.get(replicas.name()).copied().unwrap_or_default());
        let mark = since.iter().find(|(known, _)| std::ptr::eq(&raw const **known, replicas));
        Own { known, mark: mark.map(|(_, mark)| mark.clone()) }
    };
    CALLER.try_with(own).ok()
}

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

    #[cfg(feature = "postgres")]
    async fn positions(&self) -> Positions {
        let since = self.since.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut positions = self.before.clone();
        for (replicas, mark) in since {
            let known = tokio::time::timeout(KNOWN, mark.position()).await;
            // Whoever answers later answers for what was written before: of two answers the later one stays with the caller.
            let position = match known {
                Ok(Some(position)) => position.max(replicas.furthest()),
                Ok(None) | Err(_) => Position(i64::MAX),
            };
            let kept = positions.0.entry(replicas.name().to_owned()).or_default();
            *kept = position.0.max(*kept);
        }
        positions
    }

    #[cfg(not(feature = "postgres"))]
    async fn positions(&self) -> Positions {
        self.before.clone()
    }
}
