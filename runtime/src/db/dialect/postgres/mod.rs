//! PostgreSQL: values in its own types and what its errors mean.

pub(crate) mod copy;
pub(crate) mod log;
pub(crate) mod pool;
pub(crate) mod run;

use sqlx::encode::IsNull;
use sqlx::error::{BoxDynError, DatabaseError};
use sqlx::postgres::{PgArgumentBuffer, PgArguments, PgDatabaseError, PgTypeInfo, Postgres};
use sqlx::{Arguments as _, Encode, Type as SqlType};

use crate::db::column::Type;
use crate::db::error::DataError;
use crate::db::model::Facts;
use crate::db::value::Value;

/// Adds a value in the type of its column: a statement is prepared once, for the types of its first values.
pub(crate) fn bind(arguments: &mut PgArguments, value: Value<'_>, ty: Type) -> Result<(), String> {
    match (value, ty) {
        (Value::Null, ty) => add_null(arguments, ty),
        (Value::Int(value), Type::I16) => add(arguments, narrow::<i16>(value)?),
        (Value::Int(value), Type::I32 | Type::U16) => add(arguments, narrow::<i32>(value)?),
        (Value::Int(value), _) => add(arguments, value),
        (Value::Bool(value), _) => add(arguments, value),
        (Value::F32(value), _) => add(arguments, value),
        (Value::F64(value), _) => add(arguments, value),
        (Value::Text(text), _) => add(arguments, &*text),
        (Value::Bytes(bytes), _) => add(arguments, &*bytes),
        (Value::Uuid(uuid), _) => add(arguments, uuid),
        (Value::Instant(value), _) => add(arguments, value),
        (Value::Date(value), _) => add(arguments, value),
        (Value::Time(value), _) => add(arguments, value),
        (Value::Decimal(value), _) => add(arguments, value),
        (Value::Json(text), _) => add(arguments, Document(&text)),
        (Value::Unfit(reason), _) => Err(reason),
        (Value::List(values), ty) => bind_list(arguments, &values, ty),
    }
}

/// Adds several values, of which none is null, as one array of the column's type.
fn bind_list(arguments: &mut PgArguments, values: &[Value<'_>], ty: Type) -> Result<(), String> {
    fn all<'v, T>(values: &'v [Value<'v>], one: impl Fn(&'v Value<'v>) -> Option<T>) -> Result<Vec<T>, String> {
        values.iter().map(one).collect::<Option<_>>().ok_or_else(|| "a value is of another type than its column".into())
    }
    macro_rules! array {
        ($kind:ident) => {
            array!(|value| if let Value::$kind(value) = value { Some(*value) } else { None })
        };
        ($one:expr) => {
            add(arguments, all(values, $one)?)
        };
    }
    macro_rules! integers {
        ($ty:ty) => {
            array!(|value| if let Value::Int(value) = value { <$ty>::try_from(*value).ok() } else { None })
        };
    }
    match ty {
        Type::I16 => integers!(i16),
        Type::I32 | Type::U16 => integers!(i32),
        Type::I64 | Type::U32 => integers!(i64),
        Type::Bool => array!(Bool),
        Type::F32 => array!(F32),
        Type::F64 => array!(F64),
        Type::Text => array!(|value| if let Value::Text(text) = value { Some(&**text) } else { None }),
        Type::Bytes => array!(|value| if let Value::Bytes(bytes) = value { Some(&**bytes) } else { None }),
        Type::Uuid => array!(Uuid),
        Type::Instant => array!(Instant),
        Type::Date => array!(Date),
        Type::Time => array!(Time),
        Type::Decimal { .. } => array!(Decimal),
        Type::Json => Err("documents are not compared".into()),
    }
}

fn add_null(arguments: &mut PgArguments, ty: Type) -> Result<(), String> {
    match ty {
        Type::I16 => add(arguments, None::<i16>),
        Type::I32 | Type::U16 => add(arguments, None::<i32>),
        Type::I64 | Type::U32 => add(arguments, None::<i64>),
        Type::Bool => add(arguments, None::<bool>),
        Type::F32 => add(arguments, None::<f32>),
        Type::F64 => add(arguments, None::<f64>),
        Type::Text => add(arguments, None::<&str>),
        Type::Bytes => add(arguments, None::<&[u8]>),
        Type::Uuid => add(arguments, None::<uuid::Uuid>),
        Type::Instant => add(arguments, None::<chrono::DateTime<chrono::Utc>>),
        Type::Date => add(arguments, None::<chrono::NaiveDate>),
        Type::Time => add(arguments, None::<chrono::NaiveTime>),
        Type::Decimal { .. } => add(arguments, None::<rust_decimal::Decimal>),
        Type::Json => add(arguments, None::<Document<'_>>),
    }
}

fn add<'t, T: Encode<'t, Postgres> + SqlType<Postgres>>(arguments: &mut PgArguments, value: T) -> Result<(), String> {
    arguments.add(value).map_err(|error| error.to_string())
}

fn narrow<T: TryFrom<i64>>(value: i64) -> Result<T, String> {
    T::try_from(value).map_err(|_| "the integer is out of the column's range".into())
}

/// A `jsonb` value from its text.
struct Document<'a>(&'a str);

impl SqlType<Postgres> for Document<'_> {
    fn type_info() -> PgTypeInfo {
        <sqlx::types::Json<()> as SqlType<Postgres>>::type_info()
    }
}

impl Encode<'_, Postgres> for Document<'_> {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        // The binary form of `jsonb` is its version, 1, and the text.
        buffer.push(1);
        buffer.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }
}

/// Reading a column's value.
pub(crate) mod read {
    use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
    use rust_decimal::Decimal;
    use sqlx::postgres::{PgRow, Postgres};
    use sqlx::{Decode, Row as _, Type as SqlType, ValueRef as _};
    use uuid::Uuid;

    use crate::db::column::{ColumnInfo, Type};
    use crate::db::reader::Unreadable;

    fn get<'r, T: Decode<'r, Postgres> + SqlType<Postgres>>(row: &'r PgRow, at: usize) -> Result<T, Unreadable> {
        row.try_get(at).map_err(Unreadable::new)
    }

    // Read past the driver, which panics on `infinity` and on `24:00`.
    fn bytes_of<T: SqlType<Postgres>, const N: usize>(row: &PgRow, at: usize) -> Result<[u8; N], Unreadable> {
        let value = row.try_get_raw(at).map_err(Unreadable::new)?;
        if *value.type_info() != T::type_info() {
            return Err(Unreadable::new(["found a `", &value.type_info().to_string(), "`"].concat()));
        }
        let bytes = value.as_bytes().map_err(Unreadable::new)?;
        bytes.try_into().map_err(|_| Unreadable::new("the value has another length than its type"))
    }

    fn epoch() -> NaiveDate {
        NaiveDate::from_ymd_opt(2000, 1, 1).unwrap_or_default()
    }

    fn in_years<T: Datelike>(value: T) -> Option<T> {
        (1..=9999).contains(&value.year()).then_some(value)
    }

    pub(crate) fn is_null(row: &PgRow, at: usize, _: &ColumnInfo) -> Result<bool, Unreadable> {
        row.try_get_raw(at).map(|value| value.is_null()).map_err(Unreadable::new)
    }

    pub(crate) fn int(row: &PgRow, at: usize, info: &ColumnInfo) -> Result<i64, Unreadable> {
        let declared = match info.ty {
            Type::I16 => get::<i16>(row, at).map(i64::from),
            Type::I32 | Type::U16 => get::<i32>(row, at).map(i64::from),
            _ => get(row, at),
        };
        // A later release may have made the column wider: its numbers are read as long as they fit.
        declared.or_else(|unreadable| {
            let wider = get::<i64>(row, at).or_else(|_| get::<i32>(row, at).map(i64::from));
            let other = wider.or_else(|_| get::<i16>(row, at).map(i64::from));
            other.map_err(|_| unreadable)
        })
    }

    pub(crate) fn bool(row: &PgRow, at: usize, _: &ColumnInfo) -> Result<bool, Unreadable> {
        get(row, at)
    }

    pub(crate) fn f32(row: &PgRow, at: usize, _: &ColumnInfo) -> Result<f32, Unreadable> {
        get(row, at)
    }

    pub(crate) fn f64(row: &PgRow, at: usize, _: &ColumnInfo) -> Result<f64, Unreadable> {
        get(row, at)
    }

    pub(crate) fn text<'r>(row: &'r PgRow, at: usize, _: &ColumnInfo) -> Result<&'r str, Unreadable> {
        get(row, at)
    }

    pub(crate) fn bytes<'r>(row: &'r PgRow, at: usize, _: &ColumnInfo) -> Result<&'r [u8], Unreadable> {
        get(row, at)
    }

    pub(crate) fn uuid(row: &PgRow, at: usize, _: &ColumnInfo) -> Result<Uuid, Unreadable> {
        get(row, at)
    }

    pub(crate) fn instant(row: &PgRow, at: usize, _: &ColumnInfo) -> Result<DateTime<Utc>, Unreadable> {
        let micros = i64::from_be_bytes(bytes_of::<DateTime<Utc>, 8>(row, at)?);
        NaiveDateTime::from(epoch())
            .checked_add_signed(TimeDelta::microseconds(micros))
            .and_then(in_years)
            .map(|value| value.and_utc())
            .ok_or_else(|| Unreadable::new("the instant is not of the years 1 to 9999"))
    }

    pub(crate) fn date(row: &PgRow, at: usize, _: &ColumnInfo) -> Result<NaiveDate, Unreadable> {
        let days = i32::from_be_bytes(bytes_of::<NaiveDate, 4>(row, at)?);
        TimeDelta::try_days(i64::from(days))
            .and_then(|days| epoch().checked_add_signed(days))
            .and_then(in_years)
            .ok_or_else(|| Unreadable::new("the date is not of the years 1 to 9999"))
    }

    pub(crate) fn time(row: &PgRow, at: usize, _: &ColumnInfo) -> Result<NaiveTime, Unreadable> {
        let micros = i64::from_be_bytes(bytes_of::<NaiveTime, 8>(row, at)?);
        u32::try_from(micros / 1_000_000)
            .ok()
            .zip(u32::try_from(micros % 1_000_000).ok())
            .and_then(|(seconds, micros)| NaiveTime::from_num_seconds_from_midnight_opt(seconds, micros * 1_000))
            .ok_or_else(|| Unreadable::new("the time is no time of a day"))
    }

    pub(crate) fn decimal(row: &PgRow, at: usize, info: &ColumnInfo) -> Result<Decimal, Unreadable> {
        let Type::Decimal { scale, .. } = info.ty else { return Err(Unreadable::new("the column holds no decimals")) };
        let mut value: Decimal = get(row, at)?;
        value.rescale(u32::from(scale));
        Ok(value)
    }

    pub(crate) fn json<'r>(row: &'r PgRow, at: usize, _: &ColumnInfo) -> Result<&'r [u8], Unreadable> {
        let value = row.try_get_raw(at).map_err(Unreadable::new)?;
        match value.as_bytes().map_err(Unreadable::new)? {
            [1, text @ ..] => Ok(text),
            _ => Err(Unreadable::new("not a `jsonb` value of version 1")),
        }
    }
}

/// What a driver's error means for a statement on a table.
pub(crate) fn error(error: sqlx::Error, facts: Facts) -> DataError {
    match error {
        sqlx::Error::Database(error) => refusal(&*error, facts),
        sqlx::Error::PoolTimedOut => DataError::Timeout,
        sqlx::Error::PoolClosed => DataError::Closed,
        sqlx::Error::Io(error) => DataError::Connection { reason: error.to_string() },
        sqlx::Error::Tls(error) => DataError::Connection { reason: error.to_string() },
        sqlx::Error::BeginFailed => DataError::Connection { reason: "no transaction could be begun".into() },
        error => DataError::Other { reason: error.to_string() },
    }
}

/// Whether an error says that a statement was prepared for other columns than the table has by now.
fn is_outdated(error: &sqlx::Error) -> bool {
    // `cached plan must not change result type`, in any language.
    let error = error.as_database_error().and_then(|error| error.try_downcast_ref::<PgDatabaseError>());
    error.is_some_and(|error| error.code() == "0A000" && error.routine() == Some("RevalidateCachedQuery"))
}

fn refusal(error: &dyn DatabaseError, facts: Facts) -> DataError {
    let table = facts.table;
    let Some(error) = error.try_downcast_ref::<PgDatabaseError>() else {
        return DataError::Other { reason: error.message().to_owned() };
    };
    // The five characters of an SQLSTATE; its first two are its class.
    match error.code() {
        "23505" => DataError::UniqueViolation { table, columns: unique_columns(error, facts) },
        "23503" | "23001" => DataError::ReferenceViolation { table },
        // A condition that the column's type makes: no value comes to it but one that was computed.
        "23514" if error.constraint().is_some_and(|name| name.ends_with("_range")) => {
            DataError::computed_out_of_range(table)
        }
        "23514" => DataError::CheckViolation { table, constraint: error.constraint().unwrap_or_default().to_owned() },
        "23502" => DataError::NotNull { table, column: error.column().unwrap_or_default().to_owned() },
        "22003" => DataError::computed_out_of_range(table),
        "40001" | "40P01" => DataError::Serialization,
        "55P03" => DataError::Busy,
        "57014" => DataError::Timeout,
        "25P02" => DataError::Aborted,
        code if code.starts_with("08") || code.starts_with("57P") || code == "53300" => {
            DataError::Connection { reason: error.message().to_owned() }
        }
        _ => DataError::Other { reason: error.message().to_owned() },
    }
}

/// The columns of the unique constraint that a row would break.
fn unique_columns(error: &PgDatabaseError, facts: Facts) -> Vec<&'static str> {
    // `Key (customer, "Number")=(…) already exists.`, whatever the server's language; what it says of values stays here.
    let detail = error.detail().and_then(|detail| detail.split_once(")=(")?.0.split_once('('));
    if let Some((_, names)) = detail {
        let names = names.split(", ").map(|name| name.trim_matches('"').replace("\"\"", "\""));
        let columns: Option<Vec<_>> = names.map(|name| facts.column(&name)).collect();
        if let Some(columns) = columns {
            return columns;
        }
    }
    // Without the right to read the table the server gives no detail, but always the constraint.
    match error.constraint() {
        Some(name) if name.ends_with("_pkey") => facts.key_columns().map(|info| info.name).collect(),
        _ => Vec::new(),
    }
}
