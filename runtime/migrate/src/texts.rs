//! Values as the texts that PostgreSQL casts to a column's type.

use std::fmt::Write as _;

/// Bytes, two digits each.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// `digits / 10^scale`, exactly: a floating-point number would round it.
pub(crate) fn decimal(digits: i64, scale: u8) -> String {
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
