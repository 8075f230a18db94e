//! Follows the feed in a generation. In: lines since its last commit. Out: the rows that they name, read again as they are now, and those
//! that refer to them; or that any row may have changed. Absent: when it is done, and what is done where it can't be.

use std::time::Duration;

use tracing::{debug, warn};

use super::changed::Changed;
use super::error::SearchError;
use super::index::Indexed;
use super::indexer::{Indexer, LINES, ROWS};
use super::writing::Writing;
use crate::db::feed::{Cursor, Feed};
use crate::db::filter::{Comparison, Node};
use crate::db::model::Facts;
use crate::db::operand::Side;
use crate::db::{ColumnInfo, Handle, Query, Value};

/// How often lines that everybody has seen are forgotten.
const TRIMS: Duration = Duration::from_secs(30);
/// After so many documents what was done is committed, also where there is more.
const MOST_IN_COMMIT: usize = 50_000;

/// What goes wrong here.
type Result<T> = std::result::Result<T, SearchError>;

/// What came of following.
pub(super) enum Followed {
    To(Cursor),
    /// Any row may have changed.
    Reset,
}

impl<T: Indexed> Indexer<T> {
    /// Does what has changed since the last commit.
    pub(super) async fn follow(&self, writing: &mut Writing, handle: &Handle, feed: &Feed) -> Result<Followed> {
        let facts = Facts::of::<T>(self.live.table);
        let mut changes = feed.since(&writing.cursor).await?;
        if !changes.upto().reaches(&writing.cursor) {
            warn!(table = self.live.table, "the database is of another past than its search index: it is built anew");
            // Nobody has seen more of this past.
            self.live.note(|state| state.came = None);
            return Ok(Followed::Reset);
        }
        let (mut changed, mut lag) = (0, None);
        loop {
            let lines = changes.next(LINES).await?;
            if lines.is_empty() {
                break;
            }
            // Where there are more than were read, they are counted, once.
            let lag = match lag {
                None if lines.len() >= LINES as usize => *lag.insert(self.live.lacks(feed, &writing.cursor).await?),
                _ => *lag.get_or_insert(lines.iter().filter(|line| self.live.follows(&line.table)).count() as u64),
            };
            if lag > 0 {
                self.live.is_behind(lag);
            }
            let Some(lines) = Changed::of(&lines, &self.live, facts) else { return Ok(Followed::Reset) };
            for keys in lines.rows.chunks(ROWS) {
                self.reload(writing, handle, keys).await?;
                changed += keys.len();
                self.keep(writing, &mut changed).await?;
            }
            for (include, keys) in self.live.info.includes.iter().zip(&lines.referred) {
                for keys in keys.chunks(ROWS) {
                    // Also where nobody refers to it: others wait until somebody has seen it.
                    changed += keys.len();
                    self.reload_referring(writing, handle, include.reference.column, keys, &mut changed).await?;
                }
            }
        }
        let upto = changes.upto().clone();
        if changed > 0 {
            writing.commit(&self.live, &upto).await?;
        }
        if writing.trimmed.elapsed() >= TRIMS {
            match writing.trim(&self.live, &upto).await {
                // On SQLite, somebody who writes for long: it is tried again later.
                Err(SearchError::Data(error)) => {
                    debug!(table = self.live.table, %error, "lines that everybody has seen are not forgotten yet");
                    writing.trimmed = tokio::time::Instant::now();
                }
                trimmed => trimmed?,
            }
        }
        writing.cursor = upto.clone();
        Ok(Followed::To(upto))
    }

    /// Reads rows again, and puts them in the place of what was there under their keys.
    async fn reload(&self, writing: &mut Writing, handle: &Handle, keys: &[Vec<Value<'static>>]) -> Result<()> {
        let gone = keys.iter().map(|key| self.live.layout.term(key)).collect::<std::result::Result<Vec<_>, _>>()?;
        let (found, _) =
            Query::<T>::new(handle.clone(), self.live.table).only(with_keys::<T>(keys)).by_key(None).await?;
        for key in keys {
            writing.aside.remove(&self.live.layout.key(key)?.to_string());
        }
        writing.write(&self.live, handle, gone, found).await
    }

    /// Commits what is done where that is much. It begins again from the same place, and what it has done by then is there.
    async fn keep(&self, writing: &mut Writing, changed: &mut usize) -> Result<()> {
        if *changed >= MOST_IN_COMMIT {
            let cursor = writing.cursor.clone();
            writing.commit(&self.live, &cursor).await?;
            *changed = 1;
        }
        Ok(())
    }

    /// Reads the rows again that hold one of these values in a column.
    async fn reload_referring(
        &self,
        writing: &mut Writing,
        handle: &Handle,
        column: &'static ColumnInfo,
        values: &[Value<'static>],
        changed: &mut usize,
    ) -> Result<()> {
        let mut next = None;
        loop {
            let sides = values.iter().cloned().map(Side::Value).collect();
            let query = Query::<T>::new(handle.clone(), self.live.table).only(Node::In { column, sides });
            let (found, behind) = query.after(next).by_key(Some(ROWS)).await?;
            *changed += found.len();
            let gone = found.iter().map(|(key, _)| self.live.layout.term(key));
            let gone = gone.collect::<std::result::Result<Vec<_>, _>>()?;
            writing.write(&self.live, handle, gone, found).await?;
            self.keep(writing, changed).await?;
            if behind.is_none() {
                return Ok(());
            }
            if values.len() > 1 {
                // Each alone, whose rows an index gives in order.
                for value in values {
                    Box::pin(self.reload_referring(writing, handle, column, std::slice::from_ref(value), changed))
                        .await?;
                }
                return Ok(());
            }
            next = behind;
        }
    }
}

/// The rows that have these keys.
pub(super) fn with_keys<T: Indexed>(keys: &[Vec<Value<'static>>]) -> Node {
    let columns: Vec<_> = T::KEY.iter().filter_map(|at| T::INFO.get(*at)).collect();
    if let [column] = columns.as_slice() {
        let sides = keys.iter().filter_map(|key| key.first().cloned()).map(Side::Value);
        return Node::In { column, sides: sides.collect() };
    }
    let is = |key: &Vec<Value<'static>>| {
        let parts = columns.iter().zip(key).map(|(column, value)| Node::Compare {
            column,
            comparison: Comparison::Equal,
            side: Side::Value(value.clone()),
        });
        Node::And(parts.collect())
    };
    Node::Or(keys.iter().map(is).collect())
}
