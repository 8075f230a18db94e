//! Runs statements where a handle stands: on a connection of its pool, or on its transaction's.
//! In: a [`Call`]. Out: rows as they come off the driver, each read at once. A connection that prepared a statement before another
//! release changed a column's type prepares it again. Absent: what the statements are.

use std::sync::Arc;

use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt, TryStreamExt};
#[cfg(feature = "postgres")]
use sqlx::Postgres;
use sqlx::{AssertSqlSafe, Executor};

use super::call::{All, Call, Failure, First, Read, Reads, Take};
#[cfg(feature = "postgres")]
use super::dialect::postgres_copy::{self as copy, Copy};
use super::dialect::{Dialect, error};
use super::error::DataError;
use super::handle::{Handle, Pool};
use super::model::Facts;
use super::reader::Reader;
#[cfg(feature = "postgres")]
use super::replica::reading::{self, Run};
use super::session::{Connection, Lease};

/// Runs `$run` with the connection where the handle stands.
macro_rules! run {
    ($handle:expr, $reads:expr, $run:ident, $call:expr $(, $argument:expr)*) => {{
        match $handle.lease($reads).await? {
            None => match $handle.pool() {
                #[cfg(feature = "sqlite")]
                Pool::Sqlite(pool) => $run(pool, $call $(, $argument)*).await.map_err(DataError::from),
                #[cfg(feature = "postgres")]
                Pool::Postgres(pool) => {
                    let mut connection = pool.acquire().await.map_err(|cause| error::<Postgres>(cause, $handle.facts()))?;
                    let again = $call.clone();
                    let mut result = $run(&mut *connection, $call $(, $argument)*).await;
                    if matches!(result, Err(Failure::Outdated(_))) && forget(&mut connection).await {
                        result = $run(&mut *connection, again $(, $argument)*).await;
                    }
                    result.map_err(DataError::from)
                }
            },
            Some(mut lease) => {
                let result = match lease.connection()? {
                    #[cfg(feature = "sqlite")]
                    Connection::Sqlite(transaction) => $run(&mut **transaction, $call $(, $argument)*).await,
                    #[cfg(feature = "postgres")]
                    Connection::Postgres(transaction) => {
                        let result = $run(&mut **transaction, $call $(, $argument)*).await;
                        if matches!(result, Err(Failure::Outdated(_))) {
                            // The transaction is over, and tried again from its beginning.
                            forget(transaction).await;
                        }
                        result
                    }
                };
                Lease::note(&mut lease, result)
            }
        }
    }};
}

impl Handle {
    /// Every row. A statement that writes and gives rows back is run to its end, where its last checks are.
    pub(crate) async fn rows<T: Send>(&self, call: Call, read: impl Read<T>) -> Result<Vec<T>, DataError> {
        let mut all = All { rows: Vec::new(), read };
        self.each(call, &mut all).await?;
        Ok(all.rows)
    }

    /// The first row; for statements that only read.
    pub(crate) async fn row<T: Send>(&self, call: Call, read: impl Read<T>) -> Result<Option<T>, DataError> {
        let mut first = First { row: None, read };
        self.one(call, &mut first).await?;
        first.row.transpose()
    }

    /// The first row of a statement that is run to its end: it may write, too.
    pub(crate) async fn leading<T: Send>(&self, call: Call, read: impl Read<T>) -> Result<Option<T>, DataError> {
        let mut first = First { row: None, read };
        self.each(call, &mut first).await?;
        first.row.transpose()
    }

    /// Gives every row to `take`. What runs a statement is compiled once, here, and not again in an application for each type of rows.
    async fn each(&self, call: Call, take: &mut dyn Take) -> Result<(), DataError> {
        #[cfg(feature = "postgres")]
        if let Some(done) = self.read_at_replica(&call, |c, call, take| each(c, call, take).boxed(), take).await? {
            return done;
        }
        let wrote = self.writes(call.reads);
        wrote.with(self.each_here(call, take).await)
    }

    /// Gives the first row to `take`, where there is one.
    async fn one(&self, call: Call, take: &mut dyn Take) -> Result<(), DataError> {
        #[cfg(feature = "postgres")]
        if let Some(done) = self.read_at_replica(&call, |c, call, take| one(c, call, take).boxed(), take).await? {
            return done;
        }
        let wrote = self.writes(call.reads);
        wrote.with(self.one_here(call, take).await)
    }

    async fn each_here(&self, call: Call, take: &mut dyn Take) -> Result<(), DataError> {
        run!(self, call.reads, each, call, &mut *take)
    }

    async fn one_here(&self, call: Call, take: &mut dyn Take) -> Result<(), DataError> {
        run!(self, call.reads, one, call, &mut *take)
    }

    /// Reads at a replica, where there is one for it. Nothing: the primary is to be asked.
    #[cfg(feature = "postgres")]
    async fn read_at_replica(
        &self,
        call: &Call,
        run: Run,
        take: &mut dyn Take,
    ) -> Result<Option<Result<(), DataError>>, DataError> {
        if call.reads == Reads::No {
            return Ok(None);
        }
        let Some(chosen) = self.chosen().await? else { return Ok(None) };
        Ok(match chosen.read(call, run, take).await {
            None if self.is_at_replica() => Some(Err(reading::gone())),
            None => {
                take.again();
                None
            }
            done => done,
        })
    }

    /// The number of rows that were changed.
    pub(crate) async fn changed(&self, call: Call) -> Result<u64, DataError> {
        let wrote = self.writes(Reads::No);
        wrote.with(self.changed_here(call).await)
    }

    async fn changed_here(&self, call: Call) -> Result<u64, DataError> {
        run!(self, call.reads, changed, call)
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
        match tokio::spawn(work).await {
            Ok(result) => result,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(DataError::Closed),
            },
        }
    }

    /// Statements as they are, separated by `;`, one after the other. For setting up and for tests: what is run here is
    /// not the same on two engines, and nothing in it is bound.
    ///
    /// # Errors
    /// The engine refuses one; those before it may have been done.
    pub async fn script(&self, statements: &str) -> Result<(), DataError> {
        let text: Arc<str> = statements.into();
        let facts = self.facts();
        let wrote = self.writes(Reads::No);
        wrote.with(self.script_here(text, facts).await)
    }

    async fn script_here(&self, text: Arc<str>, facts: Facts) -> Result<(), DataError> {
        run!(self, Reads::No, script, text, facts)
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
        match handle.pool() {
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(pool) => stream(pool, call, read).map_err(DataError::from).boxed(),
            #[cfg(feature = "postgres")]
            Pool::Postgres(pool) => {
                let again = call.clone();
                let mut rows = stream(pool, call, read.clone());
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
        let mut rows = chosen.guard(stream(&chosen.follower.pool, call.clone(), read));
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

type Prepared<DB> = sqlx::query::Query<'static, DB, <DB as sqlx::Database>::Arguments>;

fn prepared<DB: Dialect>(call: Call) -> Result<(Prepared<DB>, Facts), Failure> {
    let arguments = DB::arguments(call.arguments)
        .ok_or_else(|| Failure::Reading(DataError::other("the statement was made for another engine")))?;
    Ok((sqlx::query_with(AssertSqlSafe(call.text), arguments).persistent(call.persistent), call.facts))
}

fn engine<DB: Dialect>(facts: Facts) -> impl Fn(sqlx::Error) -> Failure {
    move |cause| match cause {
        sqlx::Error::Database(refused) if DB::is_outdated(&*refused) => Failure::Outdated(DataError::Serialization),
        cause => Failure::Engine(error::<DB>(cause, facts)),
    }
}

/// Forgets what a connection has prepared. Out: whether it is of use.
#[cfg(feature = "postgres")]
pub(crate) async fn forget(connection: &mut sqlx::PgConnection) -> bool {
    sqlx::Connection::clear_cached_statements(connection).await.is_ok()
}

async fn each<'c, DB: Dialect, E>(executor: E, call: Call, take: &mut dyn Take) -> Result<(), Failure>
where
    E: Executor<'c, Database = DB>,
{
    let (query, facts) = prepared::<DB>(call)?;
    let mut stream = query.fetch(executor);
    while let Some(row) = stream.try_next().await.map_err(engine::<DB>(facts))? {
        take.take(&mut Reader::new(DB::row(&row), facts)).map_err(Failure::Reading)?;
    }
    Ok(())
}

async fn one<'c, DB: Dialect, E>(executor: E, call: Call, take: &mut dyn Take) -> Result<(), Failure>
where
    E: Executor<'c, Database = DB>,
{
    let (query, facts) = prepared::<DB>(call)?;
    match query.fetch_optional(executor).await.map_err(engine::<DB>(facts))? {
        Some(row) => take.take(&mut Reader::new(DB::row(&row), facts)).map_err(Failure::Reading),
        None => Ok(()),
    }
}

async fn changed<'c, DB: Dialect, E>(executor: E, call: Call) -> Result<u64, Failure>
where
    E: Executor<'c, Database = DB>,
{
    let (query, facts) = prepared::<DB>(call)?;
    let result = query.execute(executor).await.map_err(engine::<DB>(facts))?;
    Ok(DB::changed(&result))
}

async fn script<'c, DB: Dialect, E>(executor: E, text: Arc<str>, facts: Facts) -> Result<(), Failure>
where
    E: Executor<'c, Database = DB>,
{
    executor.execute(sqlx::raw_sql(AssertSqlSafe(text))).await.map_err(engine::<DB>(facts))?;
    Ok(())
}

fn stream<DB: Dialect, T: Send + 'static>(
    pool: &sqlx::Pool<DB>,
    call: Call,
    read: impl Read<T>,
) -> BoxStream<'static, Result<T, Failure>>
where
    for<'p> &'p sqlx::Pool<DB>: Executor<'static, Database = DB>,
{
    let (query, facts) = match prepared::<DB>(call) {
        Ok(prepared) => prepared,
        Err(failure) => return futures_util::stream::once(async { Err(failure) }).boxed(),
    };
    let rows = query.fetch(pool).map_err(engine::<DB>(facts));
    let read = move |row| read(&mut Reader::new(DB::row(&row), facts)).map_err(Failure::Reading);
    rows.and_then(move |row| std::future::ready(read(row))).boxed()
}
