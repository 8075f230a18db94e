//! The shape of a type of values. Its text form is that of the manifest, where the compiler writes the same shapes.
//! A named type is defined once and referred to by its name, so a type may contain itself.

use serde::{Deserialize, Serialize};

/// A type of values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Nothing.
    Unit,
    /// `true` or `false`.
    Bool,
    /// A signed integer of 8 bits.
    I8,
    /// A signed integer of 16 bits.
    I16,
    /// A signed integer of 32 bits.
    I32,
    /// A signed integer of 64 bits.
    I64,
    /// An unsigned integer of 8 bits.
    U8,
    /// An unsigned integer of 16 bits.
    U16,
    /// An unsigned integer of 32 bits.
    U32,
    /// An unsigned integer of 64 bits.
    U64,
    /// A binary floating-point number of 32 bits.
    F32,
    /// A binary floating-point number of 64 bits.
    F64,
    /// One Unicode character.
    Char,
    /// Unicode text.
    String,
    /// A UUID.
    Uuid,
    /// A point in time in UTC.
    Instant,
    /// A calendar date.
    Date,
    /// A time of day.
    Time,
    /// An exact decimal number.
    Decimal,
    /// A JSON document of any form.
    Json,
    /// A page for a browser; only as a result.
    Html,
    /// A value or nothing.
    Option(Box<Shape>),
    /// Values in an order.
    List(Box<Shape>),
    /// Values that occur once each.
    Set(Box<Shape>),
    /// Values by text.
    Map(Box<Shape>),
    /// A fixed number of values.
    Tuple(Vec<Shape>),
    /// A named type.
    Type(String),
}

/// A named type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Definition {
    /// Named fields, in the order of the source.
    Struct(Vec<Field>),
    /// One of a fixed set of texts.
    Enumeration(Vec<String>),
    /// One of several variants, in the order of the source.
    Enum(Vec<Variant>),
}

/// A named field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type.
    pub shape: Shape,
    /// Whether it may be left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
}

/// A variant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    /// Its name.
    pub name: String,
    /// What it holds.
    #[serde(default, skip_serializing_if = "VariantBody::is_unit")]
    pub body: VariantBody,
}

/// What a variant holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VariantBody {
    /// Nothing.
    #[default]
    Unit,
    /// One value.
    Newtype(Shape),
    /// Named fields.
    Struct(Vec<Field>),
}

impl VariantBody {
    /// Whether it holds nothing.
    #[must_use]
    pub fn is_unit(&self) -> bool {
        *self == Self::Unit
    }
}
