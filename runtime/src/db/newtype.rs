//! What a newtype is because of what it wraps: comparable, ordered, text. `#[Database::value]` only names the inner type.

use super::field::{Field, Scalar, Text};

/// A newtype that is stored as what it wraps: what `#[Database::value]` implements beside [`Field`].
pub trait Newtype: Field {
    /// What it wraps.
    type Inner: Field;
}

impl<N: Newtype> Scalar for N where N::Inner: Scalar {}
impl<N: Newtype> Text for N where N::Inner: Text {}
