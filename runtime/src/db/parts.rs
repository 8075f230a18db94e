//! Columns of a row together, as tuples of up to sixteen: what the macros would emit for each column of each table stands here once.

use super::binder::{Binder, NewBinder};
use super::error::DataError;
use super::field::Field;
use super::reader::Reader;

/// The values of columns.
pub trait ReadParts: Sized {
    /// Reads them, in their order.
    ///
    /// # Errors
    /// [`DataError::Decode`] where a column holds something else.
    fn read(row: &mut Reader<'_>) -> Result<Self, DataError>;
}

/// The values of columns by reference.
pub trait BindParts {
    /// Pushes them, in their order.
    fn bind(self, values: &mut Binder);
}

/// What an insert gives for columns.
pub trait GiveParts {
    /// Gives it, in their order.
    fn give(self, values: &mut NewBinder);
}

/// What an insert gives for a column: a value by reference, [`OrDefault`] or [`Skip`].
pub trait Gives {
    /// Gives it.
    fn give(self, values: &mut NewBinder);
}

/// A value, or the column's default.
#[derive(Clone, Copy, Debug)]
pub struct OrDefault<'a, F>(pub &'a Option<F>);

/// What the engine fills.
#[derive(Clone, Copy, Debug)]
pub struct Skip;

impl<F: Field> Gives for &F {
    fn give(self, values: &mut NewBinder) {
        values.push(self);
    }
}

impl<F: Field> Gives for OrDefault<'_, F> {
    fn give(self, values: &mut NewBinder) {
        values.optional(self.0);
    }
}

impl Gives for Skip {
    fn give(self, values: &mut NewBinder) {
        values.skip();
    }
}

macro_rules! together {
    ($(($($name:ident $at:tt),+))+) => {$(
        impl<$($name: Field),+> ReadParts for ($($name,)+) {
            fn read(row: &mut Reader<'_>) -> Result<Self, DataError> {
                Ok(($(row.read::<$name>()?,)+))
            }
        }

        impl<$($name: Field),+> BindParts for ($(&$name,)+) {
            fn bind(self, values: &mut Binder) {
                $(values.push(self.$at);)+
            }
        }

        impl<$($name: Gives),+> GiveParts for ($($name,)+) {
            fn give(self, values: &mut NewBinder) {
                $(self.$at.give(values);)+
            }
        }
    )+};
}

together! {
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14, P 15)
}
