//! A value of a column, and how each engine is given it. Times are texts in the fixed form that SQLite stores and
//! PostgreSQL reads.

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

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Exact digits: a floating-point number would round them.
fn decimal(digits: i64, scale: u8) -> String {
    let scale = usize::from(scale);
    let sign = if digits < 0 { "-" } else { "" };
    let all = format!("{:0>width$}", digits.unsigned_abs(), width = scale + 1);
    match all.split_at_checked(all.len() - scale) {
        Some((whole, fraction)) if scale > 0 => format!("{sign}{whole}.{fraction}"),
        _ => format!("{sign}{all}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_keep_their_digits() {
        assert_eq!(decimal(-5, 2), "-0.05");
        assert_eq!(decimal(999_999_999_999_999_999, 18), "0.999999999999999999");
        assert_eq!(decimal(-42, 0), "-42");
    }
}
