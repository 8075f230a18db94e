//! What a stored value becomes when its column changes its type. In: an engine, a value's SQL, both types. Out: the SQL of the new
//! value, the condition under which there is one, and the condition under which nothing of it is lost.
//! Both engines convert the same pairs, with the same results. A text is turned into something else only where it is written
//! exactly as that would be turned into a text, so that nothing depends on how an engine reads.
//! Absent: pairs that no engine converts exactly alike; they are refused.

mod written;

use std::collections::BTreeMap;

use super::{list, text};
use crate::constant::power;
use crate::engine::Engine;
use crate::schema::Type;

/// A converted value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Converted {
    /// The new value.
    pub(crate) value: String,
    /// Holds for values that can be converted; `None` where all can.
    pub(crate) fits: Option<String>,
    /// Holds for values of which nothing is lost; `None` where nothing ever is.
    pub(crate) keeps: Option<String>,
    /// Whether what is lost is the end of a text.
    pub(crate) cuts: bool,
    /// Whether a time zone is assumed.
    pub(crate) assumes_zone: bool,
}

/// The greatest whole number below which every one is an `f64`, and an `f32`.
const DOUBLE: i64 = 1 << 53;
const SINGLE: i64 = 1 << 24;

/// Converts the value `x`. `values` says what becomes of an enumeration's values that go.
pub(crate) fn convert(
    engine: Engine,
    x: &str,
    from: &Type,
    to: &Type,
    values: &BTreeMap<String, String>,
) -> Option<Converted> {
    let convert = Convert { engine, x };
    let core = match (from, to) {
        (Type::Enumeration { values: before }, Type::Enumeration { .. } | Type::Text { .. }) => {
            convert.mapped(before, values)
        }
        (from, to) => convert.core(from, to)?,
    };
    Some(limited(engine, core, from, to, values))
}

/// A value within the limits of its new type: a length, an enumeration's values.
fn limited(engine: Engine, core: Converted, from: &Type, to: &Type, mapped: &BTreeMap<String, String>) -> Converted {
    let before = match from {
        Type::Text { max_len } | Type::Bytes { max_len } => *max_len,
        _ => None,
    };
    match to {
        Type::Text { max_len: Some(most) } | Type::Bytes { max_len: Some(most) }
            if before.is_none_or(|before| before > *most) =>
        {
            let length = match (engine, to) {
                (Engine::Postgres, Type::Bytes { .. }) => "octet_length",
                (Engine::Postgres, _) => "char_length",
                (Engine::Sqlite, _) => "length",
            };
            let keeps = format!("{length}({}) <= {most}", core.value);
            let cut = format!("substr({}, 1, {most})", core.value);
            let value = match (engine, to) {
                // SQLite makes null of the start of no bytes.
                (Engine::Sqlite, Type::Bytes { .. }) => format!("CASE WHEN {keeps} THEN {} ELSE {cut} END", core.value),
                _ => cut,
            };
            Converted { value, keeps: Some(keeps), cuts: true, ..core }
        }
        Type::Enumeration { values } => {
            let before: &[String] = if let Type::Enumeration { values } = from { values } else { &[] };
            let known = |value: &String| values.contains(mapped.get(value).unwrap_or(value));
            let all = !before.is_empty() && before.iter().all(known);
            let fits = (!all).then(|| format!("{} IN ({})", core.value, list(values)));
            Converted { fits, ..core }
        }
        _ => core,
    }
}

struct Convert<'a> {
    engine: Engine,
    x: &'a str,
}

impl Convert<'_> {
    /// `true` for PostgreSQL.
    fn is_postgres(&self) -> bool {
        self.engine == Engine::Postgres
    }

    /// The text for one engine or the other.
    fn either(&self, sqlite: String, postgres: String) -> String {
        if self.is_postgres() { postgres } else { sqlite }
    }

    fn always(&self, value: String) -> Converted {
        Converted { value, fits: None, keeps: None, cuts: false, assumes_zone: false }
    }

    fn mapped(&self, before: &[String], values: &BTreeMap<String, String>) -> Converted {
        let x = self.x;
        let moves: Vec<String> = values
            .iter()
            .filter(|(from, _)| before.contains(from))
            .map(|(from, to)| format!("WHEN {} THEN {}", text(from), text(to)))
            .collect();
        if moves.is_empty() {
            return self.always(x.to_owned());
        }
        self.always(format!("CASE {x} {} ELSE {x} END", moves.join(" ")))
    }

    fn core(&self, from: &Type, to: &Type) -> Option<Converted> {
        let x = self.x;
        let same = |value: &str| Some(self.always(value.to_owned()));
        if let (Some((least, most)), Some((low, high))) = (from.integers(), to.integers()) {
            let is_stored_alike = integer(from) == integer(to);
            let cast = if is_stored_alike { x.to_owned() } else { format!("{x}::{}", integer(to)) };
            let value = self.either(x.to_owned(), cast);
            let fits = (least < low || most > high).then(|| format!("{x} BETWEEN {low} AND {high}"));
            return Some(Converted { fits, ..self.always(value) });
        }
        match (from, to) {
            (from, to) if from == to => same(x),
            (Type::Text { .. }, Type::Text { .. }) | (Type::Bytes { .. }, Type::Bytes { .. }) => same(x),
            (Type::Text { .. }, Type::Enumeration { .. }) => same(x),
            (from, Type::Text { .. }) => self.to_text(from),
            (Type::Text { .. }, to) => self.of_text(to),
            (from, Type::Bool) if from.integers().is_some() => {
                let value = self.either(x.to_owned(), format!("({x} <> 0)"));
                Some(Converted { fits: Some(format!("{x} IN (0, 1)")), ..self.always(value) })
            }
            (Type::Bool, to) if to.integers().is_some() => {
                let value = self.either(x.to_owned(), format!("{x}::integer::{}", integer(to)));
                same(&value)
            }
            (Type::F32, Type::F64) => same(&self.either(x.to_owned(), format!("{x}::double precision"))),
            (Type::F64, Type::F32) => {
                let keeps = self.either(
                    format!("{x} = CAST({x} AS INTEGER) AND abs({x}) <= {SINGLE}"),
                    format!("{x}::real::double precision = {x}"),
                );
                let value = self.either(x.to_owned(), format!("{x}::real"));
                // PostgreSQL refuses to make zero of a number below the least of `f32`.
                let fits = format!("({x} = 0 OR abs({x}) BETWEEN 1.1754943508222875e-38 AND 3.4028234663852886e38)");
                let keeps = Some(format!("CASE WHEN {fits} THEN {keeps} END"));
                Some(Converted { fits: Some(fits), keeps, ..self.always(value) })
            }
            (from, Type::F64 | Type::F32) if from.integers().is_some() => self.integer_to_float(from, to),
            (from, Type::Decimal { precision, scale }) if from.integers().is_some() => {
                let value =
                    self.either(format!("{x} * {}", power(*scale)), format!("{x}::numeric({precision},{scale})"));
                let (least, most) = from.integers()?;
                let room = power(precision - scale) - 1;
                let fits = (i128::from(least) < -room || i128::from(most) > room)
                    .then(|| format!("{x} BETWEEN -{room} AND {room}"));
                Some(Converted { fits, ..self.always(value) })
            }
            (Type::Decimal { precision, scale }, Type::Decimal { precision: digits, scale: behind }) => {
                Some(self.rescaled((*precision, *scale), (*digits, *behind)))
            }
            (Type::Decimal { precision, scale }, to) if to.integers().is_some() => {
                let (low, high) = to.integers()?;
                let rescaled = self.rescaled((*precision, *scale), (18, 0));
                let within = format!("{} BETWEEN {low} AND {high}", rescaled.value);
                let room = power(precision - scale) - 1;
                let fits = (i128::from(low) > -room - 1 || i128::from(high) < room + 1).then_some(within);
                let value = self.either(rescaled.value.clone(), format!("{}::{}", rescaled.value, integer(to)));
                Some(Converted { value, fits, ..rescaled })
            }
            (Type::Decimal { precision, scale }, Type::F64) => {
                let value =
                    self.either(format!("CAST({x} AS REAL) / {}.0", power(*scale)), format!("{x}::double precision"));
                let keeps = (*precision > 15).then(|| {
                    let most = power(15) - 1;
                    self.either(
                        format!("{x} BETWEEN -{most} AND {most}"),
                        format!("abs({x}) * {} <= {most}", power(*scale)),
                    )
                });
                Some(Converted { keeps, ..self.always(value) })
            }
            (Type::F32 | Type::F64, to) if to.integers().is_some() => {
                let (low, high) = to.integers()?;
                // 2^63 itself is no `i64`, and the greatest one is no `f64`.
                let high_text =
                    if high == i64::MAX { "< 9223372036854775808.0".to_owned() } else { format!("<= {high}") };
                let rounded = self.rounded(x);
                let value = self.either(format!("CAST({rounded} AS INTEGER)"), format!("{rounded}::{}", integer(to)));
                let fits = format!("{rounded} >= {low} AND {rounded} {high_text}");
                Some(Converted { fits: Some(fits), keeps: Some(format!("{x} = {rounded}")), ..self.always(value) })
            }
            (Type::F32 | Type::F64, Type::Decimal { precision, scale }) => {
                let unit = power(*scale);
                let number = self.either(format!("{x} * {unit}.0"), format!("({x}::double precision * {unit}.0)"));
                let rounded = self.rounded(&number);
                // From `double precision` to `numeric` PostgreSQL keeps 15 digits; over `bigint` it keeps them all.
                let value = self.either(
                    format!("CAST({rounded} AS INTEGER)"),
                    format!("({rounded}::bigint * {})::numeric({precision},{scale})", unit_of(*scale)),
                );
                let fits = format!("abs({rounded}) < {}.0", power(*precision));
                let keeps = self.either(
                    format!("{rounded} / {unit}.0 = {x}"),
                    format!("{rounded} / {unit}.0 = {x}::double precision"),
                );
                Some(Converted { fits: Some(fits), keeps: Some(keeps), ..self.always(value) })
            }
            (Type::Uuid, Type::Bytes { .. }) => same(&self.either(x.to_owned(), format!("uuid_send({x})"))),
            (Type::Bytes { .. }, Type::Uuid) => {
                let value = self.either(x.to_owned(), format!("encode({x}, 'hex')::uuid"));
                let length = self.either(format!("length({x})"), format!("octet_length({x})"));
                Some(Converted { fits: Some(format!("{length} = 16")), ..self.always(value) })
            }
            (Type::Instant, Type::Date) => {
                let value = self.either(format!("substr({x}, 1, 10)"), format!("({x} AT TIME ZONE 'UTC')::date"));
                let keeps = self.either(
                    format!("substr({x}, 11) = 'T00:00:00.000000Z'"),
                    format!("({x} AT TIME ZONE 'UTC')::time = '00:00:00'"),
                );
                Some(Converted { keeps: Some(keeps), ..self.always(value) })
            }
            (Type::Date, Type::Instant) => {
                let value =
                    self.either(format!("{x} || 'T00:00:00.000000Z'"), format!("{x}::timestamp AT TIME ZONE 'UTC'"));
                Some(Converted { assumes_zone: true, ..self.always(value) })
            }
            (Type::Json, _) | (_, Type::Json) => None,
            _ => None,
        }
    }

    /// A floating-point number as a whole one, half away from zero. PostgreSQL's own `round` goes to the even neighbour, and its
    /// way through `numeric` loses digits.
    fn rounded(&self, number: &str) -> String {
        self.either(
            format!("round({number})"),
            format!(
                "(trunc({number}) + CASE WHEN abs({number} - trunc({number})) >= 0.5 THEN sign({number}) ELSE 0 END)"
            ),
        )
    }

    fn integer_to_float(&self, from: &Type, to: &Type) -> Option<Converted> {
        let x = self.x;
        let (least, most) = from.integers()?;
        let (exact, name) = if *to == Type::F64 { (DOUBLE, "double precision") } else { (SINGLE, "real") };
        let value = self.either(format!("CAST({x} AS REAL)"), format!("{x}::{name}"));
        let fits = (least < -exact || most > exact).then(|| format!("{x} BETWEEN -{exact} AND {exact}"));
        Some(Converted { fits, ..self.always(value) })
    }

    /// A decimal with other digits. What is cut is rounded half away from zero, as PostgreSQL rounds.
    fn rescaled(&self, (precision, scale): (u8, u8), (digits, behind): (u8, u8)) -> Converted {
        let x = self.x;
        let room = power(digits - behind) - 1;
        let narrower = i16::from(digits) - i16::from(behind) < i16::from(precision) - i16::from(scale);
        if behind >= scale {
            let grown = power(behind - scale);
            let value = match (self.engine, behind == scale) {
                (Engine::Sqlite, true) => x.to_owned(),
                (Engine::Sqlite, false) => format!("{x} * {grown}"),
                (Engine::Postgres, _) => format!("{x}::numeric({digits},{behind})"),
            };
            let most = (room + 1) * power(scale) - 1;
            let fits = narrower.then(|| {
                self.either(format!("{x} BETWEEN -{most} AND {most}"), format!("abs({x}) < {}", power(digits - behind)))
            });
            return Converted { fits, ..self.always(value) };
        }
        let cut = power(scale - behind);
        let half = cut / 2;
        let rounded = self.either(
            format!("({x} + CASE WHEN {x} < 0 THEN -{half} ELSE {half} END) / {cut}"),
            format!("round({x}, {behind})"),
        );
        let keeps = self.either(format!("{x} % {cut} = 0"), format!("round({x}, {behind}) = {x}"));
        // Rounding may carry into one more digit.
        let fits = (digits - behind <= precision - scale).then(|| {
            let most = power(digits) - 1;
            self.either(
                format!("{rounded} BETWEEN -{most} AND {most}"),
                format!("abs({rounded}) < {}", power(digits - behind)),
            )
        });
        Converted { fits, keeps: Some(keeps), ..self.always(rounded) }
    }
}

/// What a decimal counts in: `0.01`.
fn unit_of(scale: u8) -> String {
    if scale == 0 { "1".to_owned() } else { format!("0.{}1", "0".repeat(usize::from(scale) - 1)) }
}

/// PostgreSQL's name of a whole-number type.
fn integer(ty: &Type) -> &'static str {
    match ty {
        Type::I16 => "smallint",
        Type::I32 | Type::U16 => "integer",
        _ => "bigint",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::convert;
    use crate::engine::Engine;
    use crate::schema::Type;

    fn types() -> Vec<Type> {
        let decimal = |precision, scale| Type::Decimal { precision, scale };
        vec![
            Type::I16,
            Type::I32,
            Type::I64,
            Type::U16,
            Type::U32,
            Type::Bool,
            Type::F32,
            Type::F64,
            Type::Text { max_len: None },
            Type::Text { max_len: Some(3) },
            Type::Bytes { max_len: None },
            Type::Bytes { max_len: Some(3) },
            Type::Uuid,
            Type::Instant,
            Type::Date,
            Type::Time,
            decimal(12, 2),
            decimal(18, 0),
            decimal(5, 4),
            Type::Json,
            Type::Enumeration { values: vec!["a".into(), "b".into()] },
            Type::Enumeration { values: vec!["b".into(), "c".into()] },
        ]
    }

    #[test]
    fn both_engines_convert_the_same_pairs_with_the_same_dangers() {
        let nothing = BTreeMap::new();
        for from in types() {
            for to in types() {
                let [sqlite, postgres] = Engine::ALL.map(|engine| convert(engine, "x", &from, &to, &nothing));
                let dangers = |converted: &Option<super::Converted>| {
                    let converted = converted.as_ref()?;
                    Some((converted.fits.is_some(), converted.keeps.is_some(), converted.cuts, converted.assumes_zone))
                };
                assert_eq!(dangers(&sqlite), dangers(&postgres), "{from:?} to {to:?}");
                if from == to && from != Type::Json {
                    assert_eq!(dangers(&sqlite), Some((false, false, false, false)), "{from:?}");
                }
            }
        }
    }
}
