//! Exact decimal numbers: the `dec!` literal, and a column's scaled integers.
//! Absent: rounding. A value that a column can't hold exactly is refused.

use rust_decimal::Decimal;

use super::column::Type;

/// A decimal number, made at compile time: `dec!(19.99)`.
#[macro_export]
macro_rules! dec {
    ($($number:tt)+) => {
        const { $crate::db::decimal::literal(::core::stringify!($($number)+)) }
    };
}

/// The number that a literal says, at compile time; what is no number, or has more than 28 digits, does not compile.
#[doc(hidden)]
#[must_use]
pub const fn literal(text: &str) -> Decimal {
    let bytes = text.as_bytes();
    let (mut at, mut mantissa, mut scale) = (0, 0_u128, 0);
    let (mut negative, mut point, mut digits) = (false, false, 0);
    while at < bytes.len() {
        match bytes[at] {
            digit @ b'0'..=b'9' => {
                mantissa = mantissa * 10 + (digit - b'0') as u128;
                scale += point as u32;
                digits += 1;
            }
            b'-' if digits == 0 && !point && !negative => negative = true,
            b'.' if !point => point = true,
            b'_' | b' ' => {}
            _ => panic!("`dec!` takes a decimal number: `dec!(19.99)`"),
        }
        assert!(mantissa < 10_u128.pow(28) && scale <= 28, "`dec!` takes at most 28 digits");
        at += 1;
    }
    assert!(digits > 0, "`dec!` takes a decimal number: `dec!(19.99)`");
    Decimal::from_parts(
        mantissa as u32,
        (mantissa >> 32) as u32,
        (mantissa >> 64) as u32,
        negative && mantissa > 0,
        scale,
    )
}

/// The integer that stands for `value` in a column of `ty`, or why there is none.
pub(crate) fn scaled(value: Decimal, ty: Type) -> Result<i64, String> {
    let Type::Decimal { precision, scale } = ty else { return Err("the column holds no decimals".into()) };
    match split(value, scale) {
        Scaled::Exact(integer) if integer.unsigned_abs() < 10_u64.pow(u32::from(precision.min(18))) => Ok(integer),
        Scaled::Above(_) => Err(["the column holds ", &scale.to_string(), " digits behind the point"].concat()),
        Scaled::Exact(_) | Scaled::TooHigh | Scaled::TooLow => Err([
            "the column holds ",
            &precision.to_string(),
            " digits, ",
            &scale.to_string(),
            " of them behind the point",
        ]
        .concat()),
    }
}

/// Where a number stands among the multiples of a scale's unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scaled {
    /// It is one of them.
    Exact(i64),
    /// It is between this one and the next.
    Above(i64),
    /// Higher than any that is an `i64`.
    TooHigh,
    /// Lower than any that is an `i64`.
    TooLow,
}

/// Where `value` stands among the multiples of `10^-scale`.
pub(crate) fn split(value: Decimal, scale: u8) -> Scaled {
    let value = value.normalize();
    let beyond = if value.is_sign_negative() { Scaled::TooLow } else { Scaled::TooHigh };
    // A Decimal has at most 28 digits behind its point and 96 bits, so neither power overflows by itself.
    let (digits, wanted) = (value.scale(), u32::from(scale));
    let (floor, exact) = if digits <= wanted {
        let Some(integer) = value.mantissa().checked_mul(10_i128.pow(wanted - digits)) else { return beyond };
        (integer, true)
    } else {
        (value.mantissa().div_euclid(10_i128.pow(digits - wanted)), false)
    };
    match i64::try_from(floor) {
        Ok(integer) if exact => Scaled::Exact(integer),
        Ok(integer) => Scaled::Above(integer),
        Err(_) => beyond,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONEY: Type = Type::Decimal { precision: 12, scale: 2 };

    #[test]
    fn a_literal_is_the_number_it_says() {
        for (number, text) in [
            (dec!(0), "0"),
            (dec!(19.99), "19.99"),
            (dec!(-0.5), "-0.5"),
            (dec!(1_000.10), "1000.10"),
            (dec!(9999999999999999999999999999), "9999999999999999999999999999"),
        ] {
            assert_eq!(number.to_string(), text);
        }
    }

    #[test]
    fn a_number_with_more_digits_than_its_column_is_refused_and_never_rounded() {
        assert_eq!(scaled(dec!(10.5), MONEY), Ok(1050));
        assert_eq!(scaled(dec!(-0.010), MONEY), Ok(-1));
        assert_eq!(scaled(dec!(9999999999.99), MONEY), Ok(999_999_999_999));
        assert!(scaled(dec!(0.001), MONEY).is_err());
        assert!(scaled(dec!(10000000000), MONEY).is_err());
        assert!(scaled(Decimal::MAX, MONEY).is_err());
    }

    #[test]
    fn a_number_between_two_units_stands_above_the_lower_one() {
        assert_eq!(split(dec!(9.999), 2), Scaled::Above(999));
        assert_eq!(split(dec!(-9.999), 2), Scaled::Above(-1000));
        assert_eq!(split(Decimal::MAX, 2), Scaled::TooHigh);
        assert_eq!(split(Decimal::MIN, 2), Scaled::TooLow);
    }
}
