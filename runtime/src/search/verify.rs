//! Compares an index with its table, whole. In: both. Out: the keys of rows that only one of them has, or that differ. What is written
//! meanwhile is looked at again.

use std::collections::HashMap;
use std::time::Duration;

use super::collect;
use super::error::SearchError;
use super::included;
use super::index::Indexed;
use super::layout::{PRINT, Stored};
use super::live::Live;
use super::query::bytes;
use super::store::Generation;
use crate::db::feed::Feed;
use crate::db::{Handle, Query};

/// How many rows are read at once.
const ROWS: usize = 1_000;
/// How often what differs is looked at again.
const LOOKS: u32 = 4;
/// How long the index may take to come as far as the table.
const WAIT: Duration = Duration::from_secs(60);

/// What an index and its table have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// How many rows the table has.
    pub rows: u64,
    /// How many documents the index has.
    pub documents: u64,
    /// Keys of rows that are not in the index, or otherwise than in the table; or in the index alone. In no order.
    pub differing: Vec<String>,
}

/// Compares all rows of a table with its index.
pub(crate) async fn verify<T: Indexed>(handle: &Handle, table: &'static str) -> Result<Verified, SearchError> {
    #[cfg(feature = "postgres")]
    let handle = &handle.at_primary();
    let live = handle.index_of::<T>(table)?;
    let mut verified = Verified::default();
    for _ in 0..LOOKS {
        let now = Feed::of(handle).now().await?;
        let generation = live.reached(Some(&now), WAIT).await?;
        let looked = std::sync::Arc::clone(&live);
        let indexed = tokio::task::spawn_blocking(move || prints(&looked, &generation)).await;
        let ended = |_| SearchError::Index { table, reason: "the comparison has ended".to_owned() };
        let mut indexed = indexed.map_err(ended)??;
        verified = Verified { documents: indexed.len() as u64, ..Verified::default() };
        let mut next = None;
        loop {
            let (rows, behind) = Query::<T>::new(handle.clone(), table).after(next).by_key(Some(ROWS)).await?;
            let mut values =
                included::values(handle, rows.iter().filter_map(|(_, row)| row.as_ref().ok())).await?.into_iter();
            for (key, row) in &rows {
                verified.rows += 1;
                let values = row.is_ok().then(|| values.next()).flatten();
                let print = values.and_then(Result::ok).map(|values| live.layout.print(&values));
                let stored = live.layout.key(key)?;
                if indexed.remove(&bytes(&stored)).map(|(_, print)| print) != print {
                    verified.differing.push(format!("{key:?}"));
                }
            }
            if behind.is_none() {
                break;
            }
            next = behind;
        }
        verified.differing.extend(indexed.into_values().map(|(key, _)| format!("{key:?}")));
        if verified.differing.is_empty() {
            break;
        }
    }
    Ok(verified)
}

/// What the index has under each key. Of two documents with one key, none is right.
fn prints(live: &Live, generation: &Generation) -> Result<HashMap<Vec<u8>, (Stored, u64)>, SearchError> {
    let failed = |error: tantivy::TantivyError| SearchError::index(live.table, &error);
    let mut found = HashMap::new();
    for reader in generation.reader.searcher().segment_readers() {
        let prints = reader.fast_fields().u64(PRINT).map_err(failed)?;
        let keys = collect::keys(reader, live.layout.is_number).map_err(failed)?;
        for document in reader.doc_ids_alive() {
            let Some(key) = keys.get(document) else { continue };
            let print = prints.first(document).unwrap_or_default();
            let id = bytes(&key);
            let twice = found.contains_key(&id);
            found.insert(id, (key, if twice { 0 } else { print }));
        }
    }
    Ok(found)
}
