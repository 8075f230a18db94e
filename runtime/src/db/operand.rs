//! What a column may be compared with: a value of its type, or another column of its table.
//! Absent: conversions between types. A column of `Decimal` takes a `Decimal`, nothing that looks like one.

use super::column::{Column, ColumnInfo};
use super::computed::Computation;
use super::field::{Field, Scalar};
use super::value::Value;

/// Something that a column of `V`, in the table `T`, can be compared with.
#[diagnostic::on_unimplemented(
    message = "a column of `{V}` can't be compared with or set to `{Self}`",
    label = "expected a `{V}`, or a column of it in the same table"
)]
pub trait Operand<T, V> {
    /// The other side of the comparison.
    #[doc(hidden)]
    fn side(self) -> Side;
}

/// The other side of a comparison.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub enum Side {
    /// A value, to be bound.
    Value(Value<'static>),
    /// A column of the same table.
    Column(&'static ColumnInfo),
    /// A number that the database computes of the row.
    Computed(Computation),
}

fn value<V: Field>(value: &V) -> Side {
    Side::Value(value.value().into_owned())
}

fn optional<V: Field>(option: Option<&V>) -> Side {
    option.map_or(Side::Value(Value::Null), value)
}

impl<T, V: Scalar> Operand<T, V> for V {
    fn side(self) -> Side {
        value(&self)
    }
}

impl<T, V: Scalar> Operand<T, V> for &V {
    fn side(self) -> Side {
        value(self)
    }
}

impl<T, V: Scalar> Operand<T, Option<V>> for V {
    fn side(self) -> Side {
        value(&self)
    }
}

impl<T, V: Scalar> Operand<T, Option<V>> for &V {
    fn side(self) -> Side {
        value(self)
    }
}

impl<T, V: Scalar> Operand<T, Option<V>> for Option<V> {
    fn side(self) -> Side {
        optional(self.as_ref())
    }
}

impl<T, V: Scalar> Operand<T, Option<V>> for &Option<V> {
    fn side(self) -> Side {
        optional(self.as_ref())
    }
}

macro_rules! borrowed_operands {
    ($($borrowed:ty => $owned:ty),+ $(,)?) => {$(
        impl<T> Operand<T, $owned> for $borrowed {
            fn side(self) -> Side {
                value(&<$owned>::from(self))
            }
        }

        impl<T> Operand<T, Option<$owned>> for $borrowed {
            fn side(self) -> Side {
                value(&<$owned>::from(self))
            }
        }
    )+};
}

borrowed_operands! { &str => String, std::borrow::Cow<'_, str> => String, &[u8] => Vec<u8> }

impl<T, V: Scalar> Operand<T, V> for Column<T, V> {
    fn side(self) -> Side {
        Side::Column(self.info)
    }
}

impl<T, V: Scalar> Operand<T, Option<V>> for Column<T, V> {
    fn side(self) -> Side {
        Side::Column(self.info)
    }
}

impl<T, V: Scalar> Operand<T, V> for Column<T, Option<V>> {
    fn side(self) -> Side {
        Side::Column(self.info)
    }
}

impl<T, V: Scalar> Operand<T, Option<V>> for Column<T, Option<V>> {
    fn side(self) -> Side {
        Side::Column(self.info)
    }
}
