//! The values of a statement.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::db::column::Type;
use crate::db::field::{Field, Json, Scalar};
use crate::db::value::Value;

/// A value of `sql!`.
#[diagnostic::on_unimplemented(
    message = "a value of `sql!` can't be `{Self}`",
    note = "it is what a column holds, or an `Option` of that; of a reference take what it refers to first: `let id = *id;`"
)]
pub trait Parameter {
    /// What it is.
    const TYPE: Type;

    /// The value.
    fn value(&self) -> Value<'_>;
}

impl<V: Scalar> Parameter for V {
    const TYPE: Type = V::TYPE;

    fn value(&self) -> Value<'_> {
        Field::value(self)
    }
}

impl<V: Scalar> Parameter for Option<V> {
    const TYPE: Type = V::TYPE;

    fn value(&self) -> Value<'_> {
        Field::value(self)
    }
}

impl<V> Parameter for Json<V>
where
    Self: Field,
{
    const TYPE: Type = Type::Json;

    fn value(&self) -> Value<'_> {
        Field::value(self)
    }
}

/// References to values. The macro of an enumeration does the same for it.
#[doc(hidden)]
#[macro_export]
macro_rules! __parameter_by_reference {
    ($($ty:ty),+ $(,)?) => {$(
        impl $crate::db::Parameter for &$ty {
            const TYPE: $crate::db::Type = <$ty as $crate::db::Parameter>::TYPE;

            fn value(&self) -> $crate::db::Value<'_> {
                <$ty as $crate::db::Parameter>::value(self)
            }
        }
    )+};
}

__parameter_by_reference! {
    i16, i32, i64, u16, u32, bool, f32, f64, String, Vec<u8>, Uuid, DateTime<Utc>, NaiveDate, NaiveTime, Decimal,
}

impl Parameter for &str {
    const TYPE: Type = Type::Text;

    fn value(&self) -> Value<'_> {
        Value::Text((*self).into())
    }
}

impl Parameter for &[u8] {
    const TYPE: Type = Type::Bytes;

    fn value(&self) -> Value<'_> {
        Value::Bytes((*self).into())
    }
}

/// A decimal, for a value of `sql!` whose digits are said: `{price:.2}`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no decimal",
    note = "digits are said of a `Decimal`: `{{price:.2}}`"
)]
pub trait DecimalParameter {
    /// The value.
    fn value(&self) -> Value<'_>;
}

impl DecimalParameter for Decimal {
    fn value(&self) -> Value<'_> {
        Value::Decimal(*self)
    }
}

impl DecimalParameter for Option<Decimal> {
    fn value(&self) -> Value<'_> {
        Field::value(self)
    }
}

impl DecimalParameter for &Decimal {
    fn value(&self) -> Value<'_> {
        Value::Decimal(**self)
    }
}
