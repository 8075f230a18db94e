//! A row on its way back: [`Reader`] goes through its columns, [`Slot`] gives one column's value.
//! In: a driver's row. Out: values, or which column holds none of its type. Absent: the stored forms (the dialects').

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::column::ColumnInfo;
#[cfg(feature = "postgres")]
use super::dialect::postgres;
#[cfg(feature = "sqlite")]
use super::dialect::sqlite;
use super::error::DataError;
use super::field::Field;
use super::model::{Engine, Facts};
use super::parts::ReadParts;
#[cfg(feature = "search")]
use super::value::{self, Value};

/// The columns of one row, read in order.
pub struct Reader<'r> {
    row: Row<'r>,
    facts: Facts,
    at: usize,
    /// Where each column is, where that is not its own place.
    places: Option<&'r [usize]>,
}

/// A driver's row.
#[derive(Clone, Copy)]
pub(crate) enum Row<'r> {
    #[cfg(feature = "sqlite")]
    Sqlite(&'r rusqlite::Row<'r>),
    #[cfg(feature = "postgres")]
    Postgres(&'r sqlx::postgres::PgRow),
}

impl<'r> Reader<'r> {
    pub(crate) fn new(row: Row<'r>, facts: Facts) -> Self {
        Self { row, facts, at: 0, places: None }
    }

    /// The next column's value.
    ///
    /// # Errors
    /// [`DataError::Decode`] where the column holds something else.
    pub fn read<F: Field>(&mut self) -> Result<F, DataError> {
        let Some(info) = self.facts.columns.get(self.at) else {
            return Err(DataError::other("more columns are read than the table has"));
        };
        self.value(info)
    }

    /// The next columns' values.
    ///
    /// # Errors
    /// As [`Reader::read`].
    #[doc(hidden)]
    pub fn all<P: ReadParts>(&mut self) -> Result<P, DataError> {
        P::read(self)
    }

    /// The next value, as one of this column.
    pub(crate) fn value<F: Field>(&mut self, info: &'static ColumnInfo) -> Result<F, DataError> {
        let at = self.places.map_or(self.at, |places| places.get(self.at).copied().unwrap_or(usize::MAX));
        self.at += 1;
        let read = Slot::new(self.row, at, info).and_then(|slot| F::read(&slot));
        read.map_err(|unreadable| unreadable.of(self.facts.table, info))
    }

    /// A column of the row, whichever has been read.
    pub(crate) fn slot(&self, at: usize) -> Option<Slot<'r>> {
        Slot::new(self.row, at, self.facts.columns.get(at)?).ok()
    }

    /// The same row, whose columns are elsewhere.
    pub(crate) fn placed<'p>(&self, places: &'p [usize]) -> Reader<'p>
    where
        'r: 'p,
    {
        Reader { row: self.row, facts: self.facts, at: 0, places: Some(places) }
    }

    /// Where the row has these columns, by their names or in their order. It has no others.
    pub(crate) fn places(&self, columns: &[ColumnInfo], named: bool) -> Result<Vec<usize>, DataError> {
        let names: Vec<&str> = match self.row {
            #[cfg(feature = "sqlite")]
            Row::Sqlite(row) => row.as_ref().column_names(),
            #[cfg(feature = "postgres")]
            Row::Postgres(row) => {
                use sqlx::{Column as _, Row as _};

                row.columns().iter().map(|column| column.name()).collect()
            }
        };
        // What a later release has added to a table is not asked for.
        if !named && names.len() != columns.len() {
            let (found, wanted) = (names.len().to_string(), columns.len().to_string());
            return Err(DataError::Decode {
                table: self.facts.table,
                column: names.join(", "),
                reason: ["a row of ", &found, " columns is read as one of ", &wanted].concat(),
            });
        }
        if !named {
            return Ok((0..columns.len()).collect());
        }
        let place = |info: &ColumnInfo| {
            names.iter().position(|name| *name == info.name).ok_or_else(|| DataError::Decode {
                table: self.facts.table,
                column: info.name.to_owned(),
                reason: ["the row has no such column; it has `", &names.join("`, `"), "`"].concat(),
            })
        };
        columns.iter().map(place).collect()
    }

    pub(crate) fn engine(&self) -> Engine {
        match self.row {
            #[cfg(feature = "sqlite")]
            Row::Sqlite(_) => Engine::Sqlite,
            #[cfg(feature = "postgres")]
            Row::Postgres(_) => Engine::Postgres,
        }
    }

    pub(crate) fn table(&self) -> &'static str {
        self.facts.table
    }
}

/// One column of one row.
pub struct Slot<'r> {
    stored: Stored<'r>,
    info: &'static ColumnInfo,
}

/// What a driver has of one column.
enum Stored<'r> {
    #[cfg(feature = "sqlite")]
    Sqlite(rusqlite::types::ValueRef<'r>),
    #[cfg(feature = "postgres")]
    Postgres(&'r sqlx::postgres::PgRow, usize),
    /// A value that is no row's.
    #[cfg(feature = "search")]
    Value(&'r Value<'static>),
}

/// Why a column's value could not be read.
#[derive(Debug)]
pub struct Unreadable {
    reason: String,
}

impl Unreadable {
    /// For this reason.
    pub fn new(reason: impl ToString) -> Self {
        Self { reason: reason.to_string() }
    }

    pub(crate) fn of(self, table: &'static str, info: &ColumnInfo) -> DataError {
        DataError::Decode { table, column: info.name.to_owned(), reason: self.reason }
    }
}

macro_rules! slot_reads {
    ($($(#[$doc:meta])* $name:ident -> $out:ty;)+) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        /// The column holds something else.
        pub fn $name(&self) -> Result<$out, Unreadable> {
            match self.stored {
                #[cfg(feature = "sqlite")]
                Stored::Sqlite(value) => sqlite::read::$name(value, self.info),
                #[cfg(feature = "postgres")]
                Stored::Postgres(row, at) => postgres::read::$name(row, at, self.info),
                #[cfg(feature = "search")]
                Stored::Value(value) => value::read::$name(value),
            }
        }
    )+};
}

impl<'r> Slot<'r> {
    fn new(row: Row<'r>, at: usize, info: &'static ColumnInfo) -> Result<Self, Unreadable> {
        let stored = match row {
            #[cfg(feature = "sqlite")]
            Row::Sqlite(row) => Stored::Sqlite(row.get_ref(at).map_err(Unreadable::new)?),
            #[cfg(feature = "postgres")]
            Row::Postgres(row) => Stored::Postgres(row, at),
        };
        Ok(Self { stored, info })
    }

    /// A value as if it stood in a row.
    #[cfg(feature = "search")]
    pub(crate) fn of_value(value: &'r Value<'static>, info: &'static ColumnInfo) -> Self {
        Self { stored: Stored::Value(value), info }
    }

    slot_reads! {
        /// Whether there is no value.
        is_null -> bool;
        /// An integer of any width.
        int -> i64;
        /// A `bool`.
        bool -> bool;
        /// An `f32`.
        f32 -> f32;
        /// An `f64`.
        f64 -> f64;
        /// Text.
        text -> &'r str;
        /// Bytes.
        bytes -> &'r [u8];
        /// A UUID.
        uuid -> Uuid;
        /// A point in time.
        instant -> DateTime<Utc>;
        /// A date.
        date -> NaiveDate;
        /// A time of day.
        time -> NaiveTime;
        /// A decimal number, with the column's scale.
        decimal -> Decimal;
        /// A JSON document's text.
        json -> &'r [u8];
    }

    /// A value of an enumeration, from its text.
    ///
    /// # Errors
    /// The column holds no text, or one that `find` does not know.
    pub fn enumeration<E>(&self, find: impl FnOnce(&str) -> Option<E>) -> Result<E, Unreadable> {
        let text = self.text()?;
        find(text).ok_or_else(|| Unreadable::new(["`", text, "` is no value of the enumeration"].concat()))
    }
}
