//! Times as SQLite keeps them: text of a fixed width, which sorts as the times do.
//! In: whole microseconds of the years 1 to 9999. Absent: other forms. What is not exactly this is refused when read.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike, Utc};

/// `YYYY-MM-DDTHH:MM:SS.ffffffZ`
pub(super) fn write_instant(value: DateTime<Utc>) -> String {
    let mut text = String::with_capacity(27);
    push_date(&mut text, value.date_naive());
    text.push('T');
    push_time(&mut text, value.time());
    text.push('Z');
    text
}

/// `YYYY-MM-DD`
pub(super) fn write_date(value: NaiveDate) -> String {
    let mut text = String::with_capacity(10);
    push_date(&mut text, value);
    text
}

/// `HH:MM:SS.ffffff`
pub(super) fn write_time(value: NaiveTime) -> String {
    let mut text = String::with_capacity(15);
    push_time(&mut text, value);
    text
}

fn push_date(text: &mut String, value: NaiveDate) {
    push_digits(text, value.year().unsigned_abs(), 1_000);
    text.push('-');
    push_digits(text, value.month(), 10);
    text.push('-');
    push_digits(text, value.day(), 10);
}

fn push_time(text: &mut String, value: NaiveTime) {
    push_digits(text, value.hour(), 10);
    text.push(':');
    push_digits(text, value.minute(), 10);
    text.push(':');
    push_digits(text, value.second(), 10);
    text.push('.');
    push_digits(text, value.nanosecond() / 1_000, 100_000);
}

/// The digits of `number` from that of `unit` down.
fn push_digits(text: &mut String, number: u32, unit: u32) {
    let mut unit = unit;
    while unit > 0 {
        text.push(char::from(b'0' + (number / unit % 10) as u8));
        unit /= 10;
    }
}

/// The instant that [`write_instant`] wrote so.
pub(super) fn read_instant(text: &[u8]) -> Option<DateTime<Utc>> {
    let (date, [b'T', time @ .., b'Z']) = text.split_at_checked(10)? else { return None };
    Some(NaiveDateTime::new(read_date(date)?, read_time(time)?).and_utc())
}

/// The date that [`write_date`] wrote so.
pub(super) fn read_date(text: &[u8]) -> Option<NaiveDate> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *text else { return None };
    let year = i32::try_from(digits([y1, y2, y3, y4])?).ok()?;
    NaiveDate::from_ymd_opt(year, digits([m1, m2])?, digits([d1, d2])?)
}

/// The time that [`write_time`] wrote so.
pub(super) fn read_time(text: &[u8]) -> Option<NaiveTime> {
    let [h1, h2, b':', m1, m2, b':', s1, s2, b'.', u1, u2, u3, u4, u5, u6] = *text else { return None };
    let (hour, minute, second) = (digits([h1, h2])?, digits([m1, m2])?, digits([s1, s2])?);
    NaiveTime::from_hms_micro_opt(hour, minute, second, digits([u1, u2, u3, u4, u5, u6])?)
}

/// The number of at most six digits.
fn digits<const N: usize>(digits: [u8; N]) -> Option<u32> {
    let (mut number, mut are_digits) = (0, true);
    for digit in digits.map(|byte| byte.wrapping_sub(b'0')) {
        are_digits &= digit < 10;
        number = number * 10 + u32::from(digit);
    }
    are_digits.then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_last_instants_and_ties_of_microseconds_are_read_as_written() {
        for text in [
            "0001-01-01T00:00:00.000000Z",
            "1969-12-31T23:59:59.999999Z",
            "2024-02-29T12:34:56.000001Z",
            "9999-12-31T23:59:59.999999Z",
        ] {
            let value = read_instant(text.as_bytes()).expect("an instant");
            assert_eq!(write_instant(value), text);
            assert_eq!(read_date(write_date(value.date_naive()).as_bytes()), Some(value.date_naive()));
            assert_eq!(read_time(write_time(value.time()).as_bytes()), Some(value.time()));
        }
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "2024-02-30T00:00:00.000000Z",
            "2024-02-0/T00:00:00.000000Z",
            "2024-01-01 00:00:00.000000Z",
            "2024-01-01T00:00:00Z",
            "",
            "Z",
            "TZ",
        ] {
            assert_eq!(read_instant(text.as_bytes()), None, "{text}");
        }
        assert_eq!(read_time(b"24:00:00.000000"), None);
        assert_eq!(read_date(b"+024-01-01"), None);
    }
}
