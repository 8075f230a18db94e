//! Messages: values that may cross a synapse or an HTTP door, and their description down to plain types.
//! In: serde's form of a type and the shape that `#[message]` emits. Out: one [`Shape`], whose names [`Shapes`] defines.
//! Absent: bytes. A call within a process carries the value itself.

mod parts;
mod shapes;
mod structure;
mod types;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use cell_manifest::{Definition, Field, Shape, Variant, VariantBody};
#[doc(hidden)]
pub use shapes::Defaulted;
pub use shapes::{Define, Fields, Shapes, Variants};
#[doc(hidden)]
pub use structure::{Described, DescribedField, More, Parts, Source, Written, read, write};

/// A value that may cross a synapse or an HTTP door. Implemented by `#[message]`, by the table, enumeration and value
/// attributes, and for the plain types.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be an argument or a result of a handler",
    note = "put `#[cell::message]` on `{Self}`; tables, enumerations and values are messages already"
)]
pub trait Message: Serialize + DeserializeOwned + Send + 'static {
    /// Describes the type. Named types are defined in `shapes` and referred to by their name.
    fn shape(shapes: &mut Shapes) -> Shape;

    /// How the value stands in an answer over HTTP.
    #[doc(hidden)]
    fn answer(&self) -> Answer<'_> {
        Answer::Json
    }
}

/// How a value stands in an answer over HTTP.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub enum Answer<'a> {
    /// As JSON.
    Json,
    /// There is nothing to say.
    Empty,
    /// What was asked for is not there.
    Missing,
    /// As a page.
    Html(&'a str),
}
