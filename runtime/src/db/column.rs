//! A table's columns: what the macros say of each ([`ColumnInfo`], [`Type`]) and how a query names one ([`Column`]).
//! Absent: values and SQL. A column only knows its name and its type.

use std::fmt;
use std::marker::PhantomData;

use super::field::{Field, Sortable, Text};
use super::filter::{Comparison, Filter, Node, TextTest};
use super::operand::Operand;
use super::sort::{Direction, Sort};
use super::value::Value;

/// A column as its table's macro describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ColumnInfo {
    /// The SQL name.
    pub name: &'static str,
    /// What its values are, on every engine.
    pub ty: Type,
    /// Whether it may hold no value.
    pub nullable: bool,
    /// Whether the engine numbers it.
    pub automatic: bool,
    /// Whether the engine computes it; it is read and never written.
    pub generated: bool,
    /// Whether an insert may leave it out.
    pub has_default: bool,
    /// See [`Field::EARLIER`].
    pub earlier: &'static [(&'static str, &'static str)],
}

impl ColumnInfo {
    /// A column that holds `V`.
    #[must_use]
    pub const fn of<V: Field>(name: &'static str) -> Self {
        Self {
            name,
            ty: V::TYPE,
            nullable: V::NULLABLE,
            automatic: false,
            generated: false,
            has_default: false,
            earlier: V::EARLIER,
        }
    }

    /// With the precision and scale that `#[decimal(p, s)]` says.
    #[must_use]
    pub const fn decimal(mut self, precision: u8, scale: u8) -> Self {
        assert!(matches!(self.ty, Type::Decimal { .. }), "`#[decimal(p, s)]` belongs on a field of `Decimal`");
        self.ty = Type::Decimal { precision, scale };
        self
    }

    /// The earlier texts under which rows may hold a value.
    pub(crate) fn names(&self, value: &Value<'_>) -> impl Iterator<Item = &'static str> {
        let is_named = |name: &str| matches!(value, Value::Text(text) if text == name);
        self.earlier.iter().filter(move |(name, _)| is_named(name)).map(|(_, earlier)| *earlier)
    }

    /// A stored value as it is called now.
    #[cfg(feature = "search")]
    pub(crate) fn current(&self, value: Value<'static>) -> Value<'static> {
        let Value::Text(text) = &value else { return value };
        let name = self.earlier.iter().find(|(_, earlier)| *earlier == text.as_ref()).map(|(name, _)| *name);
        name.map_or(value, |name| Value::Text(name.into()))
    }

    /// Numbered by the engine.
    #[must_use]
    pub const fn automatic(mut self) -> Self {
        self.automatic = true;
        self
    }

    /// Computed by the engine.
    #[must_use]
    pub const fn generated(mut self) -> Self {
        self.generated = true;
        self
    }

    /// With a default.
    #[must_use]
    pub const fn defaulted(mut self) -> Self {
        self.has_default = true;
        self
    }
}

/// What a column's values are. Each has one meaning and one order on every engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Type {
    /// A signed integer of 16 bits.
    I16,
    /// A signed integer of 32 bits.
    I32,
    /// A signed integer of 64 bits.
    I64,
    /// An unsigned integer of 16 bits.
    U16,
    /// An unsigned integer of 32 bits.
    U32,
    /// `true` or `false`.
    Bool,
    /// A binary floating-point number of 32 bits; never NaN.
    F32,
    /// A binary floating-point number of 64 bits; never NaN.
    F64,
    /// Text without U+0000, ordered by code point. Enumerations are stored so too.
    Text,
    /// Bytes.
    Bytes,
    /// A UUID, ordered by its bytes.
    Uuid,
    /// A point in time in UTC, in whole microseconds, of the years 1 to 9999.
    Instant,
    /// A date of the years 1 to 9999.
    Date,
    /// A time of day in whole microseconds.
    Time,
    /// An exact decimal number.
    Decimal {
        /// Digits in all, 1 to 18.
        precision: u8,
        /// Digits behind the point.
        scale: u8,
    },
    /// A JSON document.
    Json,
}

/// The column `V` of the table `T`, as queries name it: `|p| p.price.lt(dec!(10))`.
pub struct Column<T, V> {
    pub(crate) info: &'static ColumnInfo,
    types: PhantomData<fn() -> (T, V)>,
}

impl<T, V> Clone for Column<T, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, V> Copy for Column<T, V> {}

impl<T, V> fmt::Debug for Column<T, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Column").field(&self.info.name).finish()
    }
}

impl<T, V> Column<T, V> {
    /// The column that `info` describes.
    #[must_use]
    pub const fn new(info: &'static ColumnInfo) -> Self {
        Self { info, types: PhantomData }
    }

    /// Its SQL name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.info.name
    }

    fn compare(self, comparison: Comparison, value: impl Operand<T, V>) -> Filter<T> {
        Filter::new(Node::Compare { column: self.info, comparison, side: value.side() })
    }

    /// Equal. Compared with `None`, it means [`Column::is_null`].
    pub fn eq(self, value: impl Operand<T, V>) -> Filter<T> {
        self.compare(Comparison::Equal, value)
    }

    /// Not equal. A row that holds no value is not found by it, unless compared with `None`: that means
    /// [`Column::is_not_null`].
    pub fn ne(self, value: impl Operand<T, V>) -> Filter<T> {
        self.compare(Comparison::NotEqual, value)
    }

    /// Less.
    pub fn lt(self, value: impl Operand<T, V>) -> Filter<T> {
        self.compare(Comparison::Less, value)
    }

    /// Less or equal.
    pub fn le(self, value: impl Operand<T, V>) -> Filter<T> {
        self.compare(Comparison::LessOrEqual, value)
    }

    /// Greater.
    pub fn gt(self, value: impl Operand<T, V>) -> Filter<T> {
        self.compare(Comparison::Greater, value)
    }

    /// Greater or equal.
    pub fn ge(self, value: impl Operand<T, V>) -> Filter<T> {
        self.compare(Comparison::GreaterOrEqual, value)
    }

    /// From `low` to `high`, both included.
    pub fn between(self, low: impl Operand<T, V>, high: impl Operand<T, V>) -> Filter<T> {
        self.ge(low) & self.le(high)
    }

    /// One of these. None of an empty list; a row that holds no value is one of no list.
    pub fn in_<I: Operand<T, V>>(self, values: impl IntoIterator<Item = I>) -> Filter<T> {
        let sides = values.into_iter().map(Operand::side).collect();
        Filter::new(Node::In { column: self.info, sides })
    }
}

impl<T, V> Column<T, Option<V>> {
    /// Holds no value.
    pub fn is_null(self) -> Filter<T> {
        Filter::new(Node::Null { column: self.info, negated: false })
    }

    /// Holds a value.
    pub fn is_not_null(self) -> Filter<T> {
        Filter::new(Node::Null { column: self.info, negated: true })
    }
}

impl<T, V: Text> Column<T, V> {
    /// Holds this text somewhere, case and all.
    pub fn contains(self, text: impl AsRef<str>) -> Filter<T> {
        self.test(TextTest::Contains, text.as_ref())
    }

    /// Begins with this text, case and all. An index on the column serves it.
    pub fn starts_with(self, text: impl AsRef<str>) -> Filter<T> {
        self.test(TextTest::StartsWith, text.as_ref())
    }

    /// Matches a pattern, case and all: `%` stands for any text, `_` for any one character, and `\` makes the character
    /// behind it mean itself.
    pub fn like(self, pattern: impl AsRef<str>) -> Filter<T> {
        self.test(TextTest::Like, pattern.as_ref())
    }

    fn test(self, test: TextTest, text: &str) -> Filter<T> {
        Filter::new(Node::Text { column: self.info, test, text: text.to_owned() })
    }
}

impl<T, V: Sortable> Column<T, V> {
    /// From low to high, rows without a value last.
    pub fn asc(self) -> Sort<T> {
        Sort::new(self.info, Direction::Ascending)
    }

    /// From high to low, rows without a value last.
    pub fn desc(self) -> Sort<T> {
        Sort::new(self.info, Direction::Descending)
    }
}
