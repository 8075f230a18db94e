//! What some lines of the feed change in an index: rows of the table by their keys, and rows that refer to others by those. In: lines.
//! Out: keys, each once. Absent: reading the rows.

use std::collections::HashSet;

use tracing::warn;

use super::live::Live;
use crate::db::Value;
use crate::db::feed::{Line, key};
use crate::db::model::Facts;

/// What has to be read again.
pub(super) struct Changed {
    /// Rows of the table.
    pub(super) rows: Vec<Vec<Value<'static>>>,
    /// Rows that refer to these, for each of the index's included rows.
    pub(super) referred: Vec<Vec<Value<'static>>>,
}

impl Changed {
    /// Nothing where any row may have changed.
    pub(super) fn of(lines: &[Line], live: &Live, table: Facts) -> Option<Self> {
        let referred = live.includes.iter().map(|included| keys(lines, *included)).collect::<Option<Vec<_>>>()?;
        // Whoever refers does so by one column.
        let referred =
            referred.into_iter().map(|keys| keys.into_iter().filter_map(|key| key.into_iter().next()).collect());
        Some(Self { rows: keys(lines, table)?, referred: referred.collect() })
    }
}

/// The keys of a table's lines.
fn keys(lines: &[Line], table: Facts) -> Option<Vec<Vec<Value<'static>>>> {
    let mut seen = HashSet::new();
    let mut keys = Vec::new();
    for line in lines.iter().filter(|line| line.table == table.table) {
        let text = line.key.as_deref()?;
        if seen.insert(text) {
            // What is no key is no trigger's of ours.
            match key(text, table) {
                Ok(key) => keys.push(key),
                Err(error) => warn!(table = table.table, %error, "passed over"),
            }
        }
    }
    Some(keys)
}
