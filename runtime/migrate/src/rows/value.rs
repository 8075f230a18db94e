//! A value of a column, and how each engine is given it. Times are texts in the fixed form that SQLite stores and
//! PostgreSQL reads.

use crate::texts::{decimal, hexadecimal};

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Integer(i64),
    /// `digits / 10^scale`.
    Decimal {
        digits: i64,
        scale: u8,
    },
    Single(f32),
    Double(f64),
    /// Text, an enumeration's value, a time in any form, JSON.
    Text(String),
    Bytes(Vec<u8>),
    Uuid([u8; 16]),
}

impl Value {
    /// The text that PostgreSQL casts to the column's type.
    pub(super) fn text(&self) -> Option<String> {
        Some(match self {
            Self::Null => return None,
            Self::Bool(value) => value.to_string(),
            Self::Integer(value) => value.to_string(),
            Self::Decimal { digits, scale } => decimal(*digits, *scale),
            Self::Single(value) => format!("{value:?}"),
            Self::Double(value) => format!("{value:?}"),
            Self::Text(value) => value.clone(),
            Self::Bytes(bytes) => format!("\\x{}", hexadecimal(bytes)),
            Self::Uuid(bytes) => hexadecimal(bytes),
        })
    }
}
