//! SQLite: the stored forms of values and what its errors mean.
//! Tables are `STRICT`, so a column holds what its type says or the row was refused.

mod link;
pub(crate) mod pool;
mod run;
mod stored;
mod stream;

use rusqlite::types::Value as Stored;

use crate::db::column::Type;
use crate::db::decimal;
use crate::db::error::DataError;
use crate::db::model::Facts;
use crate::db::value::Value;

/// A value in its stored form.
pub(crate) fn bind(value: Value<'_>, ty: Type) -> Result<Stored, String> {
    Ok(match value {
        Value::Null => Stored::Null,
        Value::Bool(value) => Stored::Integer(value.into()),
        Value::Int(value) => Stored::Integer(value),
        Value::F32(value) => Stored::Real(value.into()),
        Value::F64(value) => Stored::Real(value),
        Value::Text(text) => Stored::Text(text.into_owned()),
        Value::Bytes(bytes) => Stored::Blob(bytes.into_owned()),
        Value::Uuid(uuid) => Stored::Blob(uuid.as_bytes().to_vec()),
        Value::Instant(value) => Stored::Text(stored::write_instant(value)),
        Value::Date(value) => Stored::Text(stored::write_date(value)),
        Value::Time(value) => Stored::Text(stored::write_time(value)),
        Value::Decimal(value) => Stored::Integer(decimal::scaled(value, ty)?),
        Value::Json(text) => Stored::Text(text),
        Value::Unfit(reason) => return Err(reason),
        Value::List(_) => return Err("a list is bound value by value".into()),
    })
}

/// Reading a column's stored form.
pub(crate) mod read {
    use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
    use rusqlite::types::ValueRef;
    use rust_decimal::Decimal;
    use uuid::Uuid;

    use super::stored;
    use crate::db::column::{ColumnInfo, Type};
    use crate::db::reader::Unreadable;

    fn other(value: ValueRef<'_>) -> Unreadable {
        Unreadable::new(["found a `", &value.data_type().to_string().to_uppercase(), "`"].concat())
    }

    pub(crate) fn is_null(value: ValueRef<'_>, _: &ColumnInfo) -> Result<bool, Unreadable> {
        Ok(value == ValueRef::Null)
    }

    pub(crate) fn int(value: ValueRef<'_>, _: &ColumnInfo) -> Result<i64, Unreadable> {
        match value {
            ValueRef::Integer(value) => Ok(value),
            value => Err(other(value)),
        }
    }

    pub(crate) fn bool(value: ValueRef<'_>, info: &ColumnInfo) -> Result<bool, Unreadable> {
        match int(value, info)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(Unreadable::new(["`", &other.to_string(), "` is neither 0 nor 1"].concat())),
        }
    }

    pub(crate) fn f32(value: ValueRef<'_>, info: &ColumnInfo) -> Result<f32, Unreadable> {
        #[expect(clippy::cast_possible_truncation, reason = "the column holds what an f32 was widened to")]
        f64(value, info).map(|value| value as f32)
    }

    pub(crate) fn f64(value: ValueRef<'_>, _: &ColumnInfo) -> Result<f64, Unreadable> {
        match value {
            ValueRef::Real(value) => Ok(value),
            value => Err(other(value)),
        }
    }

    pub(crate) fn text<'r>(value: ValueRef<'r>, _: &ColumnInfo) -> Result<&'r str, Unreadable> {
        std::str::from_utf8(text_bytes(value)?).map_err(Unreadable::new)
    }

    fn text_bytes<'r>(value: ValueRef<'r>) -> Result<&'r [u8], Unreadable> {
        match value {
            ValueRef::Text(bytes) => Ok(bytes),
            value => Err(other(value)),
        }
    }

    pub(crate) fn bytes<'r>(value: ValueRef<'r>, _: &ColumnInfo) -> Result<&'r [u8], Unreadable> {
        match value {
            ValueRef::Blob(bytes) => Ok(bytes),
            value => Err(other(value)),
        }
    }

    pub(crate) fn uuid(value: ValueRef<'_>, info: &ColumnInfo) -> Result<Uuid, Unreadable> {
        Uuid::from_slice(bytes(value, info)?).map_err(Unreadable::new)
    }

    pub(crate) fn instant(value: ValueRef<'_>, _: &ColumnInfo) -> Result<DateTime<Utc>, Unreadable> {
        stored::read_instant(text_bytes(value)?).ok_or_else(|| Unreadable::new("not `YYYY-MM-DDTHH:MM:SS.ffffffZ`"))
    }

    pub(crate) fn date(value: ValueRef<'_>, _: &ColumnInfo) -> Result<NaiveDate, Unreadable> {
        stored::read_date(text_bytes(value)?).ok_or_else(|| Unreadable::new("not `YYYY-MM-DD`"))
    }

    pub(crate) fn time(value: ValueRef<'_>, _: &ColumnInfo) -> Result<NaiveTime, Unreadable> {
        stored::read_time(text_bytes(value)?).ok_or_else(|| Unreadable::new("not `HH:MM:SS.ffffff`"))
    }

    pub(crate) fn decimal(value: ValueRef<'_>, info: &ColumnInfo) -> Result<Decimal, Unreadable> {
        let Type::Decimal { scale, .. } = info.ty else { return Err(Unreadable::new("the column holds no decimals")) };
        Decimal::try_new(int(value, info)?, u32::from(scale)).map_err(Unreadable::new)
    }

    pub(crate) fn json<'r>(value: ValueRef<'r>, info: &ColumnInfo) -> Result<&'r [u8], Unreadable> {
        text(value, info).map(str::as_bytes)
    }
}

// The extended result codes, as SQLite documents them.
const CONSTRAINT_CHECK: i32 = 275;
const CONSTRAINT_FOREIGN_KEY: i32 = 787;
const CONSTRAINT_NOT_NULL: i32 = 1299;
const CONSTRAINT_PRIMARY_KEY: i32 = 1555;
const CONSTRAINT_TYPE: i32 = 3091;
const CONSTRAINT_UNIQUE: i32 = 2067;
const CONSTRAINT_ROW_ID: i32 = 2579;
const BUSY: i32 = 5;
const BUSY_SNAPSHOT: i32 = 517;
const LOCKED: i32 = 6;
const LOCKED_SHARED_CACHE: i32 = 262;
const INTERRUPT: i32 = 9;
const MISMATCH: i32 = 20;

/// What an error of the driver means for a statement on a table.
fn error(cause: &rusqlite::Error, facts: Facts) -> DataError {
    match refused(cause) {
        Some((code, message)) => refusal(code, message, facts),
        None => DataError::Other { reason: cause.to_string() },
    }
}

/// What the engine said: its extended code, and its words.
fn refused(cause: &rusqlite::Error) -> Option<(i32, &str)> {
    match cause {
        rusqlite::Error::SqliteFailure(error, message) => {
            Some((error.extended_code, message.as_deref().unwrap_or("the engine gives no reason")))
        }
        rusqlite::Error::SqlInputError { error, msg, .. } => Some((error.extended_code, msg)),
        _ => None,
    }
}

/// Whether another connection has a lock that will be free again, so that what was refused may be tried once more.
fn is_locked(cause: &rusqlite::Error) -> bool {
    match refused(cause) {
        // What was read before another wrote is never brought up to date.
        Some((code, _)) => (code & 0xff == BUSY && code != BUSY_SNAPSHOT) || code == LOCKED_SHARED_CACHE,
        None => false,
    }
}

/// Whether a statement was broken off.
fn is_interrupted(cause: &rusqlite::Error) -> bool {
    refused(cause).is_some_and(|(code, _)| code & 0xff == INTERRUPT)
}

fn refusal(code: i32, message: &str, facts: Facts) -> DataError {
    // `UNIQUE constraint failed: orders.customer, orders.number`
    let named = message.split_once("constraint failed: ").map_or("", |(_, named)| named);
    let columns = || named.split(", ").map(|name| name.rsplit_once('.').map_or(name, |(_, column)| column));
    match code {
        CONSTRAINT_UNIQUE | CONSTRAINT_PRIMARY_KEY | CONSTRAINT_ROW_ID => DataError::UniqueViolation {
            table: facts.table,
            columns: columns().filter_map(|name| facts.column(name)).collect(),
        },
        CONSTRAINT_NOT_NULL => DataError::NotNull { table: facts.table, column: columns().collect() },
        // What a column's type makes sure of: no value comes to it but one that was computed.
        CONSTRAINT_TYPE => DataError::computed_out_of_range(facts.table),
        CONSTRAINT_CHECK if named.ends_with("_range") => DataError::computed_out_of_range(facts.table),
        CONSTRAINT_CHECK => DataError::CheckViolation { table: facts.table, constraint: named.to_owned() },
        CONSTRAINT_FOREIGN_KEY => DataError::ReferenceViolation { table: facts.table },
        // The low byte is the plain code; the rest tells variants apart.
        code => match code & 0xff {
            BUSY | LOCKED => DataError::Busy,
            INTERRUPT => DataError::Timeout,
            // As of the type of any other column.
            MISMATCH => DataError::computed_out_of_range(facts.table),
            _ => DataError::Other { reason: message.to_owned() },
        },
    }
}
