//! A new generation of an index, beside the one that is followed and searched until then. In: all rows of the table, a while of work at a
//! time. Out: a generation that was compared with the table before anybody looks into it. Killed at any point, it leaves the one before.

use std::time::{Duration, Instant};

use cell_manifest::SearchRows;
use tracing::info;
use uuid::Uuid;

use super::error::SearchError;
use super::index::Indexed;
use super::indexer::{Followed, Indexer, ROWS};
use super::store::Store;
use super::verify::{Compared, sampled};
use super::writing::Writing;
use crate::db::feed::Feed;
use crate::db::{Cursor, Handle, Query};

/// So long it works before the one that is searched is followed again.
const WHILE: Duration = Duration::from_millis(100);
/// How often it is compared with its table where that does not hold still.
const LOOKS: u32 = 16;

/// A generation in the making.
pub(super) struct Building {
    writing: Writing,
    /// As whom it follows the feed.
    name: String,
    /// As whom the one before follows it.
    earlier: Option<String>,
    /// How many rows it has taken, and how many there were.
    rows: SearchRows,
    /// Behind which row it goes on.
    behind: Option<Cursor>,
}

/// What came of working on a generation for a while.
enum Worked {
    /// There are more rows.
    More,
    /// It has every row.
    All,
}

impl<T: Indexed> Indexer<T> {
    /// Begins a generation.
    pub(super) async fn begin(&self, handle: &Handle, feed: &Feed) -> Result<Building, SearchError> {
        let live = &self.live;
        let shown = live.generation();
        let before = shown.as_ref().map_or(0, |shown| shown.number);
        // Each is somebody of its own. The one before is searched until then, and reads no more afterwards: where a copy of it does, that
        // one is built anew in its turn, and goes its own way.
        let name = Uuid::new_v4().simple().to_string();
        let earlier = shown.and_then(|shown| shown.payload().ok().flatten()).map(|payload| payload.consumer);
        // Of a build that was killed, nobody comes back.
        self.forget(feed, earlier.as_deref().unwrap_or_default()).await?;
        let names: Vec<&str> = [Some(name.as_str()), earlier.as_deref()].into_iter().flatten().collect();
        live.store.begins(&names).map_err(|error| self.io(&error))?;
        let generation =
            live.store.create(&live.layout, live.info.language, before).map_err(|error| self.index(&error))?;
        let consumer = live.consumer(feed, &name);
        // From here on the feed is kept for it.
        let (cursor, mark) = (feed.now().await?, Uuid::new_v4().simple().to_string());
        consumer.begin(&cursor, &mark).await?;
        let writing = Writing::new(live, generation, consumer, name.clone(), cursor, mark)?;
        let rows = SearchRows { done: 0, of: Query::<T>::new(handle.clone(), live.table).count().await? };
        live.builds(Some(rows));
        Ok(Building { writing, name, earlier, rows, behind: None })
    }

    /// Goes on with a generation for a while. Out: what it is written by when it is the one that is searched; until then, itself.
    pub(super) async fn go_on(
        &self,
        mut building: Building,
        handle: &Handle,
        feed: &Feed,
    ) -> Result<Result<Writing, Building>, SearchError> {
        let worked = match self.work(&mut building, handle).await {
            Ok(Worked::More) => return Ok(Err(building)),
            Ok(Worked::All) => self.finish(&mut building, handle, feed).await,
            Err(error) => Err(error),
        };
        self.live.builds(None);
        let Building { writing, name, earlier, rows, .. } = building;
        let kept = if matches!(worked, Ok(true)) { name.as_str() } else { earlier.as_deref().unwrap_or_default() };
        let forgotten = self.forget(feed, kept).await;
        if !worked? {
            // Any row may have changed since.
            drop(writing);
            return self.begin(handle, feed).await.map(Err);
        }
        forgotten?;
        if let (Store::Memory, Some(earlier)) = (&self.live.store, earlier) {
            self.live.consumer(feed, &earlier).end().await?;
        }
        self.live.store.answered().map_err(|error| self.io(&error))?;
        info!(table = self.live.table, rows = rows.done, "the search index is built");
        Ok(Ok(writing))
    }

    /// All whose builds have begun but this one read no more.
    pub(super) async fn forget(&self, feed: &Feed, but: &str) -> Result<(), SearchError> {
        let begun = self.live.store.begun();
        if begun.is_empty() {
            return Ok(());
        }
        for name in begun.iter().filter(|name| *name != but) {
            self.live.consumer(feed, name).end().await?;
        }
        self.live.store.begins(&[]).map_err(|error| self.io(&error))
    }

    async fn work(&self, building: &mut Building, handle: &Handle) -> Result<Worked, SearchError> {
        let until = Instant::now() + WHILE;
        while Instant::now() < until {
            let query: Query<T> = Query::new(handle.clone(), self.live.table);
            let (found, behind) = query.after(building.behind.take()).by_key(Some(ROWS)).await?;
            building.rows.done += found.len() as u64;
            building.writing.write(&self.live, handle, Vec::new(), found).await?;
            self.live.builds(Some(building.rows));
            if behind.is_none() {
                return Ok(Worked::All);
            }
            building.behind = behind;
        }
        Ok(Worked::More)
    }

    /// Makes it the one that is searched. Out: whether it is; otherwise it is to be begun again.
    async fn finish(&self, building: &mut Building, handle: &Handle, feed: &Feed) -> Result<bool, SearchError> {
        let (live, writing) = (&self.live, &mut building.writing);
        let cursor = writing.cursor.clone();
        writing.commit(live, &cursor).await?;
        for look in 1.. {
            let Followed::To(cursor) = self.follow(writing, handle, feed).await? else { return Ok(false) };
            let Compared { documents, aside, rows, differing } =
                sampled::<T>(live, handle, &writing.generation, &writing.aside).await?;
            let is_whole = differing.is_none() && aside.is_none_or(|aside| documents + aside == rows);
            // What has changed meanwhile may differ; where nothing has, it is another one than it should be.
            if is_whole || (look >= LOOKS && live.lacks(feed, &cursor).await? > 0) {
                break;
            }
            if look >= LOOKS || live.lacks(feed, &cursor).await? == 0 {
                let what = differing.map_or_else(
                    || format!("{documents} documents of {rows} rows"),
                    |key| format!("another row under the key {key}"),
                );
                let reason = format!("the one that was built has {what}, and is not shown");
                return Err(SearchError::Index { table: live.table, reason });
            }
        }
        live.store.publish(writing.generation.number).map_err(|error| self.io(&error))?;
        live.show(writing.generation.clone());
        live.store.clean(Some(writing.generation.number));
        Ok(true)
    }
}
