//! The rows that every library reads and writes, before any library's types. In: a number. Out: always the same row of it.

/// The owners that are there, numbered from 1.
pub const OWNERS: i64 = 1000;

/// The items that are there, numbered from 1. Those with a greater number were added by who was asked last.
pub const ITEMS: i64 = OWNERS * 10;

/// The instant of the first row, 2023-11-14T22:13:20Z, in microseconds of the epoch.
const BEGUN: i64 = 1_700_000_000_000_000;

/// An item without its key.
#[derive(Clone, Debug)]
pub struct Row {
    pub owner: i64,
    pub sku: String,
    pub name: String,
    /// The price in hundredths, as SQLite holds it.
    pub cents: i64,
    pub stock: i32,
    /// The instant in microseconds of the epoch.
    pub micros: i64,
    pub note: Option<String>,
}

impl Row {
    /// The row of a number. The row of `key - 1` is the one that is there under `key`.
    ///
    /// # Panics
    /// The number is none of the [`ITEMS`].
    #[must_use]
    pub fn new(at: i64) -> Self {
        assert!((0..ITEMS).contains(&at), "a row is one of those that are there");
        Self {
            owner: 1 + at % OWNERS,
            sku: format!("sku-{at:06}"),
            name: format!("A name of some length, number {at}"),
            cents: 995 + at,
            stock: (at % 500) as i32,
            micros: BEGUN + at,
            note: (at % 3 == 0).then(|| format!("note {at}")),
        }
    }

    /// The instant as SQLite holds it. All are in one second.
    #[must_use]
    pub fn seen_text(&self) -> String {
        format!("2023-11-14T22:13:20.{:06}Z", self.micros - BEGUN)
    }
}

/// What an update makes of the row under a key. It stays with its owner, who has ten items throughout.
#[must_use]
pub fn changed(key: i64) -> Row {
    Row { name: format!("Another name, number {key}"), cents: 1095 + key, ..Row::new(key - 1) }
}

/// The name of the owner of a number.
#[must_use]
pub fn owner(at: i64) -> String {
    format!("owner {at}")
}

/// A key that is there, another for each of the times that one is asked for.
#[must_use]
pub fn key(time: u32) -> i64 {
    1 + i64::from(time) * 37 % 9000
}
