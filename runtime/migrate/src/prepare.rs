//! Asks an engine about statements, without running them. In: an engine, a schema, statements with `$1`, `$2`, … Out: what each takes and
//! gives in the engine's words, or why it is refused and where. Absent: what that is in Rust.
//! SQLite says little: the names of columns; PostgreSQL says every type.

use std::collections::BTreeMap;

use cell_schema::Engine;
use cell_schema::schema::Schema;
use serde::{Deserialize, Serialize};
use sqlx::postgres::{PgConnection, PgDatabaseError, PgErrorPosition};
use sqlx::{
    AssertSqlSafe, Column as _, Either, Executor as _, SqlSafeStr as _, SqliteConnection, Statement as _, TypeInfo as _,
};

use crate::connection::{Access, Connection};
use crate::rehearse::RehearseError;
use crate::throwaway::Cluster;
use crate::{MigrateError, Target, Url, compare};

/// What an engine says of a statement that it would run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prepared {
    /// The types of its parameters, as PostgreSQL calls them (`INT8`); none where the engine does not say.
    pub parameters: Vec<String>,
    /// The columns that it gives.
    pub columns: Vec<PreparedColumn>,
}

/// What an engine says of a column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreparedColumn {
    /// Its name.
    pub name: String,
    /// Its type, as PostgreSQL calls it; `None` where the engine does not say.
    pub ty: Option<String>,
    /// Whether it is a table's column that may be null. An expression, and an outer join's other side, are not known to be.
    pub nullable: bool,
    /// The digits behind the point, where it is a table's column of decimals.
    #[serde(default)]
    pub scale: Option<u8>,
}

/// Why an engine would not run a statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unprepared {
    /// The engine's words.
    pub message: String,
    /// What to do, where that is known.
    pub help: Option<String>,
    /// The part of the statement that they are about, in bytes; the whole where the engine does not say.
    pub place: std::ops::Range<usize>,
}

/// Asks an engine about statements, on a throwaway database of this schema.
///
/// # Errors
/// There is no engine, or it cannot hold the schema.
pub async fn prepare(
    engine: Engine,
    schema: &Schema,
    statements: &[&str],
) -> Result<Vec<Result<Prepared, Unprepared>>, RehearseError> {
    let url = match engine {
        Engine::Sqlite => Url::new("sqlite::memory:"),
        Engine::Postgres => Cluster::shared().await?.create_database("queries").await?,
    };
    let target = Target::new(url)?;
    let mut connection = Connection::open(&target, Access::Create).await?;
    let failed = |error: sqlx::Error| MigrateError::engine(&target, "prepare statements", &error);
    let made = compare::create(&mut connection, &target, schema).await;
    let mut answers = Vec::new();
    if made.is_ok() {
        for statement in statements {
            answers.push(match &mut connection {
                Connection::Sqlite(connection) => sqlite(connection, statement).await.map_err(failed)?,
                Connection::Postgres(connection) => postgres(connection, statement).await.map_err(failed)?,
            });
        }
    }
    connection.close().await;
    made?;
    Ok(answers)
}

async fn sqlite(
    connection: &mut SqliteConnection,
    statement: &str,
) -> Result<Result<Prepared, Unprepared>, sqlx::Error> {
    match connection.prepare(AssertSqlSafe(statement.to_owned()).into_sql_str()).await {
        Ok(prepared) => {
            let column = |name: &str| PreparedColumn { name: name.to_owned(), ty: None, nullable: false, scale: None };
            let columns = prepared.columns().iter().map(|found| column(found.name())).collect();
            Ok(Ok(Prepared { parameters: Vec::new(), columns }))
        }
        // Of the statement; anything else is of this moment.
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("1") => {
            let message = error.message().to_owned();
            let place = named(&message).and_then(|name| found(statement, name)).unwrap_or(0..statement.len());
            Ok(Err(Unprepared { message, help: None, place }))
        }
        Err(error) => Err(error),
    }
}

/// What SQLite's words are about: `no such column: p.nme`, `near "form": syntax error`.
fn named(message: &str) -> Option<&str> {
    let quoted = message.strip_prefix("near \"").and_then(|rest| rest.split('"').next());
    quoted.or_else(|| Some(message.strip_prefix("no such ")?.split_once(": ")?.1))
}

/// Where a word first stands in a statement.
fn found(statement: &str, word: &str) -> Option<std::ops::Range<usize>> {
    let inside = |letter: char| letter.is_alphanumeric() || letter == '_';
    let is_apart = |at: usize| {
        let before = statement.get(..at).is_some_and(|before| before.ends_with(inside));
        let after = statement.get(at + word.len()..).is_some_and(|after| after.starts_with(inside));
        !(word.starts_with(inside) && before || word.ends_with(inside) && after)
    };
    let lower = statement.to_ascii_lowercase();
    let mut places = lower.match_indices(&word.to_ascii_lowercase()).map(|(at, _)| at).collect::<Vec<_>>().into_iter();
    places.find(|at| is_apart(*at)).map(|at| at..at + word.len())
}

async fn postgres(connection: &mut PgConnection, statement: &str) -> Result<Result<Prepared, Unprepared>, sqlx::Error> {
    let prepared = match connection.prepare(AssertSqlSafe(statement.to_owned()).into_sql_str()).await {
        Ok(prepared) => prepared,
        Err(sqlx::Error::Database(error)) => {
            let position = error.try_downcast_ref::<PgDatabaseError>().and_then(PgDatabaseError::position);
            let place = match position {
                Some(PgErrorPosition::Original(letter)) => word_at(statement, letter.saturating_sub(1)),
                _ => 0..statement.len(),
            };
            let code = error.code().unwrap_or_default().into_owned();
            // Of the statement: syntax and names, values, what is not there. Anything else is of this moment.
            if !["42", "22", "23", "0A"].iter().any(|class| code.starts_with(class)) {
                return Err(sqlx::Error::Database(error));
            }
            let untyped = ["42P18", "42P08", "42725"].contains(&code.as_str());
            let help = untyped.then(|| "say the type of the value: `cast({name} as text)`".to_owned());
            return Ok(Err(Unprepared { message: error.message().to_owned(), help, place }));
        }
        Err(error) => return Err(error),
    };
    let parameters = match prepared.parameters() {
        Some(Either::Left(types)) => types.iter().map(|ty| ty.name().to_owned()).collect(),
        _ => Vec::new(),
    };
    let mut known = BTreeMap::new();
    let mut columns = Vec::new();
    for column in prepared.columns() {
        let of = column.relation_id().map(|table| table.0).zip(column.relation_attribute_no());
        if let Some(place) = of
            && !known.contains_key(&place)
        {
            let found: Option<(bool, Option<i32>)> = sqlx::query_as(
                "SELECT attnotnull, CASE WHEN atttypid = CAST('numeric' AS regtype) AND atttypmod >= 4 \
                 THEN (atttypmod - 4) & 2047 END FROM pg_catalog.pg_attribute WHERE attrelid = $1 AND attnum = $2",
            )
            .bind(sqlx::postgres::types::Oid(place.0))
            .bind(place.1)
            .fetch_optional(&mut *connection)
            .await?;
            let scale = found.and_then(|(_, scale)| u8::try_from(scale?).ok());
            known.insert(place, (found.is_some_and(|(is_required, _)| !is_required), scale));
        }
        let (nullable, scale) = of.and_then(|place| known.get(&place).copied()).unwrap_or_default();
        columns.push(PreparedColumn {
            name: column.name().to_owned(),
            ty: Some(column.type_info().name().to_owned()),
            nullable,
            scale,
        });
    }
    Ok(Ok(Prepared { parameters, columns }))
}

/// The word, or the letter, that begins with the letter of this number.
fn word_at(statement: &str, letter: usize) -> std::ops::Range<usize> {
    let start = statement.char_indices().nth(letter).map_or(statement.len(), |(at, _)| at);
    let rest = statement.get(start..).unwrap_or_default();
    let length =
        rest.find(|letter: char| !letter.is_alphanumeric() && !matches!(letter, '_' | '.')).unwrap_or(rest.len());
    let first = rest.chars().next().map_or(0, char::len_utf8);
    start..start + length.max(first)
}
