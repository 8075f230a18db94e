//! PostgreSQL's `COPY`: how many rows come in at once. In: values, row by row. Out: the text that `COPY … FROM STDIN` reads, and
//! how it is sent. Text, because a column that a later release made wider reads it as well as one of the declared type.
//! Absent: which rows go this way ([`crate::db::table`]).

use std::fmt::Write as _;
use std::sync::Arc;

use sqlx::{AssertSqlSafe, Executor as _, PgConnection, Row as _};

use super::error;
use crate::db::call::Failure;
use crate::db::dialect::identifier;
use crate::db::model::Facts;
use crate::db::value::Value;

/// The most bytes of one message.
const MOST_BYTES: usize = 1 << 18;

/// Rows as `COPY` reads them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rows {
    text: String,
}

impl Rows {
    /// Adds a value that [`Value::fit`] let through to the row that is begun.
    pub(crate) fn push(&mut self, value: &Value<'_>) -> Result<(), String> {
        let text = &mut self.text;
        let written = match value {
            Value::Null => text.write_str("\\N"),
            Value::Bool(value) => text.write_str(if *value { "t" } else { "f" }),
            Value::Int(value) => write!(text, "{value}"),
            // With an exponent: the digits of the greatest would be hundreds.
            Value::F32(value) => write!(text, "{value:e}"),
            Value::F64(value) => write!(text, "{value:e}"),
            Value::Text(value) => escaped(text, value),
            Value::Json(value) => escaped(text, value),
            Value::Bytes(bytes) => hexadecimal(text, bytes),
            Value::Uuid(value) => write!(text, "{value}"),
            Value::Instant(value) => write!(text, "{}", value.format("%Y-%m-%d %H:%M:%S%.6f+00")),
            Value::Date(value) => write!(text, "{}", value.format("%Y-%m-%d")),
            Value::Time(value) => write!(text, "{}", value.format("%H:%M:%S%.6f")),
            Value::Decimal(value) => write!(text, "{value}"),
            Value::Unfit(reason) => return Err(reason.clone()),
            Value::List(_) => return Err("a column holds one value".into()),
        };
        text.push('\t');
        written.map_err(|_| "the value can't be written".to_owned())
    }

    /// Ends the row.
    pub(crate) fn end_row(&mut self) {
        self.text.pop();
        self.text.push('\n');
    }
}

fn escaped(text: &mut String, value: &str) -> std::fmt::Result {
    let mut rest = value;
    while let Some(at) = rest.find(['\\', '\t', '\n', '\r']) {
        let (plain, special) = rest.split_at(at);
        text.push_str(plain);
        let mut characters = special.chars();
        text.push_str(match characters.next() {
            Some('\t') => "\\t",
            Some('\n') => "\\n",
            Some('\r') => "\\r",
            _ => "\\\\",
        });
        rest = characters.as_str();
    }
    text.write_str(rest)
}

fn hexadecimal(text: &mut String, bytes: &[u8]) -> std::fmt::Result {
    text.push_str("\\\\x");
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    text.extend(digits.filter_map(|digit| char::from_digit(digit.into(), 16)));
    Ok(())
}

/// Rows for some columns of a table.
#[derive(Clone, Debug)]
pub(crate) struct Copy {
    /// The columns' names, each as an identifier, with commas between.
    pub(crate) columns: Arc<str>,
    pub(crate) rows: Rows,
    pub(crate) facts: Facts,
}

/// Whether a relation takes `COPY`: a view does not, nor does a table whose rows are kept from some.
const TAKES: &str = "SELECT relkind IN ('r', 'p') AND NOT relrowsecurity FROM pg_class WHERE oid = to_regclass($1)";

/// A table of this transaction that takes it.
const PASSING: &str = "\"cell_copied\"";

/// Adds the rows, in a transaction, and tells how many there were. The future has to be run to its end: between its first and
/// last message the connection is of no other use.
pub(crate) async fn copy(connection: &mut PgConnection, copy: Copy) -> Result<u64, Failure> {
    let failed = |cause| Failure::Engine(error(cause, copy.facts));
    let table = identifier(copy.facts.table);
    let columns = &copy.columns;
    let row = sqlx::query(TAKES).bind(&table).fetch_optional(&mut *connection).await.map_err(failed)?;
    let takes: Option<bool> = row.map(|row| row.try_get(0)).transpose().map_err(failed)?;
    // A table that is not there is the engine's to tell.
    if takes.unwrap_or(true) {
        return send(connection, &table, columns, &copy.rows).await.map_err(failed);
    }
    // Its columns, and nothing of what they require: the engine fills the others.
    let make = format!("CREATE TEMPORARY TABLE {PASSING} ON COMMIT DROP AS SELECT {columns} FROM {table} WITH NO DATA");
    connection.execute(sqlx::raw_sql(AssertSqlSafe(make))).await.map_err(failed)?;
    send(connection, &["pg_temp.", PASSING].concat(), columns, &copy.rows).await.map_err(failed)?;
    let insert = format!("INSERT INTO {table} ({columns}) SELECT {columns} FROM pg_temp.{PASSING}");
    let inserted = connection.execute(sqlx::raw_sql(AssertSqlSafe(insert))).await.map_err(failed)?;
    let drop = format!("DROP TABLE pg_temp.{PASSING}");
    connection.execute(sqlx::raw_sql(AssertSqlSafe(drop))).await.map_err(failed)?;
    Ok(inserted.rows_affected())
}

async fn send(connection: &mut PgConnection, table: &str, columns: &str, rows: &Rows) -> Result<u64, sqlx::Error> {
    let text = format!("COPY {table} ({columns}) FROM STDIN");
    let mut copying = connection.copy_in_raw(&text).await?;
    for part in rows.text.as_bytes().chunks(MOST_BYTES) {
        copying.send(part).await?;
    }
    copying.finish().await
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    #[test]
    fn what_ends_fields_and_rows_is_escaped() {
        let mut rows = Rows::default();
        for value in [
            Value::Text(Cow::Borrowed("a\tb\\N\r\n\\.")),
            Value::Null,
            Value::Text(Cow::Borrowed("")),
            Value::Bytes(Cow::Borrowed(&[0, 255])),
        ] {
            rows.push(&value).expect("a value");
        }
        rows.end_row();
        assert_eq!(rows.text, "a\\tb\\\\N\\r\\n\\\\.\t\\N\t\t\\\\x00ff\n");
    }
}
