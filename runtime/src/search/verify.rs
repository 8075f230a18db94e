//! Compares an index with its table, whole. In: both. Out: the keys of rows that only one of them has, or that differ. What is written
//! meanwhile is looked at again.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use cell_manifest::SearchRows;

use super::aside::Aside;
use super::collect;
use super::error::SearchError;
use super::follow::with_keys;
use super::included;
use super::index::Indexed;
use super::layout::{PRINT, Stored};
use super::live::Live;
use super::query::{KEYS, bytes};
use super::store::Generation;
use crate::db::feed::Feed;
use crate::db::query::ByKey;
use crate::db::{DataError, Handle, Query, Value};

/// How many rows are read at once.
const ROWS: usize = 1_000;
/// So many rows of a new generation are compared before it is searched.
const SAMPLE: usize = 256;
/// How often what differs is looked at: each time there is less of it, which takes less time.
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
    compare::<T>(&handle.index_of::<T>(table)?, handle, &|_| ()).await
}

/// Compares all rows of a table with an index that somebody follows. `hears` is told how far it has come.
pub(super) async fn compare<T: Indexed>(
    live: &Arc<Live>,
    handle: &Handle,
    hears: &(dyn Fn(SearchRows) + Send + Sync),
) -> Result<Verified, SearchError> {
    #[cfg(feature = "postgres")]
    let handle = &handle.at_primary();
    let table = live.table;
    let of = Query::<T>::new(handle.clone(), table).count().await?;
    let (mut indexed, aside) = indexed(live, handle).await?;
    let mut verified = Verified { documents: indexed.len() as u64, ..Verified::default() };
    let mut suspects = Vec::new();
    let mut next = None;
    loop {
        hears(SearchRows { done: verified.rows, of });
        let (rows, behind) = Query::<T>::new(handle.clone(), table).after(next).by_key(Some(ROWS)).await?;
        for (key, print) in printed(live, handle, &rows).await? {
            verified.rows += 1;
            let stored = live.layout.key(key)?;
            if !is_equal(&stored, print, &mut indexed, &aside) {
                suspects.push(stored);
            }
        }
        if behind.is_none() {
            break;
        }
        next = behind;
    }
    suspects.extend(indexed.into_values().map(|(key, _)| key));
    for _ in 1..LOOKS {
        if suspects.is_empty() {
            break;
        }
        suspects = again::<T>(live, handle, suspects).await?;
    }
    verified.differing = suspects.iter().map(ToString::to_string).collect();
    Ok(verified)
}

/// Looks again at rows that differed. Out: the keys of those that still do.
async fn again<T: Indexed>(
    live: &Arc<Live>,
    handle: &Handle,
    suspects: Vec<Stored>,
) -> Result<Vec<Stored>, SearchError> {
    let (mut indexed, aside) = indexed(live, handle).await?;
    let mut differing = Vec::new();
    for suspects in suspects.chunks(KEYS) {
        let keys = suspects.iter().map(|key| live.layout.values(key)).collect::<Result<Vec<_>, _>>()?;
        let rows = Query::<T>::new(handle.clone(), live.table).only(with_keys::<T>(&keys));
        let mut gone: HashMap<_, _> = suspects.iter().map(|key| (bytes(key), key)).collect();
        let rows = rows.by_key(None).await?.0;
        for (key, print) in printed(live, handle, &rows).await? {
            let stored = live.layout.key(key)?;
            gone.remove(&bytes(&stored));
            if !is_equal(&stored, print, &mut indexed, &aside) {
                differing.push(stored);
            }
        }
        differing.extend(gone.into_iter().filter(|(id, _)| indexed.contains_key(id)).map(|(_, key)| key.clone()));
    }
    Ok(differing)
}

/// Rows' keys, each with what stands for all that is indexed of the row; nothing of what can't be read.
async fn printed<'rows, T: Indexed>(
    live: &Live,
    handle: &Handle,
    rows: &'rows [ByKey<T>],
) -> Result<Vec<(&'rows [Value<'static>], Option<u64>)>, DataError> {
    let read = rows.iter().filter_map(|(_, row)| row.as_ref().ok());
    let mut values = included::values(handle, read).await?.into_iter();
    let prints = rows.iter().map(|(key, row)| {
        let values = row.is_ok().then(|| values.next()).flatten();
        (key.as_slice(), values.and_then(Result::ok).map(|values| live.layout.print(&values)))
    });
    Ok(prints.collect())
}

/// Whether the index has a row as the table has it, or left it out knowingly. What it has of it is taken out.
fn is_equal(key: &Stored, print: Option<u64>, indexed: &mut HashMap<Vec<u8>, (Stored, u64)>, aside: &Aside) -> bool {
    let found = indexed.remove(&bytes(key)).map(|(_, print)| print);
    if found.is_none() && aside.has(&key.to_string()) {
        return true;
    }
    found == print
}

/// What the index has under each key, once it has come as far as the table is now; and the rows that it can't take.
async fn indexed(live: &Arc<Live>, handle: &Handle) -> Result<(HashMap<Vec<u8>, (Stored, u64)>, Aside), SearchError> {
    let now = Feed::of(handle).now().await?;
    let generation = live.reached(Some(&now), WAIT).await?;
    let payload = generation.payload().map_err(|error| SearchError::index(live.table, &error))?;
    let (looked, table) = (Arc::clone(live), live.table);
    let prints = tokio::task::spawn_blocking(move || prints(&looked, &generation)).await;
    let ended = |_| SearchError::Index { table, reason: "the comparison has ended".to_owned() };
    Ok((prints.map_err(ended)??, payload.map(|payload| payload.aside).unwrap_or_default()))
}

/// What a generation and its table have in common at a glance.
pub(super) struct Compared {
    pub(super) documents: u64,
    /// How many rows it can't take, where that is known.
    pub(super) aside: Option<u64>,
    pub(super) rows: u64,
    /// The key of one of some rows, which differs.
    pub(super) differing: Option<String>,
}

/// Counts the documents of a generation and the rows of its table, and compares some of them.
pub(super) async fn sampled<T: Indexed>(
    live: &Arc<Live>,
    handle: &Handle,
    generation: &Generation,
    aside: &Aside,
) -> Result<Compared, SearchError> {
    let (looked, opened) = (Arc::clone(live), generation.clone());
    let sample = tokio::task::spawn_blocking(move || sample(&looked, &opened)).await;
    let ended = |_| SearchError::Index { table: live.table, reason: "the comparison has ended".to_owned() };
    let mut indexed = sample.map_err(ended)??;
    let keys = indexed.values().map(|(key, _)| live.layout.values(key)).collect::<Result<Vec<_>, _>>()?;
    let mut differing = None;
    if !keys.is_empty() {
        let rows = Query::<T>::new(handle.clone(), live.table).only(with_keys::<T>(&keys)).by_key(None).await?.0;
        for (key, print) in printed(live, handle, &rows).await? {
            let key = live.layout.key(key)?;
            if !is_equal(&key, print, &mut indexed, aside) {
                differing = Some(key.to_string());
            }
        }
        // What is left is of no row.
        differing = differing.or_else(|| indexed.into_values().next().map(|(key, _)| key.to_string()));
    }
    let documents = generation.reader.searcher().num_docs();
    let rows = Query::<T>::new(handle.clone(), live.table).count().await?;
    Ok(Compared { documents, aside: aside.count(), rows, differing })
}

/// Some documents of each segment, spread over it.
fn sample(live: &Live, generation: &Generation) -> Result<HashMap<Vec<u8>, (Stored, u64)>, SearchError> {
    let failed = |error: tantivy::TantivyError| SearchError::index(live.table, &error);
    let searcher = generation.reader.searcher();
    let most = SAMPLE.div_ceil(searcher.segment_readers().len().max(1));
    let mut found = HashMap::new();
    for reader in searcher.segment_readers() {
        let prints = reader.fast_fields().u64(PRINT).map_err(failed)?;
        let keys = collect::keys(reader, live.layout.is_number).map_err(failed)?;
        let apart = (reader.num_docs() as usize / most).max(1);
        for document in reader.doc_ids_alive().step_by(apart).take(most) {
            if let Some(key) = keys.get(document) {
                found.insert(bytes(&key), (key, prints.first(document).unwrap_or_default()));
            }
        }
    }
    Ok(found)
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
