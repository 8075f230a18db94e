//! What the compiler has learnt of a statement, and what of a value or a row does not fit that: an error while rustc compiles.
//! Absent: how it was learnt.

use super::Statement;
use super::words::Words;
use crate::db::column::{ColumnInfo, Type};

/// What the engines said of a statement.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Learnt {
    /// Of each parameter.
    pub parameters: &'static [Kind],
    /// Of each column that it gives.
    pub columns: &'static [LearntColumn],
}

/// What the engines said of a column.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct LearntColumn {
    /// Its name; empty where the engines call it differently.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether it may hold nothing. That it may not is not always known.
    pub nullable: bool,
    /// The digits behind the point of a decimal, where it is a table's column.
    pub scale: Option<u8>,
}

/// What a value is to an engine.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Not said.
    Unknown,
    /// A whole number of 16 bits, where the width counts.
    Integer16,
    /// A whole number of 32 bits, where the width counts.
    Integer32,
    /// A whole number of any width.
    Integer,
    /// A `bool`.
    Bool,
    /// A floating-point number of 32 bits.
    Single,
    /// A floating-point number of 64 bits.
    Double,
    /// Text.
    Text,
    /// Bytes.
    Bytes,
    /// A UUID.
    Uuid,
    /// A point in time.
    Instant,
    /// A date.
    Date,
    /// A time of day.
    Time,
    /// A decimal number.
    Decimal,
    /// A JSON document.
    Json,
    /// What no field reads.
    Other,
}

impl Kind {
    pub(super) const fn of(ty: Type) -> Self {
        match ty {
            Type::I16 | Type::I32 | Type::I64 | Type::U16 | Type::U32 => Self::Integer,
            Type::Bool => Self::Bool,
            Type::F32 => Self::Single,
            Type::F64 => Self::Double,
            Type::Text => Self::Text,
            Type::Bytes => Self::Bytes,
            Type::Uuid => Self::Uuid,
            Type::Instant => Self::Instant,
            Type::Date => Self::Date,
            Type::Time => Self::Time,
            Type::Decimal { .. } => Self::Decimal,
            Type::Json => Self::Json,
        }
    }

    /// What a bound value is: PostgreSQL looks at its width.
    pub(super) const fn of_value(ty: Type) -> Self {
        match ty {
            Type::I16 => Self::Integer16,
            Type::I32 | Type::U16 => Self::Integer32,
            ty => Self::of(ty),
        }
    }

    /// Whether this is what an engine said, and the other fits there: a narrower number does.
    const fn fits(self, other: Self) -> bool {
        match (self, other) {
            (Self::Unknown, _) | (Self::Integer, Self::Integer16 | Self::Integer32) => true,
            (Self::Integer32, Self::Integer16) => true,
            _ => self as u8 == other as u8,
        }
    }

    /// A letter for it.
    pub(super) fn letter(self) -> char {
        char::from(b'a' + self as u8)
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Unknown => "of a type that the engine does not say",
            Self::Integer16 => "a whole number of 16 bits",
            Self::Integer32 => "a whole number of 32 bits",
            Self::Integer => "a whole number",
            Self::Bool => "a `bool`",
            Self::Single => "an `f32`",
            Self::Double => "an `f64`",
            Self::Text => "text",
            Self::Bytes => "bytes",
            Self::Uuid => "a UUID",
            Self::Instant => "an instant",
            Self::Date => "a date",
            Self::Time => "a time",
            Self::Decimal => "a decimal",
            Self::Json => "a JSON document",
            Self::Other => "of a type that no field reads (`cast` it)",
        }
    }
}

/// Refuses a value of another kind than the statement takes.
pub(super) const fn check_parameter<S: Statement>(at: usize, kind: Kind) {
    let Some(learnt) = S::LEARNT else { return };
    if at < learnt.parameters.len() && !learnt.parameters[at].fits(kind) {
        let words =
            Words::new().with("the value `").with(S::PARAMETERS[at]).with("` of this `sql!` is ").with(kind.word());
        let words = words
            .with(", and the database expects ")
            .with(learnt.parameters[at].word())
            .with("; to mean another type: `cast({");
        panic!("{}", words.with(S::PARAMETERS[at]).with("} as …)`").text());
    }
}

/// Refuses a type whose fields are not the statement's columns.
pub(super) const fn check_row<S: Statement>(fields: &[ColumnInfo], named: bool) {
    let mut at = 0;
    while at < fields.len() {
        let field = &fields[at];
        if matches!(field.ty, Type::Decimal { precision: 0, .. }) {
            let words = Words::new().with("the digits of a decimal of this `sql!` are not said");
            panic!(
                "{}",
                words
                    .with(": read it into a struct with `#[Database::row]`, with `#[decimal(p, s)]` on the field")
                    .text()
            );
        }
        at += 1;
    }
    let Some(learnt) = S::LEARNT else { return };
    let columns = learnt.columns;
    if columns.is_empty() {
        panic!("this `sql!` gives no rows: run it with `execute`");
    }
    if columns.len() != fields.len() && !named {
        let words = Words::new().with("this `sql!` gives ").number(columns.len()).with(" columns, and the tuple has ");
        panic!("{}", words.number(fields.len()).text());
    }
    let mut at = 0;
    while at < fields.len() {
        let field = &fields[at];
        let place = if named { place(columns, field.name) } else { at };
        if place == columns.len() {
            let words = Words::new().with("this `sql!` gives no column `").with(field.name);
            panic!("{}", words.with("`, which the struct has a field for: select it, or name it by `as`").text());
        }
        let column = &columns[place];
        let words = Words::new().with("the column `").with(if named { field.name } else { column.name });
        let words = words.with("` (").number(place + 1).with(") of this `sql!` ");
        if !column.kind.fits(Kind::of(field.ty)) {
            let words = words.with("is ").with(column.kind.word()).with(", and its field is ");
            panic!("{}", words.with(Kind::of(field.ty).word()).text());
        }
        if let (Some(scale), Type::Decimal { scale: of_field, .. }) = (column.scale, field.ty)
            && scale != of_field
        {
            let words = words.with("has ").number(scale as usize).with(" digits behind the point, and its field ");
            panic!("{}", words.number(of_field as usize).text());
        }
        if column.nullable && !field.nullable {
            panic!("{}", words.with("may be null, and its field is no `Option`").text());
        }
        at += 1;
    }
    if named {
        let mut at = 0;
        while at < columns.len() {
            if place(columns, columns[at].name) != at {
                let words = Words::new().with("this `sql!` gives two columns `").with(columns[at].name);
                panic!("{}", words.with("`: name one of them otherwise, by `as`").text());
            }
            if unknown(fields, columns[at].name) {
                let words =
                    Words::new().with("this `sql!` gives a column `").with(columns[at].name).with("` (").number(at + 1);
                panic!("{}", words.with("), which the struct has no field for").text());
            }
            at += 1;
        }
    }
}

/// Refuses to run what only reads for what it does.
pub(super) const fn check_execute<S: Statement>() {
    let Some(learnt) = S::LEARNT else { return };
    let text = S::TEXT.trim_ascii().as_bytes();
    if !learnt.columns.is_empty() && text.len() > 6 && text.split_at(6).0.eq_ignore_ascii_case(b"select") {
        panic!("this `sql!` changes no row: read what it gives with `all`, `first` or `stream`");
    }
}

const fn place(columns: &[LearntColumn], name: &str) -> usize {
    let mut at = 0;
    while at < columns.len() && !same(columns[at].name, name) {
        at += 1;
    }
    at
}

const fn unknown(fields: &[ColumnInfo], name: &str) -> bool {
    let mut at = 0;
    while at < fields.len() {
        if same(fields[at].name, name) {
            return false;
        }
        at += 1;
    }
    true
}

const fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    true
}
