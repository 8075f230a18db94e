//! Keys: a table's own ([`Key`]) and what may be given for one ([`KeyOperand`]). A composite key is a tuple.
//! Absent: an order of keys; queries say theirs.

use std::borrow::Cow;

use super::binder::Binder;
use super::field::Scalar;
use super::value::Value;

/// The key of a table: a value, or a tuple of them in the key's order.
pub trait Key: Send + Sync + 'static {
    /// The value, where the key is one column's.
    #[doc(hidden)]
    fn single(&self) -> Option<Value<'_>>;

    /// The values, in the key's order.
    #[doc(hidden)]
    fn values(&self) -> Vec<Value<'_>>;
}

impl<V: Scalar> Key for V {
    fn single(&self) -> Option<Value<'_>> {
        Some(self.value())
    }

    fn values(&self) -> Vec<Value<'_>> {
        vec![self.value()]
    }
}

/// What can be given for a key of `K`: the key, a reference to it, or for text a `&str`.
#[diagnostic::on_unimplemented(
    message = "the table's key is `{K}`, not `{Self}`",
    label = "expected a `{K}`",
    note = "a key of several columns is given as a tuple, in the key's order"
)]
pub trait KeyOperand<K>: Send {
    /// Binds the key's values in order.
    #[doc(hidden)]
    fn bind(&self, key: &mut Binder);
}

impl<V: Scalar> KeyOperand<V> for V {
    fn bind(&self, key: &mut Binder) {
        key.value(self.value());
    }
}

impl<V: Scalar> KeyOperand<V> for &V {
    fn bind(&self, key: &mut Binder) {
        key.value((*self).value());
    }
}

impl KeyOperand<String> for &str {
    fn bind(&self, key: &mut Binder) {
        key.value(Value::Text(Cow::Borrowed(self)));
    }
}

impl KeyOperand<Vec<u8>> for &[u8] {
    fn bind(&self, key: &mut Binder) {
        key.value(Value::Bytes(Cow::Borrowed(self)));
    }
}

macro_rules! composite_keys {
    ($(($($key:ident $operand:ident $at:tt),+))+) => {$(
        impl<$($key: Scalar),+> Key for ($($key,)+) {
            fn single(&self) -> Option<Value<'_>> {
                None
            }

            fn values(&self) -> Vec<Value<'_>> {
                vec![$(self.$at.value()),+]
            }
        }

        impl<$($key, $operand: KeyOperand<$key>),+> KeyOperand<($($key,)+)> for ($($operand,)+) {
            fn bind(&self, key: &mut Binder) {
                $(self.$at.bind(key);)+
            }
        }

        impl<$($key: Scalar),+> KeyOperand<($($key,)+)> for &($($key,)+) {
            fn bind(&self, key: &mut Binder) {
                $(key.value(self.$at.value());)+
            }
        }
    )+};
}

composite_keys! {
    (A X 0, B Y 1)
    (A X 0, B Y 1, C Z 2)
    (A X 0, B Y 1, C Z 2, D W 3)
    (A X 0, B Y 1, C Z 2, D W 3, E V 4)
}

/// A key, as something to find rows by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Mark {
    Number(i64),
    Text(String),
    Bytes(Vec<u8>),
    Other(String),
}

impl Mark {
    pub(crate) fn of(value: &Value<'_>) -> Self {
        match value {
            Value::Int(number) => Self::Number(*number),
            Value::Text(text) => Self::Text(text.clone().into_owned()),
            Value::Bytes(bytes) => Self::Bytes(bytes.clone().into_owned()),
            // Two of one number, however many zeros it ends in.
            Value::Decimal(decimal) => Self::Other(decimal.normalize().to_string()),
            other => Self::Other(format!("{other:?}")),
        }
    }
}
