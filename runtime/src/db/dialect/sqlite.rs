//! SQLite: the stored forms of values and what its errors mean.
//! Tables are `STRICT`, so a column holds what its type says or the row was refused.

use sqlx::error::DatabaseError;
use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteQueryResult, SqliteRow};
use sqlx::{Arguments as _, Encode, Type as SqlType};

use super::{Arguments, Dialect, stored};
use crate::db::column::Type;
use crate::db::decimal;
use crate::db::error::DataError;
use crate::db::model::Facts;
use crate::db::reader::Row;
use crate::db::value::Value;

impl Dialect for Sqlite {
    #[cfg_attr(
        not(feature = "postgres"),
        expect(irrefutable_let_patterns, reason = "refutable where PostgreSQL is compiled in too")
    )]
    fn arguments(arguments: Arguments) -> Option<SqliteArguments> {
        if let Arguments::Sqlite(arguments) = arguments { Some(arguments) } else { None }
    }

    fn row(row: &SqliteRow) -> Row<'_> {
        Row::Sqlite(row)
    }

    fn changed(result: &SqliteQueryResult) -> u64 {
        result.rows_affected()
    }

    fn refusal(error: &dyn DatabaseError, facts: Facts) -> DataError {
        refusal(error, facts)
    }

    fn is_outdated(_: &dyn DatabaseError) -> bool {
        // The engine prepares a statement again by itself.
        false
    }
}

/// Adds a value in its stored form.
pub(crate) fn bind(arguments: &mut SqliteArguments, value: Value<'_>, ty: Type) -> Result<(), String> {
    match value {
        Value::Null => add(arguments, None::<i64>),
        Value::Bool(value) => add(arguments, value),
        Value::Int(value) => add(arguments, value),
        Value::F32(value) => add(arguments, f64::from(value)),
        Value::F64(value) => add(arguments, value),
        Value::Text(text) => add(arguments, &*text),
        Value::Bytes(bytes) => add(arguments, &*bytes),
        Value::Uuid(uuid) => add(arguments, &uuid.as_bytes()[..]),
        Value::Instant(value) => add(arguments, stored::write_instant(value)),
        Value::Date(value) => add(arguments, stored::write_date(value)),
        Value::Time(value) => add(arguments, stored::write_time(value)),
        Value::Decimal(value) => add(arguments, decimal::scaled(value, ty)?),
        Value::Json(text) => add(arguments, text),
        Value::Unfit(reason) => Err(reason),
    }
}

fn add<'t, T: Encode<'t, Sqlite> + SqlType<Sqlite>>(arguments: &mut SqliteArguments, value: T) -> Result<(), String> {
    arguments.add(value).map_err(|error| error.to_string())
}

/// Reading a column's stored form.
pub(crate) mod read {
    use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
    use rust_decimal::Decimal;
    use sqlx::sqlite::{Sqlite, SqliteRow};
    use sqlx::{Decode, Row as _, Type as SqlType, TypeInfo as _, ValueRef as _};
    use uuid::Uuid;

    use super::super::stored;
    use crate::db::column::{ColumnInfo, Type};
    use crate::db::reader::Unreadable;

    fn get<'r, T: Decode<'r, Sqlite> + SqlType<Sqlite>>(row: &'r SqliteRow, at: usize) -> Result<T, Unreadable> {
        let value = row.try_get_raw(at).map_err(Unreadable::new)?;
        // SQLite converts whatever it is asked for, null into 0: ask only for what is there.
        if value.is_null() || !T::compatible(&value.type_info()) {
            return Err(Unreadable::new(["found a `", value.type_info().name(), "`"].concat()));
        }
        T::decode(value).map_err(Unreadable::new)
    }

    pub(crate) fn is_null(row: &SqliteRow, at: usize, _: &ColumnInfo) -> Result<bool, Unreadable> {
        row.try_get_raw(at).map(|value| value.is_null()).map_err(Unreadable::new)
    }

    pub(crate) fn int(row: &SqliteRow, at: usize, _: &ColumnInfo) -> Result<i64, Unreadable> {
        get(row, at)
    }

    pub(crate) fn bool(row: &SqliteRow, at: usize, _: &ColumnInfo) -> Result<bool, Unreadable> {
        match get::<i64>(row, at)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(Unreadable::new(["`", &other.to_string(), "` is neither 0 nor 1"].concat())),
        }
    }

    pub(crate) fn f32(row: &SqliteRow, at: usize, _: &ColumnInfo) -> Result<f32, Unreadable> {
        #[expect(clippy::cast_possible_truncation, reason = "the column holds what an f32 was widened to")]
        get::<f64>(row, at).map(|value| value as f32)
    }

    pub(crate) fn f64(row: &SqliteRow, at: usize, _: &ColumnInfo) -> Result<f64, Unreadable> {
        get(row, at)
    }

    pub(crate) fn text<'r>(row: &'r SqliteRow, at: usize, _: &ColumnInfo) -> Result<&'r str, Unreadable> {
        get(row, at)
    }

    pub(crate) fn bytes<'r>(row: &'r SqliteRow, at: usize, _: &ColumnInfo) -> Result<&'r [u8], Unreadable> {
        get(row, at)
    }

    pub(crate) fn uuid(row: &SqliteRow, at: usize, _: &ColumnInfo) -> Result<Uuid, Unreadable> {
        Uuid::from_slice(get(row, at)?).map_err(Unreadable::new)
    }

    pub(crate) fn instant(row: &SqliteRow, at: usize, _: &ColumnInfo) -> Result<DateTime<Utc>, Unreadable> {
        stored::read_instant(get(row, at)?).ok_or_else(|| Unreadable::new("not `YYYY-MM-DDTHH:MM:SS.ffffffZ`"))
    }

    pub(crate) fn date(row: &SqliteRow, at: usize, _: &ColumnInfo) -> Result<NaiveDate, Unreadable> {
        stored::read_date(get(row, at)?).ok_or_else(|| Unreadable::new("not `YYYY-MM-DD`"))
    }

    pub(crate) fn time(row: &SqliteRow, at: usize, _: &ColumnInfo) -> Result<NaiveTime, Unreadable> {
        stored::read_time(get(row, at)?).ok_or_else(|| Unreadable::new("not `HH:MM:SS.ffffff`"))
    }

    pub(crate) fn decimal(row: &SqliteRow, at: usize, info: &ColumnInfo) -> Result<Decimal, Unreadable> {
        let Type::Decimal { scale, .. } = info.ty else { return Err(Unreadable::new("the column holds no decimals")) };
        Decimal::try_new(get(row, at)?, u32::from(scale)).map_err(Unreadable::new)
    }

    pub(crate) fn json<'r>(row: &'r SqliteRow, at: usize, _: &ColumnInfo) -> Result<&'r [u8], Unreadable> {
        get::<&str>(row, at).map(str::as_bytes)
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
const LOCKED: i32 = 6;
const INTERRUPT: i32 = 9;
const MISMATCH: i32 = 20;

fn refusal(error: &dyn DatabaseError, facts: Facts) -> DataError {
    let code = error.code().and_then(|code| code.parse::<i32>().ok()).unwrap_or_default();
    // `UNIQUE constraint failed: orders.customer, orders.number`
    let named = error.message().split_once("constraint failed: ").map_or("", |(_, named)| named);
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
            _ => DataError::Other { reason: error.message().to_owned() },
        },
    }
}
