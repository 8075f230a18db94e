//! A generation that is written to. In: rows under their keys, how far the feed was followed. Out: commits, each with how far it came.

use tantivy::{IndexWriter, Term};
use tokio::time::Instant;
use tracing::warn;
use uuid::Uuid;

use super::aside::Aside;
use super::error::SearchError;
use super::included;
use super::index::Indexed;
use super::live::Live;
use super::store::{Generation, Payload};
use crate::db::Handle;
use crate::db::feed::{Consumer, Cursor};
use crate::db::query::ByKey;

/// How much memory the writer takes before it writes a segment.
const MEMORY: usize = 64 << 20;

/// What goes wrong here.
type Result<T> = std::result::Result<T, SearchError>;

/// A generation that is written to.
pub(super) struct Writing {
    pub(super) generation: Generation,
    /// Not there while it is at work on a thread of its own.
    writer: Option<IndexWriter>,
    pub(super) consumer: Consumer,
    /// As whom it follows the feed.
    name: String,
    /// The mark of its last step.
    mark: String,
    pub(super) cursor: Cursor,
    /// Rows that it can't take.
    pub(super) aside: Aside,
    pub(super) trimmed: Instant,
}

impl Writing {
    pub(super) fn new(
        live: &Live,
        generation: Generation,
        consumer: Consumer,
        name: String,
        cursor: Cursor,
        mark: String,
    ) -> Result<Self> {
        let writer = generation.index.writer_with_num_threads(1, MEMORY);
        let writer = Some(writer.map_err(|error| SearchError::index(live.table, &error))?);
        Ok(Self { generation, writer, consumer, name, mark, cursor, aside: Aside::default(), trimmed: Instant::now() })
    }

    /// Deletes documents, and adds those of rows. A row that can't be indexed is set aside, and is in nobody's way.
    pub(super) async fn write<T: Indexed>(
        &mut self,
        live: &Live,
        handle: &Handle,
        gone: Vec<Term>,
        rows: Vec<ByKey<T>>,
    ) -> Result<()> {
        let mut documents = Vec::with_capacity(rows.len());
        let mut values =
            included::values(handle, rows.iter().filter_map(|(_, row)| row.as_ref().ok())).await?.into_iter();
        for (key, row) in &rows {
            let values = match row {
                Ok(_) => values.next().unwrap_or_else(|| Ok(Vec::new())),
                Err(error) => Err(error.clone()),
            };
            match values.and_then(|values| live.layout.document(key, values)) {
                Ok(document) => {
                    if !self.aside.is_empty() {
                        self.aside.remove(&live.layout.key(key)?.to_string());
                    }
                    documents.push(document);
                }
                Err(error) => {
                    warn!(table = live.table, ?key, %error, "a row can't be indexed: it is not found until it is changed");
                    let key = live.layout.key(key).map_or_else(|_| format!("{key:?}"), |key| key.to_string());
                    self.aside.add(key, &error.to_string());
                }
            }
        }
        self.aside(live, move |writer| {
            for term in gone {
                writer.delete_term(term);
            }
            documents.into_iter().try_for_each(|document| writer.add_document(document).map(drop))
        })
        .await
    }

    /// Works with the writer where that keeps nobody waiting.
    async fn aside(
        &mut self,
        live: &Live,
        work: impl FnOnce(&mut IndexWriter) -> tantivy::Result<()> + Send + 'static,
    ) -> Result<()> {
        let ended = || SearchError::Index { table: live.table, reason: "its writer has ended".to_owned() };
        let mut writer = self.writer.take().ok_or_else(ended)?;
        let done = tokio::task::spawn_blocking(move || {
            let done = work(&mut writer);
            (writer, done)
        });
        let (writer, done) = done.await.map_err(|_| ended())?;
        self.writer = Some(writer);
        done.map_err(|error| SearchError::index(live.table, &error))
    }

    /// Makes what was done visible, together with how far it came.
    pub(super) async fn commit(&mut self, live: &Live, cursor: &Cursor) -> Result<()> {
        let mark = Uuid::new_v4().simple().to_string();
        if !self.consumer.intend(cursor, &mark, &self.mark).await? {
            return Err(forgotten(live));
        }
        let (consumer, aside) = (self.name.clone(), self.aside.clone());
        let payload = Payload { cursor: cursor.to_string(), mark: mark.clone(), consumer, aside };
        let payload = serde_json::to_string(&payload).unwrap_or_default();
        let reader = self.generation.reader.clone();
        self.aside(live, move |writer| {
            let mut prepared = writer.prepare_commit()?;
            prepared.set_payload(&payload);
            prepared.commit()?;
            reader.reload()
        })
        .await?;
        self.cursor = cursor.clone();
        self.mark.clone_from(&mark);
        if self.consumer.made(&mark).await? { Ok(()) } else { Err(forgotten(live)) }
    }

    /// Says how far it came where there was nothing to do, and forgets what everybody has seen.
    pub(super) async fn trim(&mut self, live: &Live, cursor: &Cursor) -> Result<()> {
        if !self.consumer.advance(cursor, &self.mark).await? {
            return Err(forgotten(live));
        }
        self.consumer.trim().await?;
        self.trimmed = Instant::now();
        Ok(())
    }
}

fn forgotten(live: &Live) -> SearchError {
    SearchError::Index { table: live.table, reason: "its database has forgotten it".to_owned() }
}
