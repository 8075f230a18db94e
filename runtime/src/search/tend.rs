//! Looks after one index from outside of the application: tells how it stands, compares it with its table, has it built anew. In: the
//! index of a table, which this process does not follow. Out: what came of it, and how far it has come meanwhile.
//!
//! Whether a process of the application writes the index or not makes no difference to whoever asks: the right to write is taken where
//! it is free, and where it is not, the process that has it is asked, and looked at.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cell_manifest::{SearchCompared, SearchRows, SearchState, SearchedIndex};
use chrono::Utc;
use futures_util::future::{BoxFuture, try_join};

use super::error::SearchError;
use super::index::Indexed;
use super::indexer::{Indexer, Purpose};
use super::live::Live;
use super::status::look;
use super::verify::{Verified, compare};
use crate::db::{DataError, Handle, Query};

/// How often it is looked whether something has changed.
const PAUSE: Duration = Duration::from_millis(100);
/// So many differing keys are told.
const KEYS: usize = 100;

/// Hears how far it has come: rows that are done, or nothing while another process is waited for.
pub(crate) type Hears<'a> = &'a (dyn Fn(Option<SearchRows>) + Send + Sync);

/// An index that somebody looks after.
pub(crate) trait Tended: Send + Sync {
    /// How it stands.
    fn status(&self) -> BoxFuture<'_, Result<SearchedIndex, SearchError>>;

    /// Compares it with its table. Where nobody writes, it comes as far as the table first.
    fn verify<'a>(&'a self, hears: Hears<'a>) -> BoxFuture<'a, Result<SearchCompared, SearchError>>;

    /// Builds it anew, or has it built by whoever writes. The one before is searched until then.
    fn rebuild<'a>(&'a self, hears: Hears<'a>) -> BoxFuture<'a, Result<(), SearchError>>;

    /// Builds it, where it can't be searched as it is.
    fn prepare<'a>(&'a self, hears: Hears<'a>) -> BoxFuture<'a, Result<(), SearchError>>;
}

/// The index of a table, to look after.
pub(super) fn tend<T: Indexed>(handle: Handle, table: &'static str) -> Result<Box<dyn Tended>, DataError> {
    // A replica may be behind.
    #[cfg(feature = "postgres")]
    let handle = handle.at_primary();
    let live = Arc::new(Live::new::<T>(&handle, table)?);
    Ok(Box::new(Tending::<T> { live, handle, row: PhantomData }))
}

struct Tending<T> {
    live: Arc<Live>,
    handle: Handle,
    row: PhantomData<fn() -> T>,
}

impl<T: Indexed> Tended for Tending<T> {
    fn status(&self) -> BoxFuture<'_, Result<SearchedIndex, SearchError>> {
        Box::pin(async {
            // As it is for whoever comes, not as this process has it open.
            let live = Live::new::<T>(&self.handle, self.live.table)?;
            let mut looked = look(&live, &self.handle).await?;
            looked.rows = Some(Query::<T>::new(self.handle.clone(), self.live.table).count().await?);
            Ok(looked)
        })
    }

    fn verify<'a>(&'a self, hears: Hears<'a>) -> BoxFuture<'a, Result<SearchCompared, SearchError>> {
        Box::pin(async move {
            let mut indexer = Indexer::<T>::new(Arc::clone(&self.live), Purpose::Inspect);
            let is_done = AtomicBool::new(false);
            let follow = async {
                while !is_done.load(Ordering::Relaxed) {
                    indexer.turn(&self.handle).await?;
                    tokio::time::sleep(PAUSE).await;
                }
                Ok(())
            };
            let compare = async {
                let verified = compare::<T>(&self.live, &self.handle, &|rows| hears(Some(rows))).await;
                is_done.store(true, Ordering::Relaxed);
                verified
            };
            let ((), verified) = try_join(follow, compare).await?;
            let Verified { rows, documents, mut differing } = verified;
            let all = differing.len() as u64;
            differing.sort();
            differing.truncate(KEYS);
            Ok(SearchCompared { rows, documents, differing: all, keys: differing })
        })
    }

    fn prepare<'a>(&'a self, hears: Hears<'a>) -> BoxFuture<'a, Result<(), SearchError>> {
        Box::pin(async move {
            if self.is_searched().await? {
                return Ok(());
            }
            hears(Some(SearchRows::default()));
            self.rebuild(hears).await
        })
    }

    fn rebuild<'a>(&'a self, hears: Hears<'a>) -> BoxFuture<'a, Result<(), SearchError>> {
        Box::pin(async move {
            let failed = |error: std::io::Error| SearchError::Index {
                table: self.live.table,
                reason: format!("it can't be asked for a new one: {error}"),
            };
            let begun = Utc::now().timestamp_millis();
            self.live.store.ask().map_err(failed)?;
            let mut indexer = Indexer::<T>::new(Arc::clone(&self.live), Purpose::Serve);
            while self.live.store.is_asked() {
                let turn = self.watched(indexer.turn(&self.handle), hears).await;
                match turn {
                    // Who has failed here has nobody who tries again.
                    Err(error) if indexer.is_writer() => {
                        self.live.store.answered().map_err(failed)?;
                        return Err(error);
                    }
                    // What another process has may be unreadable: that is why it is built anew.
                    _ => {}
                }
                let trouble = self.live.store.standing().trouble.filter(|it| !indexer.is_writer() && it.at >= begun);
                if let Some(trouble) = trouble {
                    self.live.store.answered().map_err(failed)?;
                    return Err(SearchError::Index { table: self.live.table, reason: trouble.message });
                }
                if self.live.store.is_asked() {
                    hears(self.building());
                }
                if self.live.store.is_asked() && !indexer.is_building() {
                    tokio::time::sleep(PAUSE).await;
                }
            }
            Ok(())
        })
    }
}

impl<T: Indexed> Tending<T> {
    async fn is_searched(&self) -> Result<bool, SearchError> {
        let live = Live::new::<T>(&self.handle, self.live.table)?;
        Ok(matches!(look(&live, &self.handle).await?.state, SearchState::Ready | SearchState::InMemory))
    }

    /// How far the build has come, here or elsewhere.
    fn building(&self) -> Option<SearchRows> {
        let state = self.live.state();
        if state.is_writer { state.standing.building } else { self.live.store.standing().building }
    }

    /// Runs `work`, and tells of the build meanwhile.
    async fn watched<R>(&self, work: impl Future<Output = R>, hears: Hears<'_>) -> R {
        let mut work = std::pin::pin!(work);
        loop {
            match tokio::time::timeout(PAUSE, &mut work).await {
                Ok(done) => return done,
                Err(_) => {
                    if let Some(rows) = self.building() {
                        hears(Some(rows));
                    }
                }
            }
        }
    }
}
