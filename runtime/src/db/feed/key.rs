//! The key of a line: from the JSON that a trigger wrote to the values of the key's columns. Absent: the triggers, whose forms these
//! are (`cell-schema`'s `dialect/feed.rs`).

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use rust_decimal::Decimal;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::db::column::{ColumnInfo, Type};
use crate::db::error::DataError;
use crate::db::model::Facts;
use crate::db::value::Value;

/// The values of a key, in the key's order.
pub(crate) fn key(json: &str, facts: Facts) -> Result<Vec<Value<'static>>, DataError> {
    let refused = || DataError::other(["the feed has no key of `", facts.table, "`: `", json, "`"].concat());
    let parts: Vec<Json> = serde_json::from_str(json).map_err(|_| refused())?;
    if parts.len() != facts.key.len() {
        return Err(refused());
    }
    let values = parts.into_iter().zip(facts.key_columns());
    let values = values.map(|(part, column)| Some(column.current(value(part, column)?)));
    values.collect::<Option<_>>().ok_or_else(refused)
}

fn value(part: Json, column: &ColumnInfo) -> Option<Value<'static>> {
    let text = part.as_str();
    Some(match column.ty {
        Type::I16 | Type::I32 | Type::I64 | Type::U16 | Type::U32 => Value::Int(part.as_i64()?),
        // SQLite has no booleans.
        Type::Bool => Value::Bool(part.as_bool().or_else(|| part.as_i64().map(|number| number != 0))?),
        Type::Text => match part {
            Json::String(text) => Value::Text(text.into()),
            _ => return None,
        },
        Type::Bytes => Value::Bytes(bytes(text?)?.into()),
        Type::Uuid => Value::Uuid(Uuid::try_parse(text?).ok()?),
        Type::Instant => {
            let text = text?.trim_end_matches('Z');
            Value::Instant(NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok()?.and_utc())
        }
        Type::Date => Value::Date(NaiveDate::parse_from_str(text?, "%Y-%m-%d").ok()?),
        Type::Time => Value::Time(NaiveTime::parse_from_str(text?, "%H:%M:%S%.f").ok()?),
        // SQLite has scaled integers.
        Type::Decimal { scale, .. } => Value::Decimal(match text {
            Some(text) => text.parse().ok()?,
            None => Decimal::try_new(part.as_i64()?, u32::from(scale)).ok()?,
        }),
        _ => return None,
    })
}

fn bytes(digits: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = digits.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => Some(digit(*high)? * 16 + digit(*low)?),
        _ => None,
    });
    pairs.collect()
}
