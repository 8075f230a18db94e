//! A new generation of an index, beside the one that is followed and searched until then. In: all rows of the table, a while of work at a
//! time. Out: a generation that was compared with the table before anybody looks into it. Killed at any point, it leaves the one before.

use std::time::{Duration, Instant};

use cell_manifest::SearchRows;
use tracing::info;
use uuid::Uuid;

use super::error::SearchError;
use super::follow::Followed;
use super::index::Indexed;
use super::indexer::{Indexer, ROWS};
use super::store::Store;
use super::verify::{Compared, sampled};
use super::writing::Writing;
use crate::db::feed::Feed;
use crate::db::{Cursor, Handle, Query};

/// So long it works before the one that is searched is followed again.
const WHILE: Duration = Duration::from_millis(100);
/// How often it is compared with its table where that does not hold still.
const LOOKS: u32 = 8;

/// A generation in the making.
pub(super) struct Building {
    pub(super) writing: Writing,
    /// As whom it follows the feed.
    name: String,
    /// As whom the one before follows it.
    earlier: Option<String>,
    /// How many rows it has taken, and how many there were.
    rows: SearchRows,
    /// Behind which row it goes on.
    behind: Option<Cursor>,
    /// Whether it has taken every row.
    is_read: bool,
    /// How often it was compared with its table.
    looks: u32,
}

/// What came of working on a generation for a while.
pub(super) enum Worked {
    /// It goes on.
    On,
    /// It is the one that is searched.
    Shown,
    /// Any row may have changed since it was begun.
    Reset,
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
        Ok(Building { writing, name, earlier, rows, behind: None, is_read: false, looks: 0 })
    }

    /// Goes on with a generation for a while. After an error of the database it goes on from the same place.
    pub(super) async fn go_on(
        &self,
        building: &mut Building,
        handle: &Handle,
        feed: &Feed,
    ) -> Result<Worked, SearchError> {
        if !building.is_read {
            self.work(building, handle).await?;
            return Ok(Worked::On);
        }
        self.finish(building, handle, feed).await
    }

    /// It is shown: nobody follows for the one before any more.
    pub(super) async fn end(&self, building: &Building, feed: &Feed) -> Result<(), SearchError> {
        let live = &self.live;
        live.builds(None);
        info!(table = live.table, rows = building.rows.done, "the search index is built");
        live.store.answered().map_err(|error| self.io(&error))?;
        self.forget(feed, &building.name).await?;
        if let (Store::Memory, Some(earlier)) = (&live.store, &building.earlier) {
            live.consumer(feed, earlier).end().await?;
        }
        Ok(())
    }

    /// It is not shown, and nobody follows for it.
    pub(super) async fn give_up(&self, building: Building, feed: &Feed) -> Result<(), SearchError> {
        let Building { writing, name, earlier, .. } = building;
        drop(writing);
        self.live.builds(None);
        // On a full disk the one that is searched needs its room.
        self.live.store.clean(self.live.store.current());
        self.live.consumer(feed, &name).end().await?;
        self.forget(feed, earlier.as_deref().unwrap_or_default()).await
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

    async fn work(&self, building: &mut Building, handle: &Handle) -> Result<(), SearchError> {
        let until = Instant::now() + WHILE;
        while Instant::now() < until {
            let query: Query<T> = Query::new(handle.clone(), self.live.table);
            let (found, behind) = query.after(building.behind.clone()).by_key(Some(ROWS)).await?;
            let rows = found.len() as u64;
            building.writing.write(&self.live, handle, Vec::new(), found).await?;
            building.rows.done += rows;
            self.live.builds(Some(building.rows));
            if behind.is_none() {
                building.is_read = true;
                break;
            }
            building.behind = behind;
        }
        Ok(())
    }

    /// Comes as far as the table, is compared with it, and is the one that is searched; if it is not, it is tried again.
    async fn finish(&self, building: &mut Building, handle: &Handle, feed: &Feed) -> Result<Worked, SearchError> {
        let (live, writing) = (&self.live, &mut building.writing);
        if building.looks == 0 {
            let cursor = writing.cursor.clone();
            writing.commit(live, &cursor).await?;
        }
        let Followed::To(cursor) = self.follow(writing, handle, feed).await? else { return Ok(Worked::Reset) };
        let Compared { documents, aside, rows, differing } =
            sampled::<T>(live, handle, &writing.generation, &writing.aside).await?;
        building.looks += 1;
        let changes = live.lacks(feed, &cursor).await?;
        // Each change since may have made one row more or fewer.
        let is_counted = aside.is_none_or(|aside| (documents + aside).abs_diff(rows) <= changes);
        if !is_counted || differing.is_some() {
            // A row that differs may have changed meanwhile. Where nothing has, it is another one than it should be.
            if changes == 0 || (!is_counted && building.looks >= LOOKS) {
                let what = differing.map_or_else(
                    || format!("{documents} documents of {rows} rows"),
                    |key| format!("another row under the key {key}"),
                );
                let reason = format!("the one that was built has {what}, and is not shown");
                return Err(SearchError::Index { table: live.table, reason });
            }
            // Of a table that never holds still, some row always differs.
            if building.looks < LOOKS {
                return Ok(Worked::On);
            }
        }
        live.store.publish(writing.generation.number).map_err(|error| self.io(&error))?;
        live.show(writing.generation.clone());
        live.store.clean(Some(writing.generation.number));
        Ok(Worked::Shown)
    }
}
