//! Reads on a replica. In: a statement that only reads, a replica that was chosen for it. Out: its rows, or that the primary has to
//! be asked: whatever a replica refuses or leaves unfinished the primary may answer, and nothing was done.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::stream::BoxStream;
use futures_util::{FutureExt as _, StreamExt as _};
use sqlx::Postgres;
use sqlx::pool::PoolConnection;

use super::{Follower, Position};
use crate::db::call::{Failure, Work};
use crate::db::dialect::postgres::error;
use crate::db::dialect::postgres::run::{forget, run};
use crate::db::error::DataError;
use crate::db::model::Facts;

/// A replica that was chosen, and what it has to show. (A position is checked again on the connection that reads: that may lead to a
/// server that was started again meanwhile.)
#[derive(Clone)]
pub(crate) struct Chosen {
    pub(crate) follower: Arc<Follower>,
    pub(crate) position: Position,
}

impl Chosen {
    /// Whether it still shows what it has to.
    pub(crate) fn holds(&self) -> bool {
        self.follower.shows(self.position)
    }

    /// Runs a statement there. Nothing: the primary is to be asked.
    pub(crate) async fn read(&self, work: &mut Work) -> Option<Result<u64, DataError>> {
        let mut connection = self.connection(work.call.facts).await?;
        let read = async {
            let done = run(&mut connection, work).await;
            if matches!(done, Err(Failure::Outdated(_))) && forget(&mut connection).await {
                work.take.again();
                return run(&mut connection, work).await;
            }
            done
        };
        let done = tokio::select! {
            done = read => Some(done),
            () = self.follower.lost() => None,
        };
        let Some(done) = done else {
            // It may hang: the pool is not to wait for it.
            connection.close_on_drop();
            return None;
        };
        self.follower.note(&done);
        match done {
            // A statement that took too long would take as long there.
            Err(Failure::Engine(error) | Failure::Outdated(error)) if error != DataError::Timeout => None,
            done => Some(done.map_err(DataError::from)),
        }
    }

    /// A connection to it, on which what it has to show is there.
    async fn connection(&self, facts: Facts) -> Option<PoolConnection<Postgres>> {
        let acquired = tokio::select! {
            acquired = self.follower.pool.acquire() => acquired,
            () = self.follower.lost() => return None,
        };
        match acquired {
            Ok(connection) => self.holds().then_some(connection),
            Err(sqlx::Error::PoolTimedOut) => {
                self.follower.is_crowded();
                None
            }
            Err(cause) => {
                self.follower.failed(&error(cause, facts).to_string());
                None
            }
        }
    }

    /// A stream of this replica's, which ends with an error when the replica is lost.
    pub(crate) fn guard<T: Send + 'static>(
        &self,
        rows: BoxStream<'static, Result<T, Failure>>,
    ) -> BoxStream<'static, Result<T, Failure>> {
        let follower = Arc::clone(&self.follower);
        let lost = async move { follower.lost().await }.boxed();
        let guarded = futures_util::stream::unfold(Some((rows, lost)), |open| async {
            let (mut rows, mut lost) = open?;
            tokio::select! {
                biased;
                row = rows.next() => row.map(|row| (row, Some((rows, lost)))),
                () = &mut lost => Some((Err(Failure::Engine(gone())), None)),
            }
        });
        guarded.boxed()
    }
}

impl Follower {
    /// Keeps in mind that it answered.
    pub(crate) fn answered(&self) {
        self.reads.fetch_add(1, Ordering::Relaxed);
    }

    /// Keeps in mind how a read went.
    pub(crate) fn note<T>(&self, result: &Result<T, Failure>) {
        match result {
            Err(Failure::Engine(DataError::Connection { reason })) => self.failed(reason),
            Err(Failure::Engine(_) | Failure::Outdated(_)) => {}
            Ok(_) | Err(Failure::Reading(_)) => self.answered(),
        }
    }
}

/// A read that was cut off.
pub(crate) fn gone() -> DataError {
    DataError::Connection { reason: "the replica does not answer any more".to_owned() }
}
