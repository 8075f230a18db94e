//! Draws values. In: a column, a number that no other row of the table has, and what checks tell. Out: a value.
//! Absent: chance. Everything follows from names and numbers.

use std::collections::BTreeMap;

use cell_schema::schema::{Column, Type};

use super::hints::{Constants, Hints};
use super::value::Value;

/// What a row is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flavour {
    /// A value in every column, small and readable.
    Plain,
    /// Nothing where nothing has to be: nulls and defaults.
    Sparse,
    /// The least values.
    Low,
    /// The greatest values, and texts that trip programs up.
    High,
}

impl Flavour {
    /// The flavour of a round; one that is refused becomes plain.
    pub(super) fn of(round: u64) -> Self {
        match round {
            1 => Self::Sparse,
            2 => Self::Low,
            3 => Self::High,
            _ => Self::Plain,
        }
    }
}

/// What decides a row's values.
#[derive(Clone, Debug)]
pub(super) struct Draw {
    /// Like no other row's.
    pub(super) number: u64,
    /// The number that was tried first: choices among candidates depend on it, so that another number leaves them alone.
    pub(super) seed: u64,
    pub(super) flavour: Flavour,
    /// Columns that a check refused, each with the attempt after which it is drawn again.
    pub(super) again: BTreeMap<String, u64>,
}

impl Draw {
    /// The column's value; `None` leaves it to its default.
    pub(super) fn value(&self, table: &str, column: &Column, hints: &Hints) -> Option<Value> {
        if let Some(attempt) = self.again.get(&column.name) {
            let mut random = Random::new(table, &column.name, self.seed, *attempt);
            let candidates = candidates(column, self.number, hints.constants(&column.name));
            return Some(random.choose(&candidates).unwrap_or(Value::Null));
        }
        if self.flavour == Flavour::Sparse {
            if column.default.is_some() {
                return None;
            }
            if column.nullable {
                return Some(Value::Null);
            }
        }
        Some(match self.flavour {
            Flavour::Low => low(&column.ty, self.number),
            Flavour::High => high(&column.ty, self.number),
            Flavour::Plain | Flavour::Sparse => plain(&column.ty, self.number),
        })
    }
}

/// A value in the middle of the type, another for each number as far as the type has so many.
fn plain(ty: &Type, number: u64) -> Value {
    let small = i64::try_from(number % 1_000_000_007).unwrap_or_default();
    match ty {
        Type::I16 | Type::U16 => Value::Integer(small % 32_768),
        Type::I32 | Type::I64 | Type::U32 => Value::Integer(small),
        Type::Bool => Value::Bool(number % 2 == 1),
        Type::F32 => Value::Single(f32::from(u16::try_from(number % 65_521).unwrap_or_default()) + 0.5),
        Type::F64 => Value::Double(f64::from(u32::try_from(number % 4_000_000_007).unwrap_or_default()) + 0.25),
        Type::Text { max_len } => Value::Text(shape("", number, max_len.map_or(12, |most| most.min(12)) as usize)),
        Type::Bytes { max_len } => {
            let bytes = number.to_be_bytes();
            let length = max_len.map_or(bytes.len(), |most| bytes.len().min(most as usize));
            Value::Bytes(bytes[bytes.len() - length..].to_vec())
        }
        Type::Uuid => Value::Uuid((u128::from(mix(number)) << 64 | u128::from(number)).to_be_bytes()),
        Type::Instant => Value::Text(format!("{}T{}Z", date(number), time(number))),
        Type::Date => Value::Text(date(number)),
        Type::Time => Value::Text(time(number)),
        Type::Decimal { precision, scale } => Value::Decimal { digits: small % most(*precision), scale: *scale },
        Type::Json => Value::Text(format!("{{\"row\": {number}, \"parts\": [null, true, 1.5]}}")),
        Type::Enumeration { values } => {
            let count = values.len().max(1) as u64;
            let at = usize::try_from(number % count).unwrap_or_default();
            values.get(at).map_or(Value::Null, |value| Value::Text(value.clone()))
        }
    }
}

fn low(ty: &Type, number: u64) -> Value {
    match ty {
        Type::I16 | Type::I32 | Type::I64 | Type::U16 | Type::U32 => {
            ty.integers().map_or(Value::Null, |(least, _)| Value::Integer(least))
        }
        Type::F32 => Value::Single(f32::MIN),
        Type::F64 => Value::Double(f64::MIN),
        Type::Text { .. } => Value::Text(String::new()),
        Type::Bytes { .. } => Value::Bytes(Vec::new()),
        Type::Uuid => Value::Uuid([0; 16]),
        Type::Instant => Value::Text("0001-01-01T00:00:00.000000Z".to_owned()),
        Type::Date => Value::Text("0001-01-01".to_owned()),
        Type::Time => Value::Text("00:00:00.000000".to_owned()),
        Type::Decimal { precision, scale } => Value::Decimal { digits: -most(*precision), scale: *scale },
        Type::Json => Value::Text("null".to_owned()),
        Type::Bool | Type::Enumeration { .. } => plain(ty, number),
    }
}

fn high(ty: &Type, number: u64) -> Value {
    match ty {
        Type::I16 | Type::I32 | Type::I64 | Type::U16 | Type::U32 => {
            ty.integers().map_or(Value::Null, |(_, greatest)| Value::Integer(greatest))
        }
        Type::F32 => Value::Single(f32::MAX),
        Type::F64 => Value::Double(f64::MAX),
        Type::Text { max_len } => {
            let text = "'; DROP TABLE \"x\" -- \\ %_ \u{1}\n\t ÄßİΣ 漢字 \u{1F9EC}\u{10FFFF}";
            let most = max_len.map_or(usize::MAX, |most| most as usize);
            Value::Text(text.chars().take(most).collect())
        }
        Type::Bytes { max_len } => {
            let all: Vec<u8> = (0..=u8::MAX).rev().collect();
            let most = max_len.map_or(usize::MAX, |most| most as usize);
            Value::Bytes(all.into_iter().take(most).collect())
        }
        Type::Uuid => Value::Uuid([0xff; 16]),
        Type::Instant => Value::Text("9999-12-31T23:59:59.999999Z".to_owned()),
        Type::Date => Value::Text("9999-12-31".to_owned()),
        Type::Time => Value::Text("23:59:59.999999".to_owned()),
        Type::Decimal { precision, scale } => Value::Decimal { digits: most(*precision), scale: *scale },
        Type::Json => Value::Text("{\"'; --\": [\"Äß \\\" \\\\ 漢字\", {\"\": {}}]}".to_owned()),
        Type::Bool | Type::Enumeration { .. } => plain(ty, number.wrapping_add(1)),
    }
}

/// What a column that a check refused might hold: values at the check's constants and beside them.
fn candidates(column: &Column, number: u64, constants: Option<&Constants>) -> Vec<Value> {
    let ty = &column.ty;
    let mut candidates = vec![plain(ty, number), low(ty, number), high(ty, number)];
    if column.nullable {
        candidates.push(Value::Null);
    }
    let nothing = Constants::default();
    let Constants { numbers, texts } = constants.unwrap_or(&nothing);
    // Zero and one are in many conditions that do not name them.
    let near = numbers.iter().copied().chain([(0, 0), (1, 0)]);
    match ty {
        Type::I16 | Type::I32 | Type::I64 | Type::U16 | Type::U32 => {
            let (least, greatest) = ty.integers().unwrap_or_default();
            for whole in near.filter_map(|number| scaled(number, 0)) {
                let fits = around(whole, 1).filter(|value| (least..=greatest).contains(value));
                candidates.extend(fits.map(Value::Integer));
            }
        }
        Type::Decimal { precision, scale } => {
            for digits in near.filter_map(|number| scaled(number, *scale)) {
                let one = scaled((1, 0), *scale).unwrap_or(1);
                let fits =
                    around(digits, one).filter(|value| value.checked_abs().is_some_and(|it| it <= most(*precision)));
                candidates.extend(fits.map(|digits| Value::Decimal { digits, scale: *scale }));
            }
        }
        Type::F32 | Type::F64 => {
            for value in near.filter_map(|(digits, scale)| format!("{digits}e-{scale}").parse::<f64>().ok()) {
                let single = |value: f64| Value::Single(format!("{value:e}").parse().unwrap_or_default());
                let around = [value, value - 1.0, value + 1.0, value + 10.0, value * 2.0, -value];
                candidates
                    .extend(around.map(|value| if *ty == Type::F32 { single(value) } else { Value::Double(value) }));
            }
        }
        Type::Text { max_len } => {
            let most = max_len.unwrap_or(256) as usize;
            let lengths: Vec<usize> = numbers
                .iter()
                .filter_map(|(length, _)| usize::try_from(*length).ok())
                .flat_map(|length| [length, length.saturating_sub(1), length + 1])
                .filter(|length| *length <= most)
                .collect();
            // Texts that something else can be made of.
            let tail = number % 1_000;
            let spelt = [
                number.to_string(),
                tail.to_string(),
                "true".to_owned(),
                date(number),
                time(number),
                format!("{}T{}Z", date(number), time(number)),
                format!("{:08x}-0000-4000-8000-{:012x}", number % 0xffff_ffff, number % 0xffff_ffff),
            ];
            let decimals = (1..=6).map(|scale| format!("{tail}.{:0<scale$}", 5));
            candidates.extend(spelt.into_iter().chain(decimals).map(Value::Text));
            for start in texts.iter().map(String::as_str).chain([""]) {
                candidates.push(Value::Text(start.to_owned()));
                candidates.push(Value::Text(shape(start, number, most.min(start.chars().count() + 8))));
                candidates.extend(lengths.iter().map(|length| Value::Text(shape(start, number, *length))));
            }
            candidates.retain(|value| !matches!(value, Value::Text(text) if text.chars().count() > most));
        }
        Type::Bytes { max_len } => {
            let most = max_len.unwrap_or(256) as usize;
            let lengths = numbers.iter().filter_map(|(length, _)| usize::try_from(*length).ok());
            let lengths = lengths.flat_map(|length| [length, length.saturating_sub(1), length + 1]);
            candidates.extend(lengths.filter(|length| *length <= most).map(|length| Value::Bytes(vec![7; length])));
        }
        Type::Bool => candidates.extend([Value::Bool(false), Value::Bool(true)]),
        Type::Enumeration { values } => candidates.extend(values.iter().cloned().map(Value::Text)),
        Type::Instant | Type::Date | Type::Time => {
            candidates.extend(texts.iter().filter_map(|text| moment(ty, text)).map(Value::Text));
        }
        Type::Json => candidates.extend(texts.iter().filter(|text| is_json(text)).cloned().map(Value::Text)),
        Type::Uuid => candidates.extend(texts.iter().filter_map(|text| uuid(text)).map(Value::Uuid)),
    }
    let mut each = Vec::new();
    for candidate in candidates {
        if !each.contains(&candidate) {
            each.push(candidate);
        }
    }
    each
}

/// The number and its neighbours; some far enough above for another column to fit between.
fn around(number: i64, one: i64) -> impl Iterator<Item = i64> {
    let more = [number.checked_add(one), one.checked_mul(10).and_then(|ten| number.checked_add(ten))];
    let next =
        [Some(number), number.checked_sub(1), number.checked_add(1), number.checked_mul(2), number.checked_neg()];
    next.into_iter().chain(more).flatten()
}

/// A text of this length that begins with `start` and holds the number, as far as there is room.
fn shape(start: &str, mut number: u64, length: usize) -> String {
    let mut tail = Vec::new();
    let room = length.saturating_sub(start.chars().count());
    for _ in 0..room {
        // Lower-case letters and digits mean nothing to any function of the language.
        let digit = u32::try_from(number % 36).unwrap_or_default();
        tail.push(char::from_digit(digit, 36).unwrap_or('0'));
        number /= 36;
    }
    start.chars().take(length).chain(tail.into_iter().rev()).collect()
}

/// The text of a check as the column holds it: whole, and in the fixed form.
fn moment(ty: &Type, text: &str) -> Option<String> {
    let plain = text.trim_end_matches('Z').replace(' ', "T");
    let fixed = |time: &str| {
        let (seconds, fraction) = time.split_once('.').unwrap_or((time, ""));
        let seconds = if seconds.len() == 5 { format!("{seconds}:00") } else { seconds.to_owned() };
        format!("{seconds}.{fraction:0<6}")
    };
    match ty {
        Type::Date => Some(plain),
        Type::Time => Some(fixed(&plain)),
        _ => {
            let (date, time) = plain.split_once('T').unwrap_or((&plain, "00:00:00"));
            Some(format!("{date}T{}Z", fixed(time)))
        }
    }
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(text).is_ok()
}

fn uuid(text: &str) -> Option<[u8; 16]> {
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    (digits.len() == 32).then(|| u128::from_str_radix(&digits, 16).ok().map(u128::to_be_bytes)).flatten()
}

fn date(number: u64) -> String {
    format!("{:04}-{:02}-{:02}", 2000 + number / 336 % 7000, 1 + number / 28 % 12, 1 + number % 28)
}

fn time(number: u64) -> String {
    format!("{:02}:{:02}:{:02}.{:06}", number / 3600 % 24, number / 60 % 60, number % 60, number % 1_000_000)
}

/// The greatest number of so many digits.
fn most(precision: u8) -> i64 {
    10_i64.checked_pow(u32::from(precision)).map_or(i64::MAX, |power| power - 1).max(1)
}

/// The number in units of another scale; nothing where digits would be lost.
fn scaled((digits, scale): (i64, u8), to: u8) -> Option<i64> {
    if scale <= to {
        return digits.checked_mul(10_i64.checked_pow(u32::from(to - scale))?);
    }
    let power = 10_i64.checked_pow(u32::from(scale - to))?;
    (digits % power == 0).then_some(digits / power)
}

/// Numbers that follow from names and numbers.
struct Random(u64);

impl Random {
    fn new(table: &str, column: &str, seed: u64, attempt: u64) -> Self {
        // FNV-1a over the names.
        let names = table.bytes().chain([0]).chain(column.bytes());
        let hash = names.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Self(hash ^ mix(seed) ^ mix(attempt).rotate_left(17))
    }

    fn choose(&mut self, candidates: &[Value]) -> Option<Value> {
        self.0 = mix(self.0);
        let at = self.0 % (candidates.len().max(1) as u64);
        candidates.get(usize::try_from(at).ok()?).cloned()
    }
}

/// SplitMix64's step: neighbouring numbers become unrelated ones.
fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
