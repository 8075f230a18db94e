//! The shape of what crosses a synapse or a door: a handler's arguments and result described down to plain types.
//! One text serves OpenAPI, the comparison of releases and generated clients. A named type is described once, in the
//! manifest's `types`, and referred to by its name: so a type may contain itself. Absent: the wire's bytes.

use serde::{Deserialize, Serialize};

/// The arguments and the result of a handler.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// In the order of the source.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arguments: Vec<Parameter>,
    /// What it returns when all goes well.
    #[serde(default, skip_serializing_if = "Shape::is_unit")]
    pub result: Shape,
    /// What it returns otherwise, where that is the application's own type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Shape>,
}

/// An argument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its type.
    pub shape: Shape,
}

/// A type of values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Shape {
    /// Nothing.
    #[default]
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
    /// A type of the manifest's `types`.
    Type(String),
}

impl Shape {
    /// Whether it is nothing.
    #[must_use]
    pub fn is_unit(&self) -> bool {
        *self == Self::Unit
    }
}

/// A named type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
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
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type.
    pub shape: Shape,
    /// Whether it may be left out.
    #[serde(default, skip_serializing_if = "crate::is_false")]
    pub optional: bool,
}

/// A variant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Its name.
    pub name: String,
    /// What it holds.
    #[serde(default, skip_serializing_if = "VariantBody::is_unit")]
    pub body: VariantBody,
}

/// What a variant holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
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

#[cfg(test)]
mod tests {
    use super::{Parameter, Shape, Signature};

    #[test]
    fn a_signature_reads_as_its_source_does() -> Result<(), serde_json::Error> {
        let signature = Signature {
            arguments: vec![Parameter { name: "limit".to_owned(), shape: Shape::Option(Box::new(Shape::U32)) }],
            result: Shape::List(Box::new(Shape::Type("Crate".to_owned()))),
            error: None,
        };
        let text = serde_json::to_string(&signature)?;
        assert_eq!(
            text,
            "{\"arguments\":[{\"name\":\"limit\",\"shape\":{\"option\":\"u32\"}}],\"result\":{\"list\":{\"type\":\"Crate\"}}}"
        );
        assert_eq!(serde_json::from_str::<Signature>(&text)?, signature);
        Ok(())
    }
}
