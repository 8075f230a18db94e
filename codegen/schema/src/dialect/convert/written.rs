//! Values as texts, and texts as values. A text is turned into something else only where it is written exactly as that would be
//! turned into a text.

use super::{Convert, Converted, integer};
use crate::constant::power;
use crate::schema::Type;

impl Convert<'_> {
    pub(super) fn to_text(&self, from: &Type) -> Option<Converted> {
        let x = self.x;
        let value = match from {
            Type::I16 | Type::I32 | Type::I64 | Type::U16 | Type::U32 => self.either(format!("CAST({x} AS TEXT)"), format!("{x}::text")),
            Type::Bool => format!("CASE WHEN {x} THEN 'true' WHEN NOT {x} THEN 'false' END"),
            Type::Uuid => self.either(
                // `hex` makes an empty text of nothing.
                format!(
                    "CASE WHEN {x} IS NOT NULL THEN lower(substr(hex({x}), 1, 8) || '-' || substr(hex({x}), 9, 4) || '-' || \
                     substr(hex({x}), 13, 4) || '-' || substr(hex({x}), 17, 4) || '-' || substr(hex({x}), 21)) END"
                ),
                format!("{x}::text"),
            ),
            Type::Instant => self.either(
                x.to_owned(),
                format!("to_char({x} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"),
            ),
            Type::Date => self.either(x.to_owned(), format!("to_char({x}, 'YYYY-MM-DD')")),
            Type::Time => self.either(x.to_owned(), format!("to_char({x}, 'HH24:MI:SS.US')")),
            Type::Decimal { scale, .. } => self.either(digits(x, *scale), format!("{x}::text")),
            _ => return None,
        };
        Some(self.always(value))
    }

    pub(super) fn of_text(&self, to: &Type) -> Option<Converted> {
        let x = self.x;
        let (value, fits) = match to {
            to if to.integers().is_some() => {
                let (low, high) = to.integers()?;
                let number = format!("CAST({x} AS INTEGER)");
                (
                    self.either(number.clone(), format!("{x}::{}", integer(to))),
                    self.either(
                        format!("CAST({number} AS TEXT) = {x} AND {number} BETWEEN {low} AND {high}"),
                        format!(
                            "CASE WHEN {x} ~ '^(0|-?[1-9][0-9]{{0,18}})$' THEN {x}::numeric BETWEEN {low} AND {high} ELSE false END"
                        ),
                    ),
                )
            }
            Type::Bool => (format!("({x} = 'true')"), format!("{x} IN ('true', 'false')")),
            Type::Decimal { precision, scale } => {
                let number = format!("CAST(replace({x}, '.', '') AS INTEGER)");
                let fraction = if *scale == 0 { String::new() } else { format!("[.][0-9]{{{scale}}}") };
                let most = power(*precision) - 1;
                (
                    self.either(number.clone(), format!("{x}::numeric({precision},{scale})")),
                    self.either(
                        format!("{} = {x} AND {number} BETWEEN -{most} AND {most}", digits(&number, *scale)),
                        format!(
                            "CASE WHEN {x} ~ '^-?(0|[1-9][0-9]{{0,17}}){fraction}$' AND {x} !~ '^-[0.]*$' \
                             THEN abs({x}::numeric) < {} ELSE false END",
                            power(precision - scale)
                        ),
                    ),
                )
            }
            Type::Uuid => (
                self.either(format!("unhex(replace({x}, '-', ''))"), format!("{x}::uuid")),
                self.either(
                    format!(
                        "length({x}) = 36 AND {x} = lower({x}) AND unhex(replace({x}, '-', '')) IS NOT NULL \
                         AND {x} GLOB '????????-????-????-????-????????????'"
                    ),
                    format!("{x} ~ '^[0-9a-f]{{8}}-[0-9a-f]{{4}}-[0-9a-f]{{4}}-[0-9a-f]{{4}}-[0-9a-f]{{12}}$'"),
                ),
            ),
            // SQLite takes the 31st of every month as it stands, until it counts from it.
            Type::Instant => (
                self.either(x.to_owned(), format!("{x}::timestamptz")),
                self.either(
                    format!(
                        "{x} GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]Z' \
                         AND {x} >= '0001' AND substr({x}, 12, 2) < '24' \
                         AND strftime('%Y-%m-%dT%H:%M:%S', substr({x}, 1, 19), '+0 days') = substr({x}, 1, 19)"
                    ),
                    calendar(x, "T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9][.][0-9]{6}Z"),
                ),
            ),
            Type::Date => (
                self.either(x.to_owned(), format!("{x}::date")),
                self.either(
                    format!(
                        "{x} GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]' AND {x} >= '0001' \
                         AND strftime('%Y-%m-%d', {x}, '+0 days') = {x}"
                    ),
                    calendar(x, ""),
                ),
            ),
            Type::Time => (
                self.either(x.to_owned(), format!("{x}::time")),
                self.either(
                    format!(
                        "{x} GLOB '[0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]' AND {x} < '24'"
                    ),
                    format!("{x} ~ '^([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9][.][0-9]{{6}}$'"),
                ),
            ),
            _ => return None,
        };
        Some(Converted { fits: Some(fits), ..self.always(value) })
    }
}

/// A scaled integer of SQLite's as text, with its point.
fn digits(x: &str, scale: u8) -> String {
    if scale == 0 {
        return format!("CAST({x} AS TEXT)");
    }
    let unit = power(scale);
    let sign = format!("CASE WHEN {x} < 0 THEN '-' ELSE '' END");
    // `printf` makes zeros of nulls.
    format!(
        "CASE WHEN {x} IS NOT NULL THEN printf('%s%d.%0{scale}d', {sign}, abs({x}) / {unit}, abs({x}) % {unit}) END"
    )
}

/// PostgreSQL: whether a text begins with a day that there is, and ends like `rest`.
fn calendar(x: &str, rest: &str) -> String {
    format!(
        "CASE WHEN {x} ~ '^[0-9]{{4}}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01]){rest}$' AND substr({x}, 1, 4) <> '0000' \
         THEN substr({x}, 9, 2)::integer <= extract(day FROM (substr({x}, 1, 7) || '-01')::date + interval '1 month' - interval '1 day') \
         ELSE false END"
    )
}
