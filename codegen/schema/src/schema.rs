//! One database's schema as the application sees it: what `snapshot.json` holds and what two releases are compared by.
//! Absent: how an engine stores it (that is [`crate::ddl`]) and rename hints, which are instructions, not facts.

use serde::{Deserialize, Serialize};

use crate::expr::{Expression, Literal};

/// The tables of one database, ordered by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schema {
    /// The database's name: the first part of every object's name.
    pub database: String,
    /// Ordered by name.
    pub tables: Vec<Table>,
}

/// A table. Columns stand in the order of the struct's fields; everything else is ordered by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The SQL name, at most 63 bytes.
    pub name: String,
    /// In the order of the struct's fields.
    pub columns: Vec<Column>,
    /// The names of the key's columns, in the key's order; never empty.
    pub key: Vec<String>,
    /// Ordered by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uniques: Vec<Unique>,
    /// Ordered by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub indexes: Vec<Index>,
    /// Ordered by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<Reference>,
    /// Ordered by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
    /// Whether the feed follows it: whoever changes a row writes so to the feed, in the same transaction.
    #[serde(default, skip_serializing_if = "is_false")]
    pub followed: bool,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// The SQL name.
    pub name: String,
    /// The type of its values, the same on every engine.
    #[serde(rename = "type")]
    pub ty: Type,
    /// Whether it may hold no value.
    #[serde(default, skip_serializing_if = "is_false")]
    pub nullable: bool,
    /// Whether the engine numbers it: a single key column of type `i64` that the application does not assign.
    #[serde(default, skip_serializing_if = "is_false")]
    pub automatic: bool,
    /// What an insert that does not name the column stores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Default>,
    /// Set where the engine computes the column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generated: Option<Generated>,
}

/// A column's type. Each has one meaning and one order on every engine.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
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
    /// Unicode text without U+0000, compared by code point.
    Text {
        /// The most characters (not bytes) it may hold.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max_len: Option<u32>,
    },
    /// Bytes.
    Bytes {
        /// The most bytes it may hold.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max_len: Option<u32>,
    },
    /// A UUID of 16 bytes, ordered by its bytes.
    Uuid,
    /// A point in time in UTC, in whole microseconds, of the years 1 to 9999.
    Instant,
    /// A calendar date of the years 1 to 9999.
    Date,
    /// A time of day in whole microseconds.
    Time,
    /// An exact decimal number.
    Decimal {
        /// Digits in all, 1 to 18.
        precision: u8,
        /// Digits behind the point, 0 to `precision`.
        scale: u8,
    },
    /// A JSON document.
    Json,
    /// One of a fixed set of texts, in the order of their declaration.
    Enumeration {
        /// The texts.
        values: Vec<String>,
    },
}

/// What a column holds when an insert does not say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Default {
    /// A constant.
    Value(Literal),
    /// The time of the statement, for [`Type::Instant`], [`Type::Date`] and [`Type::Time`].
    Now,
    /// A random UUID of version 4.
    RandomUuid,
}

/// How a generated column is computed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Generated {
    /// Over the other columns of its row.
    pub expression: Expression,
}

/// A set of columns whose values together occur once. Rows with a null in one of them are not compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unique {
    /// The constraint's name.
    pub name: String,
    /// In order.
    pub columns: Vec<String>,
}

/// An index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// In order.
    pub columns: Vec<IndexColumn>,
    /// Set where it covers only the rows for which this holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predicate: Option<Expression>,
}

/// A column of an index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndexColumn {
    /// The column.
    pub column: String,
    /// Whether it is ordered from high to low.
    #[serde(default, skip_serializing_if = "is_false")]
    pub descending: bool,
}

/// A foreign key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// The constraint's name.
    pub name: String,
    /// This table's columns, in the order of the target's key.
    pub columns: Vec<String>,
    /// The table that is referred to, in the same database.
    pub table: String,
    /// Its columns, in order.
    pub target: Vec<String>,
    /// What happens to a row whose target is deleted.
    #[serde(default, skip_serializing_if = "Action::is_refused")]
    pub on_delete: Action,
}

/// What happens to the rows that refer to a deleted row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Deleting is refused at the end of the statement while such rows exist (SQL's `NO ACTION`).
    #[default]
    Refuse,
    /// They are deleted too.
    Cascade,
    /// Their reference becomes null.
    SetNull,
}

/// A condition that every row meets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// The constraint's name.
    pub name: String,
    /// The condition.
    pub expression: Expression,
}

impl Schema {
    /// The table of this name.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.place(name).and_then(|place| self.tables.get(place))
    }

    /// Where the table of this name stands. Few schemas are not in order: those are searched from the beginning.
    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        let found = self.tables.binary_search_by(|table| table.name.as_str().cmp(name));
        found.ok().or_else(|| self.tables.iter().position(|table| table.name == name))
    }

    /// Every expression in the schema.
    pub(crate) fn expressions(&self) -> impl Iterator<Item = &Expression> {
        self.tables.iter().flat_map(Table::expressions)
    }

    /// The same schema with everything in the order it belongs in.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.tables.sort_by(|left, right| left.name.cmp(&right.name));
        self.tables.iter_mut().for_each(Table::sort);
        self
    }
}

impl Table {
    /// The column of this name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Every expression in the table.
    pub(crate) fn expressions(&self) -> impl Iterator<Item = &Expression> {
        let checks = self.checks.iter().map(|check| &check.expression);
        let indexes = self.indexes.iter().filter_map(|index| index.predicate.as_ref());
        let columns = self.columns.iter().filter_map(|column| column.generated.as_ref());
        checks.chain(indexes).chain(columns.map(|generated| &generated.expression))
    }

    /// Orders by name everything but the columns.
    pub(crate) fn sort(&mut self) {
        self.uniques.sort_by(|left, right| left.name.cmp(&right.name));
        self.indexes.sort_by(|left, right| left.name.cmp(&right.name));
        self.references.sort_by(|left, right| left.name.cmp(&right.name));
        self.checks.sort_by(|left, right| left.name.cmp(&right.name));
    }
}

impl Type {
    /// Whether `wider` holds all numbers of this type of integers, and more.
    #[must_use]
    pub fn widens_to(&self, wider: &Self) -> bool {
        match self {
            Self::I16 => matches!(wider, Self::I32 | Self::I64),
            Self::U16 => matches!(wider, Self::I32 | Self::U32 | Self::I64),
            Self::I32 | Self::U32 => matches!(wider, Self::I64),
            _ => false,
        }
    }

    /// The type in a few words, for messages.
    #[must_use]
    pub fn shown(&self) -> String {
        let word = match self {
            Self::I16 => "i16",
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::U16 => "u16",
            Self::U32 => "u32",
            Self::Bool => "bool",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::Text { .. } => "text",
            Self::Bytes { .. } => "bytes",
            Self::Uuid => "uuid",
            Self::Instant => "instant",
            Self::Date => "date",
            Self::Time => "time",
            Self::Decimal { precision, scale } => return format!("decimal({precision}, {scale})"),
            Self::Json => "json",
            Self::Enumeration { .. } => "enumeration",
        };
        word.to_owned()
    }

    /// The least and the greatest value of a whole-number type.
    #[must_use]
    pub fn integers(&self) -> Option<(i64, i64)> {
        match self {
            Self::I16 => Some((i16::MIN.into(), i16::MAX.into())),
            Self::I32 => Some((i32::MIN.into(), i32::MAX.into())),
            Self::I64 => Some((i64::MIN, i64::MAX)),
            Self::U16 => Some((0, u16::MAX.into())),
            Self::U32 => Some((0, u32::MAX.into())),
            _ => None,
        }
    }
}

impl Action {
    fn is_refused(&self) -> bool {
        *self == Self::Refuse
    }
}

// serde's `skip_serializing_if` wants a function over a reference.
fn is_false(value: &bool) -> bool {
    !*value
}
