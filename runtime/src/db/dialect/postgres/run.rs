//! How a statement runs on a connection to PostgreSQL. In: a connection and a statement. Out: its rows as they come off the driver,
//! each read at once. Absent: which connection, and what follows when it has prepared the statement for other columns.

use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use sqlx::postgres::{PgArguments, PgConnection, PgPool, PgRow, Postgres};
use sqlx::{AssertSqlSafe, Executor as _};

use super::{error, is_outdated};
use crate::db::call::{Call, Failure, Read, Wanted, Work};
use crate::db::dialect::Arguments;
use crate::db::error::DataError;
use crate::db::model::Facts;
use crate::db::reader::{Reader, Row};

/// Runs a statement. Out: how many rows it changed.
pub(crate) async fn run(connection: &mut PgConnection, work: &mut Work) -> Result<u64, Failure> {
    let facts = work.call.facts;
    match work.wanted {
        Wanted::First => {
            let query = prepared(work.call.clone())?;
            if let Some(row) = query.fetch_optional(connection).await.map_err(failure(facts))? {
                work.take.take(&mut reader(&row, facts)).map_err(Failure::Reading)?;
            }
            Ok(0)
        }
        Wanted::Rows => {
            let mut rows = prepared(work.call.clone())?.fetch(connection);
            while let Some(row) = rows.try_next().await.map_err(failure(facts))? {
                work.take.take(&mut reader(&row, facts)).map_err(Failure::Reading)?;
            }
            Ok(0)
        }
        Wanted::Count => {
            let done = prepared(work.call.clone())?.execute(connection).await.map_err(failure(facts))?;
            Ok(done.rows_affected())
        }
        Wanted::Script => command(connection, &work.call.text, facts).await.map(|()| 0),
    }
}

/// Runs statements as they are.
pub(crate) async fn command(connection: &mut PgConnection, text: &str, facts: Facts) -> Result<(), Failure> {
    connection.execute(sqlx::raw_sql(AssertSqlSafe(text))).await.map(drop).map_err(failure(facts))
}

/// The rows of a statement, as they are wanted.
pub(crate) fn stream<T: Send + 'static>(
    pool: &PgPool,
    call: Call,
    read: impl Read<T>,
) -> BoxStream<'static, Result<T, Failure>> {
    let facts = call.facts;
    let query = match prepared(call) {
        Ok(query) => query,
        Err(failure) => return futures_util::stream::iter([Err(failure)]).boxed(),
    };
    let read = move |row| read(&mut reader(&row, facts)).map_err(Failure::Reading);
    query.fetch(pool).map_err(failure(facts)).and_then(move |row| std::future::ready(read(row))).boxed()
}

/// Forgets what a connection has prepared. Out: whether it is of use.
pub(crate) async fn forget(connection: &mut PgConnection) -> bool {
    sqlx::Connection::clear_cached_statements(connection).await.is_ok()
}

fn prepared(call: Call) -> Result<sqlx::query::Query<'static, Postgres, PgArguments>, Failure> {
    match call.arguments {
        Arguments::Postgres(arguments) => {
            Ok(sqlx::query_with(AssertSqlSafe(call.text), arguments).persistent(call.persistent))
        }
        _ => Err(Failure::Reading(DataError::other("the statement was made for another engine"))),
    }
}

fn reader(row: &PgRow, facts: Facts) -> Reader<'_> {
    Reader::new(Row::Postgres(row), facts)
}

fn failure(facts: Facts) -> impl Fn(sqlx::Error) -> Failure {
    move |cause| {
        if is_outdated(&cause) {
            return Failure::Outdated(DataError::Serialization);
        }
        Failure::Engine(error(cause, facts))
    }
}
