//! Reads on a replica. In: a statement that only reads, a replica that was chosen for it. Out: its rows, or that the primary has to
//! be asked: whatever a replica refuses or leaves unfinished the primary may answer, and nothing was done.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt as _, StreamExt as _};
use sqlx::Postgres;
use sqlx::postgres::PgConnection;

use super::Follower;
use crate::db::dialect::error;
use crate::db::error::DataError;
use crate::db::execute::{Call, Failure, Take, forget};

/// How a statement is run on a connection.
pub(crate) type Run = for<'c> fn(&'c mut PgConnection, Call, &'c mut dyn Take) -> BoxFuture<'c, Result<(), Failure>>;

impl Follower {
    /// Runs a statement here. Nothing: the primary is to be asked.
    pub(crate) async fn read(&self, call: &Call, run: Run, take: &mut dyn Take) -> Option<Result<(), DataError>> {
        let read = async {
            let mut connection = match self.pool.acquire().await {
                Ok(connection) => connection,
                // All may be in use, or none can be made: the watch finds out.
                Err(sqlx::Error::PoolTimedOut) => {
                    self.look_now();
                    return None;
                }
                Err(cause) => return Some(Err(Failure::Engine(error::<Postgres>(cause, call.facts)))),
            };
            let result = run(&mut connection, call.clone(), &mut *take).await;
            if matches!(result, Err(Failure::Outdated(_))) && forget(&mut connection).await {
                take.again();
                return Some(run(&mut connection, call.clone(), &mut *take).await);
            }
            Some(result)
        };
        let result = tokio::select! {
            result = read => result?,
            () = self.lost() => return None,
        };
        self.note(&result);
        match result {
            // A statement that took too long would take as long there.
            Err(Failure::Engine(error) | Failure::Outdated(error)) if error != DataError::Timeout => None,
            result => Some(result.map_err(DataError::from)),
        }
    }

    /// A stream of this replica's, which ends with an error when the replica is lost.
    pub(crate) fn guard<T: Send + 'static>(
        self: Arc<Self>,
        rows: BoxStream<'static, Result<T, Failure>>,
    ) -> BoxStream<'static, Result<T, Failure>> {
        let lost = {
            let follower = Arc::clone(&self);
            async move { follower.lost().await }.boxed()
        };
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
