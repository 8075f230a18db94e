//! Runs statements where a handle stands: on a connection of its pool, on its transaction's, or at a replica.
//! In: a [`Call`]. Out: rows, as a [`Take`] took them. A connection that prepared a statement before another release changed a
//! column's type prepares it again. Absent: what the statements are, and how an engine runs one (see [`super::dialect`]).

use std::any::Any;

use futures_util::stream::BoxStream;
use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _};

use super::call::{All, Call, First, Nothing, Read, Reads, Take, Wanted, Work};
#[cfg(feature = "postgres")]
use super::call::{Failure, ended};
#[cfg(feature = "postgres")]
use super::dialect::postgres::copy::{self, Copy};
#[cfg(feature = "postgres")]
use super::dialect::postgres::{self, run::forget};
use super::error::DataError;
use super::handle::{Handle, Pool};
#[cfg(feature = "postgres")]
use super::replica::reading;
use super::session::Connection;

impl Handle {
    /// Every row. A statement that writes and gives rows back is run to its end, where its last checks are.
    pub(crate) async fn rows<T: Send + 'static>(&self, call: Call, read: impl Read<T>) -> Result<Vec<T>, DataError> {
        self.some_rows(call, read, 0).await
    }

    /// Every row, of which there are about so many.
    pub(crate) async fn some_rows<T: Send + 'static>(
        &self,
        call: Call,
        read: impl Read<T>,
        expected: usize,
    ) -> Result<Vec<T>, DataError> {
        let all = All { rows: Vec::with_capacity(expected), read };
        Ok(self.taken(call, Wanted::Rows, all).await?.rows)
    }

    /// The first row; for statements that only read.
    pub(crate) async fn row<T: Send + 'static>(&self, call: Call, read: impl Read<T>) -> Result<Option<T>, DataError> {
        let first = First { row: None, read };
        self.taken(call, Wanted::First, first).await?.row.transpose()
    }

    /// The first row of a statement that is run to its end: it may write, too.
    pub(crate) async fn leading<T: Send + 'static>(
        &self,
        call: Call,
        read: impl Read<T>,
    ) -> Result<Option<T>, DataError> {
        let first = First { row: None, read };
        self.taken(call, Wanted::Rows, first).await?.row.transpose()
    }

    /// The number of rows that were changed.
    pub(crate) async fn changed(&self, call: Call) -> Result<u64, DataError> {
        let (_, changed) = self.run(Work { call, wanted: Wanted::Count, take: Box::new(Nothing) }).await?;
        Ok(changed)
    }

    /// Statements as they are, separated by `;`, one after the other. For setting up and for tests: what is run here is
    /// not the same on two engines, and nothing in it is bound.
    ///
    /// # Errors
    /// The engine refuses one; those before it may have been done.
    pub async fn script(&self, statements: &str) -> Result<(), DataError> {
        self.run(Work::script(self.engine(), statements, self.facts())).await.map(drop)
    }

    /// Gives the rows to `take`.
    async fn taken<K: Take>(&self, call: Call, wanted: Wanted, take: K) -> Result<K, DataError> {
        let (work, _) = self.run(Work { call, wanted, take: Box::new(take) }).await?;
        let take: Box<dyn Any> = work.take;
        take.downcast().map(|take| *take).map_err(|_| DataError::other("the rows went elsewhere"))
    }

    /// Runs a statement, and gives it back with how many rows it changed. This is compiled once, here, and not again in an
    /// application for each type of rows.
    #[cfg_attr(not(feature = "postgres"), expect(unused_mut, reason = "a replica takes rows, too"))]
    async fn run(&self, mut work: Work) -> Result<(Work, u64), DataError> {
        let reads = if work.wanted == Wanted::Count { Reads::No } else { work.call.reads };
        let about = work.call.about;
        #[cfg(feature = "cache")]
        self.tell_computation(&work.call, reads).await;
        #[cfg(feature = "postgres")]
        if let Some(done) = self.run_at_replica(&mut work).await? {
            return done.map(|changed| (work, changed));
        }
        let done = self.writes(reads).with(self.run_here(work).await);
        if reads != Reads::Certainly {
            self.tell_written(about).await;
        }
        done
    }

    async fn run_here(&self, work: Work) -> Result<(Work, u64), DataError> {
        let Some(mut lease) = self.lease(work.call.reads).await? else {
            return match self.pool() {
                #[cfg(feature = "sqlite")]
                Pool::Sqlite(pool) => Ok(pool.run(work).await?),
                #[cfg(feature = "postgres")]
                Pool::Postgres(pool) => {
                    let mut work = work;
                    let acquired = pool.acquire().await;
                    let mut connection = acquired.map_err(|cause| postgres::error(cause, work.call.facts))?;
                    let mut done = postgres::run::run(&mut connection, &mut work).await;
                    if matches!(done, Err(Failure::Outdated(_))) && forget(&mut connection).await {
                        work.take.again();
                        done = postgres::run::run(&mut connection, &mut work).await;
                    }
                    Ok((work, done?))
                }
            };
        };
        let done = match lease.connection()? {
            #[cfg(feature = "sqlite")]
            Connection::Sqlite(transaction) => transaction.run(work).await,
            #[cfg(feature = "postgres")]
            Connection::Postgres(transaction) => {
                let mut work = work;
                let done = postgres::run::run(transaction, &mut work).await;
                if matches!(done, Err(Failure::Outdated(_))) {
                    // The transaction is over, and tried again from its beginning.
                    forget(transaction).await;
                }
                done.map(|changed| (work, changed))
            }
        };
        lease.note(done)
    }

    /// Reads at a replica, where there is one for it. Nothing: the primary is to be asked.
    #[cfg(feature = "postgres")]
    async fn run_at_replica(&self, work: &mut Work) -> Result<Option<Result<u64, DataError>>, DataError> {
        // What is run for what it does is not a read, whatever it says.
        if work.call.reads == Reads::No || work.wanted == Wanted::Count {
            return Ok(None);
        }
        let Some(chosen) = self.chosen().await? else { return Ok(None) };
        Ok(match chosen.read(work).await {
            None if self.is_at_replica() => Some(Err(reading::gone())),
            None => {
                work.take.again();
                None
            }
            done => done,
        })
    }

    /// Adds rows by PostgreSQL's `COPY`, in the transaction that the handle is bound to. To its end, also where nobody waits for
    /// it any more: a connection in the middle of it is of no other use.
    #[cfg(feature = "postgres")]
    pub(crate) async fn copied(&self, copy: Copy) -> Result<u64, DataError> {
        let handle = self.clone();
        let work = async move {
            let Some(mut lease) = handle.lease(Reads::No).await? else {
                return Err(DataError::other("rows are copied in a transaction"));
            };
            let copied = match lease.connection()? {
                Connection::Postgres(transaction) => copy::copy(transaction, copy).await,
                #[cfg(feature = "sqlite")]
                Connection::Sqlite(_) => Err(Failure::Reading(DataError::other("rows were copied for another engine"))),
            };
            lease.note(copied)
        };
        ended(tokio::spawn(work)).await?
    }

    /// Rows as they are wanted. Inside a transaction, and of a database in memory, they are read at once: its only
    /// connection stays free for other statements.
    pub(crate) fn stream<T: Send + 'static>(
        &self,
        call: Call,
        read: impl Read<T>,
    ) -> BoxStream<'static, Result<T, DataError>> {
        let handle = self.clone();
        if handle.has_one_connection() {
            let rows = async move { handle.rows(call, read).await };
            let all = rows.map(|result| match result {
                Ok(rows) => futures_util::stream::iter(rows).map(Ok).boxed(),
                Err(error) => futures_util::stream::once(async { Err(error) }).boxed(),
            });
            return all.flatten_stream().boxed();
        }
        if let Err(error) = handle.check_age().and_then(|()| handle.check_outside()) {
            return futures_util::stream::once(async { Err(error) }).boxed();
        }
        #[cfg(feature = "cache")]
        handle.tell_computation_later(&call);
        let (reads, about, writer) = (call.reads, call.about, handle.clone());
        let rows = handle.streamed(call, read);
        if reads == Reads::Certainly {
            return rows;
        }
        // What it writes is written when its last row has come.
        let end = futures_util::stream::once(async move { writer.tell_written(about).await });
        rows.chain(end.filter_map(|()| std::future::ready(None))).boxed()
    }

    fn streamed<T: Send + 'static>(self, call: Call, read: impl Read<T>) -> BoxStream<'static, Result<T, DataError>> {
        let handle = self;
        match handle.pool() {
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(pool) => pool.stream(call, read).map_err(DataError::from).boxed(),
            #[cfg(feature = "postgres")]
            Pool::Postgres(pool) => {
                let again = call.clone();
                let mut rows = postgres::run::stream(pool, call, read.clone());
                let begun = async move {
                    match handle.stream_at_replica(&again, read.clone()).await {
                        Ok(Some(rows)) => return rows,
                        Ok(None) => {}
                        Err(error) => return futures_util::stream::once(async { Err(error) }).boxed(),
                    }
                    let wrote = handle.writes(again.reads);
                    let first = rows.next().await;
                    // It may be done when the first row comes, or only when all have gone.
                    wrote.so_far();
                    let rows = match first {
                        // Once in a while they may be read at once.
                        Some(Err(Failure::Outdated(_))) => match handle.rows(again, read).await {
                            Ok(rows) => futures_util::stream::iter(rows).map(Ok).boxed(),
                            Err(error) => futures_util::stream::once(async { Err(error) }).boxed(),
                        },
                        first => futures_util::stream::iter(first).chain(rows).map_err(DataError::from).boxed(),
                    };
                    // Whoever drops it halfway leaves it unattended.
                    let end = futures_util::stream::once(async move { drop(wrote.with(Ok(()))) });
                    rows.chain(end.filter_map(|()| std::future::ready(None))).boxed()
                };
                begun.flatten_stream().boxed()
            }
        }
    }

    /// Rows as a replica gives them, where there is one for them. Nothing: the primary is to be asked.
    #[cfg(feature = "postgres")]
    async fn stream_at_replica<T: Send + 'static>(
        &self,
        call: &Call,
        read: impl Read<T>,
    ) -> Result<Option<BoxStream<'static, Result<T, DataError>>>, DataError> {
        if call.reads == Reads::No {
            return Ok(None);
        }
        let Some(chosen) = self.chosen().await? else { return Ok(None) };
        let mut rows = chosen.guard(postgres::run::stream(&chosen.follower.pool, call.clone(), read));
        let first = rows.next().await.transpose();
        chosen.follower.note(&first);
        if !chosen.holds() {
            return Ok(None);
        }
        Ok(match first {
            // What came first can still come from elsewhere.
            Err(Failure::Engine(_) | Failure::Outdated(_)) => None,
            Err(failure) => Some(futures_util::stream::once(async { Err(failure.into()) }).boxed()),
            Ok(first) => Some(futures_util::stream::iter(first.map(Ok)).chain(rows).map_err(DataError::from).boxed()),
        })
    }
}
