//! Constants with their type: what a literal means for a column.
//! In: a [`Literal`] and a [`Type`]. Out: a [`Constant`], checked and in one canonical form. Absent: how an engine writes it.

use crate::expr::Literal;
use crate::schema::Type;

/// The most digits of a decimal, and of a literal number.
pub(crate) const MAX_DIGITS: u8 = 18;

/// A value that a column may hold.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Constant {
    Bool(bool),
    Integer(i64),
    /// `digits / 10^scale`.
    Decimal {
        digits: i64,
        scale: u8,
    },
    Float(f64),
    Text(String),
    Uuid([u8; 16]),
    /// `YYYY-MM-DDTHH:MM:SS.ffffffZ`
    Instant(String),
    /// `YYYY-MM-DD`
    Date(String),
    /// `HH:MM:SS.ffffff`
    Time(String),
    Json(String),
}

/// Why a literal is no value of a type: what to write instead.
pub(crate) type Wanted = String;

impl Constant {
    /// The literal as a value of a column of this type. [`Literal::Null`] is none.
    pub(crate) fn of(ty: &Type, literal: &Literal) -> Result<Self, Wanted> {
        match (ty, literal) {
            (Type::Bool, Literal::Bool(value)) => Ok(Self::Bool(*value)),
            (Type::I16 | Type::I32 | Type::I64 | Type::U16 | Type::U32, Literal::Integer(value)) => {
                let (least, greatest) = ty.integers().unwrap_or((i64::MIN, i64::MAX));
                if (least..=greatest).contains(value) {
                    Ok(Self::Integer(*value))
                } else {
                    Err(format!("a whole number from {least} to {greatest}"))
                }
            }
            (Type::Decimal { precision, scale }, _) => decimal(literal)
                .and_then(|digits| rescale(digits, *scale))
                .filter(|digits| u128::from(digits.unsigned_abs()) < power(*precision).unsigned_abs())
                .map(|digits| Self::Decimal { digits, scale: *scale })
                .ok_or_else(|| format!("a number of {precision} digits, {scale} of them behind the point")),
            (Type::F32, _) => float(literal, true).ok_or_else(|| "a number that `f32` can hold".to_owned()),
            (Type::F64, _) => float(literal, false).ok_or_else(|| "a number that `f64` can hold".to_owned()),
            (Type::Text { max_len }, Literal::Text(text)) => match max_len {
                Some(most) if text.chars().count() > *most as usize => {
                    Err(format!("a text of at most {most} characters"))
                }
                _ => text_constant(text),
            },
            (Type::Enumeration { values }, Literal::Text(text)) => {
                if values.contains(text) {
                    text_constant(text)
                } else {
                    Err(format!("one of {}", values.iter().map(|v| format!("{v:?}")).collect::<Vec<_>>().join(", ")))
                }
            }
            (Type::Uuid, Literal::Text(text)) => uuid(text)
                .map(Self::Uuid)
                .ok_or_else(|| "a UUID such as \"67e55044-10b1-426f-9247-bb680e5fe0c8\"".into()),
            (Type::Instant, Literal::Text(text)) => {
                instant(text).map(Self::Instant).ok_or_else(|| "an instant such as \"2020-01-31T12:30:00Z\"".into())
            }
            (Type::Date, Literal::Text(text)) if is_date(text) => Ok(Self::Date(text.clone())),
            (Type::Date, _) => Err("a date such as \"2020-01-31\"".into()),
            (Type::Time, Literal::Text(text)) => {
                time(text).map(Self::Time).ok_or_else(|| "a time such as \"12:30:00\"".into())
            }
            (Type::Json, Literal::Text(text)) => match serde_json::from_str::<serde_json::Value>(text) {
                Ok(_) if !text.contains('\r') => Ok(Self::Json(text.clone())),
                _ => Err("a JSON document in a text".into()),
            },
            (Type::Bytes { .. }, _) => Err("no constant: bytes cannot be written as one".into()),
            _ => Err(format!("a constant of type {}", ty.shown())),
        }
    }
}

/// Text that arrives in the engine as it was written. A carriage return would not: git may rewrite it in a committed file.
fn text_constant(text: &str) -> Result<Constant, Wanted> {
    if is_plain(text) {
        Ok(Constant::Text(text.to_owned()))
    } else {
        Err("a text without U+0000 and U+000D".to_owned())
    }
}

/// Whether a text may stand in an SQL file.
pub(crate) fn is_plain(text: &str) -> bool {
    !text.contains(['\0', '\r'])
}

/// `10^digits`.
pub(crate) fn power(digits: u8) -> i128 {
    10_i128.pow(u32::from(digits.min(2 * MAX_DIGITS)))
}

/// A number's digits and scale, without zeros at the end of its fraction.
pub(crate) fn decimal(literal: &Literal) -> Option<(i64, u8)> {
    let number = match literal {
        Literal::Integer(value) => return Some((*value, 0)),
        Literal::Number(number) => number,
        _ => return None,
    };
    let (negative, digits) = match number.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, number.as_str()),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let fraction = fraction.trim_end_matches('0');
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) || fraction.len() > usize::from(MAX_DIGITS) {
        return None;
    }
    let digits: i64 = format!("{whole}{fraction}").parse().ok()?;
    Some((if negative { -digits } else { digits }, u8::try_from(fraction.len()).ok()?))
}

/// The digits at another scale; `None` where a digit would be lost or does not fit.
pub(crate) fn rescale((digits, scale): (i64, u8), to: u8) -> Option<i64> {
    let by = to.checked_sub(scale)?;
    i64::try_from(i128::from(digits).checked_mul(power(by))?).ok()
}

/// A floating-point constant; one of `f32` is rounded as Rust rounds it, so that it equals what a column holds.
#[expect(clippy::cast_possible_truncation, reason = "rounding to `f32` is what is wanted")]
pub(crate) fn float(literal: &Literal, single: bool) -> Option<Constant> {
    let value: f64 = match literal {
        Literal::Integer(value) => value.to_string().parse().ok()?,
        Literal::Number(number) if decimal(literal).is_some() || is_number(number) => number.parse().ok()?,
        _ => return None,
    };
    let value = if single { f64::from(value as f32) } else { value };
    // Adding zero turns -0.0 into 0.0, which engines disagree about.
    value.is_finite().then_some(Constant::Float(value + 0.0))
}

/// Whether it is digits, a point and perhaps an exponent: not `inf` or `nan`, which Rust also reads.
fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E'))
}

fn uuid(text: &str) -> Option<[u8; 16]> {
    let groups: Vec<usize> = text.split('-').map(str::len).collect();
    let hex: String = text.chars().filter(|c| *c != '-').collect();
    if groups != [8, 4, 4, 4, 12] || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    Some(u128::from_str_radix(&hex, 16).ok()?.to_be_bytes())
}

fn instant(text: &str) -> Option<String> {
    let (date, rest) = text.strip_suffix('Z')?.split_once('T')?;
    is_date(date).then_some(())?;
    Some(format!("{date}T{}Z", time(rest)?))
}

/// A number of exactly so many digits.
fn fixed(text: &str, digits: usize) -> Option<u32> {
    (text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return false };
    let (Some(year), Some(month), Some(day)) = (fixed(year, 4), fixed(month, 2), fixed(day, 2)) else { return false };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => return false,
    };
    year >= 1 && (1..=days).contains(&day)
}

fn time(text: &str) -> Option<String> {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let parts: Vec<&str> = clock.split(':').collect();
    let [hour, minute, second] = parts.as_slice() else { return None };
    let fits = fixed(hour, 2)? < 24 && fixed(minute, 2)? < 60 && fixed(second, 2)? < 60;
    fits.then_some(())?;
    fixed(fraction, fraction.len().clamp(1, 6))?;
    Some(format!("{clock}.{fraction:0<6}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Literal {
        Literal::Text(text.to_owned())
    }

    #[test]
    fn a_decimal_is_scaled_exactly_and_never_rounded() {
        let price = Type::Decimal { precision: 5, scale: 2 };
        let of = |number: &str| Constant::of(&price, &Literal::Number(number.to_owned())).ok();
        assert_eq!(of("12.5"), Some(Constant::Decimal { digits: 1250, scale: 2 }));
        assert_eq!(of("-0.010"), Some(Constant::Decimal { digits: -1, scale: 2 }));
        assert_eq!(of("999.99"), Some(Constant::Decimal { digits: 99999, scale: 2 }));
        for refused in ["1000", "0.005", "1e2", "", "-", ".5", "1.2.3", "nan", "99999999999999999999"] {
            assert_eq!(of(refused), None, "{refused}");
        }
    }

    #[test]
    fn times_are_brought_to_one_form_and_impossible_ones_are_refused() {
        let of = |ty: &Type, literal: &str| Constant::of(ty, &text(literal)).ok();
        assert_eq!(
            of(&Type::Instant, "2024-02-29T23:59:59.5Z"),
            Some(Constant::Instant("2024-02-29T23:59:59.500000Z".to_owned()))
        );
        assert_eq!(of(&Type::Time, "01:02:03"), Some(Constant::Time("01:02:03.000000".to_owned())));
        for refused in
            ["2023-02-29T00:00:00Z", "2024-01-01T24:00:00Z", "2024-01-01T00:00:00", "0000-01-01T00:00:00Z", "T", "é"]
        {
            assert_eq!(of(&Type::Instant, refused), None, "{refused}");
        }
        for refused in ["24:00:00", "1:2:3", "00:00:00.", "00:00:00.1234567", "00:00", "00:00:60"] {
            assert_eq!(of(&Type::Time, refused), None, "{refused}");
        }
    }

    #[test]
    fn a_constant_of_another_type_is_refused() {
        assert!(Constant::of(&Type::I16, &Literal::Integer(40_000)).is_err());
        assert!(Constant::of(&Type::U16, &Literal::Integer(-1)).is_err());
        assert!(Constant::of(&Type::Bool, &Literal::Integer(1)).is_err());
        assert!(Constant::of(&Type::Text { max_len: Some(2) }, &text("äöü")).is_err());
        assert!(Constant::of(&Type::Text { max_len: None }, &text("a\r\nb")).is_err());
        assert!(Constant::of(&Type::Json, &text("{")).is_err());
        assert!(Constant::of(&Type::F64, &Literal::Number("1e999".to_owned())).is_err());
        assert!(Constant::of(&Type::I64, &Literal::Null).is_err());
    }
}
