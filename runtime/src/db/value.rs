//! One value on its way to a column, the same for every engine, and whether the column can hold it.
//! In: a field's value. Out: the value in the one form that both engines store, or why it is refused. Absent: the stored
//! forms, which are each dialect's.

use std::borrow::Cow;

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Timelike, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::column::Type;
use super::decimal;

/// A value of a field, borrowed from it where that saves a copy.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// No value.
    Null,
    /// A `bool`.
    Bool(bool),
    /// An integer of any width.
    Int(i64),
    /// An `f32`.
    F32(f32),
    /// An `f64`.
    F64(f64),
    /// Text.
    Text(Cow<'a, str>),
    /// Bytes.
    Bytes(Cow<'a, [u8]>),
    /// A UUID.
    Uuid(Uuid),
    /// A point in time.
    Instant(DateTime<Utc>),
    /// A date.
    Date(NaiveDate),
    /// A time of day.
    Time(NaiveTime),
    /// A decimal number.
    Decimal(Decimal),
    /// A JSON document's text.
    Json(String),
    /// A value that its own type could not give, and why.
    Unfit(String),
    /// Several values of one column, which is compared with each: no column holds it.
    #[doc(hidden)]
    List(Vec<Value<'a>>),
}

impl Value<'_> {
    /// The same value, borrowing nothing.
    #[must_use]
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Int(value) => Value::Int(value),
            Self::F32(value) => Value::F32(value),
            Self::F64(value) => Value::F64(value),
            Self::Text(value) => Value::Text(Cow::Owned(value.into_owned())),
            Self::Bytes(value) => Value::Bytes(Cow::Owned(value.into_owned())),
            Self::Uuid(value) => Value::Uuid(value),
            Self::Instant(value) => Value::Instant(value),
            Self::Date(value) => Value::Date(value),
            Self::Time(value) => Value::Time(value),
            Self::Decimal(value) => Value::Decimal(value),
            Self::Json(value) => Value::Json(value),
            Self::Unfit(reason) => Value::Unfit(reason),
            Self::List(values) => Value::List(values.into_iter().map(Value::into_owned).collect()),
        }
    }

    /// The value as a column of `ty` stores it, or why it can't: what is refused here is refused on every engine.
    pub(crate) fn fit(self, ty: Type) -> Result<Self, String> {
        Ok(match self {
            Self::Text(text) if text.contains('\0') => return Err("text can't hold U+0000".into()),
            Self::Json(text) if holds_escaped_nul(&text) => return Err("a document can't hold U+0000".into()),
            Self::Json(text) if nests_deeper_than(DEEPEST, &text) => {
                return Err(["a document nests at most ", &DEEPEST.to_string(), " levels"].concat());
            }
            Self::F32(value) if value.is_nan() => return Err("NaN is not a number that a column holds".into()),
            Self::F64(value) if value.is_nan() => return Err("NaN is not a number that a column holds".into()),
            // Adding zero makes -0.0 into 0.0: SQLite keeps no sign of zero, so PostgreSQL must not either.
            Self::F32(value) => Self::F32(value + 0.0),
            Self::F64(value) => Self::F64(value + 0.0),
            Self::Instant(value) => Self::Instant(instant(value)?),
            Self::Date(value) if !years().contains(&value.year()) => {
                return Err("a date is of the years 1 to 9999".into());
            }
            Self::Time(value) => Self::Time(time(value)?),
            Self::Decimal(value) => {
                decimal::scaled(value, ty)?;
                Self::Decimal(value)
            }
            Self::Unfit(reason) => return Err(reason),
            Self::List(_) => return Err("a column holds one value".into()),
            value => value,
        })
    }

    /// As [`Value::fit`], for a value that is only compared with: a decimal of more digits than the column's is fine.
    pub(crate) fn fit_operand(self, ty: Type) -> Result<Self, String> {
        match self {
            Self::Decimal(value) => Ok(Self::Decimal(value)),
            Self::List(values) => {
                values.into_iter().map(|value| value.fit_operand(ty)).collect::<Result<_, _>>().map(Self::List)
            }
            value => value.fit(ty),
        }
    }
}

/// Reading a value that is at hand, as a column is read.
#[cfg(feature = "search")]
pub(crate) mod read {
    use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
    use rust_decimal::Decimal;
    use uuid::Uuid;

    use super::Value;
    use crate::db::reader::Unreadable;

    fn other<T>(value: &Value<'_>) -> Result<T, Unreadable> {
        Err(Unreadable::new(format!("found {value:?}")))
    }

    #[expect(clippy::unnecessary_wraps, reason = "as the dialects read")]
    pub(crate) fn is_null(value: &Value<'static>) -> Result<bool, Unreadable> {
        Ok(*value == Value::Null)
    }

    macro_rules! reads {
        ($($name:ident -> $out:ty: $variant:ident;)+) => {$(
            pub(crate) fn $name(value: &Value<'static>) -> Result<$out, Unreadable> {
                match value {
                    Value::$variant(value) => Ok(*value),
                    value => other(value),
                }
            }
        )+};
    }

    reads! {
        int -> i64: Int;
        bool -> bool: Bool;
        f32 -> f32: F32;
        f64 -> f64: F64;
        uuid -> Uuid: Uuid;
        instant -> DateTime<Utc>: Instant;
        date -> NaiveDate: Date;
        time -> NaiveTime: Time;
        decimal -> Decimal: Decimal;
    }

    pub(crate) fn text<'r>(value: &'r Value<'static>) -> Result<&'r str, Unreadable> {
        match value {
            Value::Text(text) => Ok(text),
            value => other(value),
        }
    }

    pub(crate) fn bytes<'r>(value: &'r Value<'static>) -> Result<&'r [u8], Unreadable> {
        match value {
            Value::Bytes(bytes) => Ok(bytes),
            value => other(value),
        }
    }

    pub(crate) fn json<'r>(value: &'r Value<'static>) -> Result<&'r [u8], Unreadable> {
        match value {
            Value::Json(text) => Ok(text.as_bytes()),
            value => other(value),
        }
    }
}

fn years() -> std::ops::RangeInclusive<i32> {
    1..=9999
}

/// Cut to whole microseconds, which is what both engines keep.
fn instant(value: DateTime<Utc>) -> Result<DateTime<Utc>, String> {
    if !years().contains(&value.year()) {
        return Err("an instant is of the years 1 to 9999".into());
    }
    let micros = micros(value.nanosecond())?;
    value.with_nanosecond(micros).ok_or_else(|| "an instant is a whole number of microseconds".into())
}

fn time(value: NaiveTime) -> Result<NaiveTime, String> {
    let micros = micros(value.nanosecond())?;
    value.with_nanosecond(micros).ok_or_else(|| "a time is a whole number of microseconds".into())
}

// chrono holds a leap second as a second of more than a thousand million nanoseconds.
fn micros(nanosecond: u32) -> Result<u32, String> {
    if nanosecond >= 1_000_000_000 {
        return Err("a leap second can't be stored".into());
    }
    Ok(nanosecond / 1_000 * 1_000)
}

/// Whether a document's text, as serde_json writes it, holds `\u0000`: PostgreSQL refuses that.
fn holds_escaped_nul(text: &str) -> bool {
    let mut bytes = text.as_bytes();
    while let Some(at) = bytes.iter().position(|byte| *byte == b'\\') {
        bytes = bytes.get(at + 1..).unwrap_or_default();
        if bytes.starts_with(b"u0000") {
            return true;
        }
        // What follows is an escaped character, perhaps a backslash itself.
        bytes = bytes.get(1..).unwrap_or_default();
    }
    false
}

/// As deep as serde_json reads: a document that nests deeper could be stored, and never be read again.
const DEEPEST: usize = 127;

fn nests_deeper_than(most: usize, text: &str) -> bool {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => depth += 1,
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > most {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::{Field as _, Json};

    #[test]
    fn a_document_that_could_not_be_read_again_is_refused() {
        let nested = |levels| (0..levels).fold(serde_json::Value::Null, |inner, _| serde_json::json!([inner]));
        for (levels, fits) in [(127, true), (128, false)] {
            let document = Json(nested(levels));
            let text = serde_json::to_string(&document).expect("a text");
            assert_eq!(document.value().fit(Type::Json).is_ok(), fits, "{levels}");
            assert_eq!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), fits, "{levels}");
        }
        let brackets = "[{\"".repeat(100);
        assert!(Json([brackets]).value().fit(Type::Json).is_ok(), "brackets in a text do not nest");
    }

    #[test]
    fn a_number_in_a_document_is_read_as_it_was_written() {
        for number in [985.690_694_632_869_5, f64::MIN_POSITIVE, f64::MAX, 0.1 + 0.2] {
            let text = serde_json::to_string(&Json(number)).expect("a text");
            assert_eq!(serde_json::from_str::<Json<f64>>(&text).ok(), Some(Json(number)), "{text}");
        }
    }

    #[test]
    fn an_escaped_nul_in_a_document_is_found_and_an_escaped_backslash_is_not_one() {
        assert!(holds_escaped_nul(r#"{"a":"x\u0000"}"#));
        assert!(holds_escaped_nul(r#""\\\u0000""#));
        assert!(!holds_escaped_nul(r#""\\u0000""#));
        assert!(!holds_escaped_nul(r#""\n\t\u001f""#));
    }

    #[test]
    fn an_instant_is_cut_to_microseconds_before_and_behind_the_epoch() {
        for text in ["1969-12-31T23:59:59.999999999Z", "2024-02-29T12:00:00.000001999Z"] {
            let value: DateTime<Utc> = text.parse().expect("a time");
            let Ok(Value::Instant(stored)) = Value::Instant(value).fit(Type::Instant) else { panic!("it fits") };
            assert!(stored <= value, "{stored} is not behind {value}");
            assert_eq!((value - stored).num_microseconds(), Some(0));
            assert_eq!(stored.nanosecond() % 1_000, 0);
        }
    }
}
