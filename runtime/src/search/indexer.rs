//! Keeps a search index in step with its table. In: the feed, the table's rows. Out: commits.
//!
//! One process writes, the one that holds the folder's lock; the others look at what it commits. The writer takes what changed since its
//! last commit, reads those rows again as they are now, and commits them together with how far it came: so it may be killed at any point,
//! and what it does twice does no harm. What of the feed cannot be told row by row (a table that was emptied or migrated), and an
//! index that is of another past than its database, or damaged, is built anew beside the old one, which is searched until then.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tantivy::{IndexWriter, Term};
use tracing::{info, warn};
use uuid::Uuid;

use super::error::SearchError;
use super::given::Given;
use super::index::Indexed;
use super::live::Live;
use super::store::{Generation, Lease, Payload};
use crate::db::feed::{Consumer, Cursor, Feed, key};
use crate::db::filter::{Comparison, Node};
use crate::db::model::Facts;
use crate::db::operand::Side;
use crate::db::{DataError, Handle, Query, Value, WeakHandle};

/// How often the feed is looked at where nothing tells of a change.
const PAUSE: Duration = Duration::from_millis(50);
/// The longest pause after a failure.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How often lines that everybody has seen are forgotten.
const TRIMS: Duration = Duration::from_secs(30);
/// How many lines are read at once.
const LINES: u32 = 4_096;
/// How many rows are read at once.
const ROWS: usize = 512;
/// After so many documents what was done is committed, also where there is more.
const MOST_IN_COMMIT: usize = 50_000;
/// How much memory the writer takes before it writes a segment.
const MEMORY: usize = 64 << 20;
/// Of how many rows it is kept in mind that they could not be indexed.
const MOST_SET_ASIDE: usize = 100;

/// What goes wrong here.
type Result<T> = std::result::Result<T, SearchError>;

/// Follows the table for as long as its database is open.
pub(super) async fn run<T: Indexed>(live: Arc<Live>, handle: WeakHandle) {
    let mut indexer =
        Indexer::<T> { live: Arc::clone(&live), lease: None, writing: None, row: std::marker::PhantomData };
    let mut failures = 0_u32;
    loop {
        let Some(open) = handle.upgrade() else { return };
        let written = open.written();
        let turn = indexer.turn(&open).await;
        drop(open);
        let pause = match turn {
            Ok(()) => {
                failures = 0;
                live.note(|state| state.trouble = None);
                PAUSE
            }
            Err(SearchError::Data(DataError::Closed)) => return,
            Err(error) => {
                failures += 1;
                warn!(table = live.table, %error, "the search index does not follow its table; it is tried again");
                live.note(|state| state.trouble = Some(error.to_string()));
                // Whatever was not committed is done again.
                indexer.writing = None;
                (PAUSE * 2_u32.pow(failures.min(10))).min(LONGEST_PAUSE)
            }
        };
        // Whoever writes in this process says so.
        drop(tokio::time::timeout(pause, written.notified()).await);
    }
}

struct Indexer<T> {
    live: Arc<Live>,
    lease: Option<Lease>,
    writing: Option<Writing>,
    row: std::marker::PhantomData<fn() -> T>,
}

/// A generation that is written to.
struct Writing {
    generation: Generation,
    /// Not there while it is at work on a thread of its own.
    writer: Option<IndexWriter>,
    consumer: Consumer,
    name: String,
    cursor: Cursor,
    set_aside: BTreeMap<String, String>,
    trimmed: tokio::time::Instant,
}

/// What came of following.
enum Followed {
    To(Cursor),
    /// Any row may have changed.
    Reset,
}

impl<T: Indexed> Indexer<T> {
    async fn turn(&mut self, handle: &Handle) -> Result<()> {
        let feed = Feed::of(handle);
        if self.lease.is_none() {
            self.lease = self.live.store.lease().map_err(|error| self.io(&error))?;
            if self.lease.is_none() {
                return self.look(&feed).await;
            }
            self.live.note(|state| state.is_writer = true);
        }
        let mut writing = match self.writing.take() {
            Some(writing) => writing,
            None => match self.resume(&feed).await? {
                Some(writing) => writing,
                None => self.build(handle, &feed).await?,
            },
        };
        let followed = self.follow(&mut writing, handle, &feed).await?;
        self.writing = Some(match followed {
            Followed::To(cursor) => {
                self.live.note(|state| state.came = Some(cursor));
                writing
            }
            Followed::Reset => {
                // What is written to is let go, since there is one memory for it.
                drop(writing);
                self.build(handle, &feed).await?
            }
        });
        Ok(())
    }

    /// Looks at what another process has committed.
    async fn look(&self, feed: &Feed) -> Result<()> {
        let current = self.live.store.current();
        let shown = self.live.generation().filter(|shown| Some(shown.number) == current);
        let generation = match shown {
            Some(shown) => shown,
            None => match self.live.store.open(&self.live.layout, self.live.info.language) {
                Ok(Some(opened)) => opened,
                Ok(None) => return Ok(()),
                Err(error) => return Err(self.index(&error)),
            },
        };
        // In this order: what is shown may be newer than what is said of it, and never older.
        let payload = generation.payload().map_err(|error| self.index(&error))?;
        generation.reader.reload().map_err(|error| self.index(&error))?;
        self.live.show(generation);
        let Some(payload) = payload else { return Ok(()) };
        let committed: Cursor = payload.cursor.parse()?;
        let came = self.live.state().came.filter(|came| came.reaches(&committed)).unwrap_or(committed);
        // Whoever writes commits nothing where nothing of the table has changed.
        let mut changes = feed.since(&came).await?;
        let mut is_behind = false;
        while !is_behind {
            let lines = changes.next(LINES).await?;
            if lines.is_empty() {
                break;
            }
            is_behind = lines.iter().any(|line| line.table == self.live.table);
        }
        let came = if is_behind { came } else { changes.upto().clone() };
        self.live.note(|state| {
            state.came = Some(came);
            state.set_aside = payload.set_aside.into_iter().collect();
        });
        Ok(())
    }

    /// Goes on where the index was left; nothing where it has to be built.
    async fn resume(&self, feed: &Feed) -> Result<Option<Writing>> {
        let table = self.live.table;
        let opened = match self.live.store.open(&self.live.layout, self.live.info.language) {
            Ok(Some(opened)) => opened,
            Ok(None) => match self.live.generation() {
                // In memory there is nothing but what is open.
                Some(opened) if matches!(self.live.store, super::store::Store::Memory) => opened,
                _ => return Ok(None),
            },
            Err(error) => {
                warn!(table, %error, "the search index can't be read: it is built anew");
                return Ok(None);
            }
        };
        if let Some(damaged) = self.damaged(&opened) {
            warn!(table, file = damaged, "a file of the search index is damaged: it is built anew");
            return Ok(None);
        }
        let Ok(Some(payload)) = opened.payload() else { return Ok(None) };
        let consumer = Consumer::new(feed.clone(), &payload.consumer);
        let Some(standing) = consumer.standing().await? else {
            info!(table, "the search index was away for too long: it is built anew");
            return Ok(None);
        };
        let Ok(cursor) = payload.cursor.parse() else { return Ok(None) };
        if standing.next.is_some_and(|(_, mark)| mark == payload.mark) {
            // It was killed between its step and saying so.
            consumer.made(&payload.mark).await?;
        } else if standing.mark != payload.mark {
            warn!(table, "the search index is of another past than its database: it is built anew");
            return Ok(None);
        }
        self.live.show(opened.clone());
        let writer = self.writer(&opened)?;
        let set_aside = payload.set_aside.into_iter().collect();
        let (writer, trimmed) = (Some(writer), tokio::time::Instant::now());
        Ok(Some(Writing { generation: opened, writer, consumer, name: payload.consumer, cursor, set_aside, trimmed }))
    }

    /// A file of the index that is not as it was written.
    fn damaged(&self, generation: &Generation) -> Option<String> {
        match generation.index.validate_checksum() {
            Ok(damaged) => damaged.into_iter().next().map(|path| path.display().to_string()),
            Err(error) => Some(error.to_string()),
        }
    }

    /// Builds the index from all rows, beside the one that is searched until then.
    async fn build(&self, handle: &Handle, feed: &Feed) -> Result<Writing> {
        let live = &self.live;
        let before = live.generation().map_or(0, |shown| shown.number);
        let generation =
            live.store.create(&live.layout, live.info.language, before).map_err(|error| self.index(&error))?;
        let writer = self.writer(&generation)?;
        let index = live.info.name.unwrap_or(live.table);
        let name = format!("search:{}.{index}:{}", handle.name(), Uuid::new_v4().simple());
        let consumer = Consumer::new(feed.clone(), &name);
        // From here on the feed is kept for it.
        let (cursor, mark) = (feed.now().await?, Uuid::new_v4().simple().to_string());
        consumer.begin(&cursor, &mark).await?;
        let (writer, trimmed) = (Some(writer), tokio::time::Instant::now());
        let mut writing = Writing { generation, writer, consumer, name, cursor, set_aside: BTreeMap::new(), trimmed };
        let mut rows = 0_u64;
        let mut next = None;
        loop {
            let query: Query<T> = Query::new(handle.clone(), live.table);
            let (found, behind) = query.after(next).by_key(Some(ROWS)).await?;
            rows += found.len() as u64;
            self.write(&mut writing, Vec::new(), found).await?;
            if behind.is_none() {
                break;
            }
            next = behind;
        }
        let cursor = writing.cursor.clone();
        self.commit(&mut writing, &cursor).await?;
        live.store.publish(writing.generation.number).map_err(|error| self.io(&error))?;
        live.show(writing.generation.clone());
        info!(table = live.table, rows, "the search index is built");
        Ok(writing)
    }

    /// Does what has changed since the last commit.
    async fn follow(&self, writing: &mut Writing, handle: &Handle, feed: &Feed) -> Result<Followed> {
        let facts = Facts::of::<T>(self.live.table);
        let mut changes = feed.since(&writing.cursor).await?;
        let mut changed = 0;
        loop {
            let lines = changes.next(LINES).await?;
            if lines.is_empty() {
                break;
            }
            let mut keys = HashSet::new();
            for line in lines.into_iter().filter(|line| line.table == self.live.table) {
                match line.key {
                    Some(key) => drop(keys.insert(key)),
                    None => return Ok(Followed::Reset),
                }
            }
            let keys: Vec<String> = keys.into_iter().collect();
            for keys in keys.chunks(ROWS) {
                let keys = keys.iter().map(|text| key(text, facts)).collect::<std::result::Result<Vec<_>, _>>()?;
                self.reload(writing, handle, &keys).await?;
                changed += keys.len();
            }
            if changed >= MOST_IN_COMMIT {
                // It begins again from the same place, and what it has done by then is there.
                let cursor = writing.cursor.clone();
                self.commit(writing, &cursor).await?;
                changed = 1;
            }
        }
        let upto = changes.upto().clone();
        if changed > 0 {
            self.commit(writing, &upto).await?;
        } else if writing.trimmed.elapsed() >= TRIMS && upto != writing.cursor {
            // So that the lines can go although none of them was about this table.
            self.commit(writing, &upto).await?;
        }
        if writing.trimmed.elapsed() >= TRIMS {
            writing.consumer.trim().await?;
            writing.trimmed = tokio::time::Instant::now();
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
            writing.set_aside.remove(&shown(key));
        }
        self.write(writing, gone, found).await
    }

    /// Deletes documents, and adds those of rows. A row that can't be indexed is set aside, and is in nobody's way.
    async fn write(&self, writing: &mut Writing, gone: Vec<Term>, rows: Vec<Found<T>>) -> Result<()> {
        let mut documents = Vec::with_capacity(rows.len());
        for (key, row) in rows {
            let document = row.and_then(|row| {
                let mut given = Given::default();
                row.give(&mut given);
                self.live.layout.document(&key, given.take())
            });
            match document {
                Ok(document) => documents.push(document),
                Err(error) => {
                    let key = shown(&key);
                    warn!(table = self.live.table, key, %error, "a row can't be indexed: it is not found until it is changed");
                    if writing.set_aside.len() < MOST_SET_ASIDE {
                        writing.set_aside.insert(key, error.to_string());
                    }
                }
            }
        }
        self.aside(writing, move |writer| {
            for term in gone {
                writer.delete_term(term);
            }
            documents.into_iter().try_for_each(|document| writer.add_document(document).map(drop))
        })
        .await
    }

    /// Works with the writer where that keeps nobody waiting.
    async fn aside(
        &self,
        writing: &mut Writing,
        work: impl FnOnce(&mut IndexWriter) -> tantivy::Result<()> + Send + 'static,
    ) -> Result<()> {
        let ended = || SearchError::Index { table: self.live.table, reason: "its writer has ended".to_owned() };
        let mut writer = writing.writer.take().ok_or_else(ended)?;
        let done = tokio::task::spawn_blocking(move || {
            let done = work(&mut writer);
            (writer, done)
        });
        let (writer, done) = done.await.map_err(|_| ended())?;
        writing.writer = Some(writer);
        done.map_err(|error| self.index(&error))
    }

    /// Makes what was done visible, together with how far it came.
    async fn commit(&self, writing: &mut Writing, cursor: &Cursor) -> Result<()> {
        let mark = Uuid::new_v4().simple().to_string();
        if !writing.consumer.intend(cursor, &mark).await? {
            return Err(SearchError::Index {
                table: self.live.table,
                reason: "its database has forgotten it".to_owned(),
            });
        }
        let payload = Payload {
            cursor: cursor.to_string(),
            mark: mark.clone(),
            consumer: writing.name.clone(),
            set_aside: writing.set_aside.clone().into_iter().collect(),
        };
        let payload = serde_json::to_string(&payload).unwrap_or_default();
        let reader = writing.generation.reader.clone();
        self.aside(writing, move |writer| {
            let mut prepared = writer.prepare_commit()?;
            prepared.set_payload(&payload);
            prepared.commit()?;
            reader.reload()
        })
        .await?;
        writing.cursor = cursor.clone();
        let set_aside = writing.set_aside.clone();
        self.live.note(|state| state.set_aside = set_aside);
        Ok(writing.consumer.made(&mark).await?)
    }

    fn writer(&self, generation: &Generation) -> Result<IndexWriter> {
        generation.index.writer_with_num_threads(1, MEMORY).map_err(|error| self.index(&error))
    }

    fn index(&self, error: &tantivy::TantivyError) -> SearchError {
        SearchError::index(self.live.table, error)
    }

    fn io(&self, error: &std::io::Error) -> SearchError {
        SearchError::Index { table: self.live.table, reason: error.to_string() }
    }
}

/// A row under its key, or why it can't be read.
type Found<T> = (Vec<Value<'static>>, std::result::Result<T, DataError>);

/// A key in messages.
fn shown(key: &[Value<'static>]) -> String {
    format!("{key:?}")
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
