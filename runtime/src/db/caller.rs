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
use super::replica::{Mark, Position};

tokio::task_local! {
    static CALLER: Arc<Caller>;
}

/// What one caller has written.
struct Caller {
    /// What it had written when it came.
    before: Positions,
    /// Since then, by opened database.
    #[cfg(feature = "postgres")]
    since: Mutex<BTreeMap<usize, (&'static str, Mark)>>,
}

/// How far the logs of databases with replicas were when a caller had written, by the database's name. As a text it may be given to
/// the caller and come back with its next request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Positions(BTreeMap<String, i64>);

/// Runs `work` as one caller of its own: its reads see all that it has written, and need not see what others have. It has written
/// `before` already. Gives what it has written in the end, where there are replicas.
pub async fn as_caller<T>(before: Positions, work: impl Future<Output = T>) -> (T, Positions) {
    let caller = Arc::new(Caller::since(before));
    let done = CALLER.scope(Arc::clone(&caller), work).await;
    (done, caller.positions().await)
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

/// Keeps in mind that the caller wrote to an opened database of this name.
#[cfg(feature = "postgres")]
pub(crate) fn wrote(database: usize, name: &'static str, mark: Mark) {
    let _outside = CALLER.try_with(|caller| {
        let mut since = caller.since.lock().unwrap_or_else(PoisonError::into_inner);
        since.insert(database, (name, mark));
    });
}

/// What the caller has written; nothing where it is nobody in particular.
#[cfg(feature = "postgres")]
pub(crate) fn written(database: usize, name: &str) -> Option<Own> {
    let own = |caller: &Arc<Caller>| {
        let since = caller.since.lock().unwrap_or_else(PoisonError::into_inner);
        let known = Position(caller.before.0.get(name).copied().unwrap_or_default());
        Own { known, mark: since.get(&database).map(|(_, mark)| mark.clone()) }
    };
    CALLER.try_with(own).ok()
}

impl Caller {
    fn since(before: Positions) -> Self {
        Self {
            before,
            #[cfg(feature = "postgres")]
            since: Mutex::default(),
        }
    }

    #[cfg(feature = "postgres")]
    async fn positions(&self) -> Positions {
        let since = self.since.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut positions = self.before.clone();
        for (name, mark) in since.into_values() {
            // Of what nobody knows nothing can be said: the next reads may not see it.
            if let Ok(Some(Position(position))) = tokio::time::timeout(KNOWN, mark.position()).await {
                let kept = positions.0.entry(name.to_owned()).or_default();
                *kept = position.max(*kept);
            }
        }
        positions
    }

    #[cfg(not(feature = "postgres"))]
    async fn positions(&self) -> Positions {
        self.before.clone()
    }
}
