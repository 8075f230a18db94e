//! One value between two engines, in the form in which SQLite stores it, and a row as bytes for a hash.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::value::RawValue;

use super::layout::{Kind, Layout};

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    Null,
    /// Also a `bool`, and a decimal as a whole number of its last digits.
    Integer(i64),
    Real(f64),
    /// Also times, and JSON as it was written.
    Text(String),
    /// Also a UUID.
    Bytes(Vec<u8>),
}

impl Cell {
    /// About how many bytes it takes.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Null | Self::Integer(_) | Self::Real(_) => 8,
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }
}

/// A row as bytes that are the same whichever engine it comes from.
///
/// # Errors
/// The column whose value is none of its type.
pub(super) fn encoded(table: &Layout, row: &[Cell]) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut part = |tag: u8, part: &[u8]| {
        bytes.push(tag);
        bytes.extend((part.len() as u64).to_le_bytes());
        bytes.extend(part);
    };
    for (column, cell) in table.columns.iter().zip(row) {
        match cell {
            Cell::Null => part(0, &[]),
            Cell::Integer(value) => part(1, &value.to_le_bytes()),
            Cell::Real(value) if column.kind == Kind::Single => {
                // SQLite may hold more digits, which the column does not mean.
                let single = *value as f32;
                if single.is_infinite() && value.is_finite() {
                    return Err(column.name.clone());
                }
                part(2, &(f64::from(single) + 0.0).to_bits().to_le_bytes());
            }
            // There is one zero.
            Cell::Real(value) => part(2, &(value + 0.0).to_bits().to_le_bytes()),
            Cell::Text(text) if column.kind == Kind::Json => {
                part(5, canonical(text).ok_or_else(|| column.name.clone())?.as_bytes());
            }
            Cell::Text(text) => part(3, text.as_bytes()),
            Cell::Bytes(value) => part(4, value),
        }
    }
    Ok(bytes)
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Integer(value) => value.fmt(f),
            Self::Real(value) => value.fmt(f),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Bytes(bytes) => bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
        }
    }
}

/// As deep as the runtime reads documents, and so the deepest that is one: what is nested deeper must not exhaust a stack.
const DEEPEST: usize = 127;

/// A JSON document in the one form that both engines' texts of it share: PostgreSQL orders keys, keeps the last of equal ones, and writes
/// numbers and white space its own way.
fn canonical(document: &str) -> Option<String> {
    let mut text = String::new();
    write(serde_json::from_str(document).ok()?, &mut text, DEEPEST)?;
    Some(text)
}

/// Writes a value that nests at most so many levels.
fn write(value: &RawValue, into: &mut String, levels: usize) -> Option<()> {
    let raw = value.get().trim();
    match raw.as_bytes().first()? {
        b'{' => {
            let inner = levels.checked_sub(1)?;
            let members: BTreeMap<String, &RawValue> = serde_json::from_str(raw).ok()?;
            into.push('{');
            for (name, value) in members {
                into.push_str(&serde_json::to_string(&name).ok()?);
                into.push(':');
                write(value, into, inner)?;
                into.push(',');
            }
            into.push('}');
        }
        b'[' => {
            let inner = levels.checked_sub(1)?;
            let items: Vec<&RawValue> = serde_json::from_str(raw).ok()?;
            into.push('[');
            for item in items {
                write(item, into, inner)?;
                into.push(',');
            }
            into.push(']');
        }
        b'"' => {
            let text: String = serde_json::from_str(raw).ok()?;
            into.push_str(&serde_json::to_string(&text).ok()?);
        }
        b'-' | b'0'..=b'9' => into.push_str(&number(raw)?),
        _ => into.push_str(raw),
    }
    Some(())
}

/// A number as its digits without zeros at either end, and the exponent of the last of them.
fn number(raw: &str) -> Option<String> {
    let (sign, rest) = raw.strip_prefix('-').map_or(("", raw), |rest| ("-", rest));
    let (mantissa, exponent) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent: i64 = exponent.parse().ok()?;
    let digits = format!("{whole}{fraction}");
    let shorter = digits.trim_end_matches('0');
    let significant = shorter.trim_start_matches('0');
    if significant.is_empty() {
        return Some("0".to_owned());
    }
    let dropped = i64::try_from(digits.len() - shorter.len()).ok()?;
    let last = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?.checked_add(dropped)?;
    Some(format!("{sign}{significant}e{last}"))
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn documents_that_are_the_same_have_one_form() {
        let same = [
            (r#"{"b": 1.50, "a": [1e2, -0.0], "b": 1.5e0}"#, r#"{"a":[100,0],"b":1.5}"#),
            (r#""\u00e9\/""#, "\"é/\""),
            ("12300e-2", "123"),
            (r#" [ true , null ] "#, "[true,null]"),
        ];
        for (one, other) in same {
            assert_eq!(canonical(one), canonical(other), "{one}");
            assert!(canonical(one).is_some(), "{one}");
        }
        let other = ["1", "10", "-1", "\"1\"", "[1]", "[[1]]", "{\"1\":1}", "null", "[]", "{}", "[1,1]", "0.1"];
        for (at, one) in other.iter().enumerate() {
            for two in other.iter().skip(at + 1) {
                assert_ne!(canonical(one), canonical(two), "{one} {two}");
            }
        }
        assert_eq!(canonical("{"), None);
        let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert!(canonical(&nested(127)).is_some());
        // No row that Cell reads holds one, and a stack does not hold it either.
        assert_eq!(canonical(&nested(200_000)), None);
    }
}
