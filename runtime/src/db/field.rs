//! The Rust types that a column can hold. The macros add enumerations and newtypes.
//! Absent: `u64` and `usize` (neither engine has them: use `i64`), and any type that would be rounded on its way.

use std::borrow::Cow;
use std::ops::{Deref, DerefMut};

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use rust_decimal::Decimal;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::column::Type;
use super::reader::{Slot, Unreadable};
use super::value::Value;

/// A type that a column can hold.
///
/// An enumeration is stored as text: its `value` is a [`Value::Text`], its `read` goes by [`Slot::enumeration`]. A newtype
/// passes everything on to what it wraps.
#[diagnostic::on_unimplemented(
    message = "a column can't hold `{Self}`",
    label = "not a type of a column",
    note = "columns hold `i16 i32 i64 u16 u32 bool f32 f64 String Vec<u8> Uuid DateTime<Utc> NaiveDate NaiveTime Decimal Json<T>`, an `Option` of these, an enum with `#[Database::enumeration]` or a newtype with `#[Database::value]`",
    note = "instead of `u64` take `i64`, or `Decimal` where the whole range is needed"
)]
pub trait Field: Sized + Send + Sync + 'static {
    /// What the column's values are.
    const TYPE: Type;
    /// Whether the column may hold no value.
    const NULLABLE: bool = false;
    /// The values that rows may also hold under an earlier text, as long as a release runs that knows no other: pairs of a
    /// value's text and its earlier one.
    const EARLIER: &'static [(&'static str, &'static str)] = &[];

    /// The value.
    fn value(&self) -> Value<'_>;

    /// Reads the value back.
    ///
    /// # Errors
    /// What the column holds is no value of the type.
    fn read(slot: &Slot<'_>) -> Result<Self, Unreadable>;
}

/// A field that is one value, compared and ordered the same on every engine: all but documents and options.
#[diagnostic::on_unimplemented(message = "values of `{Self}` can't be compared by a database")]
pub trait Scalar: Field {}

/// A field that rows can be ordered by.
#[diagnostic::on_unimplemented(
    message = "rows can't be ordered by a column of `{Self}`",
    label = "has no order that is the same on every engine"
)]
pub trait Sortable: Field {}

impl<V: Scalar> Sortable for V {}
impl<V: Scalar> Sortable for Option<V> {}

/// A field of text, which can be searched: `String`, newtypes over it, and options of them.
#[diagnostic::on_unimplemented(message = "`{Self}` is not text", label = "a text column is needed")]
pub trait Text {}

impl Text for String {}
impl<V: Text> Text for Option<V> {}

impl<V: Field> Field for Option<V> {
    const TYPE: Type = V::TYPE;
    const NULLABLE: bool = {
        assert!(!V::NULLABLE, "an option of an option can't be a column");
        true
    };
    const EARLIER: &'static [(&'static str, &'static str)] = V::EARLIER;

    fn value(&self) -> Value<'_> {
        self.as_ref().map_or(Value::Null, V::value)
    }

    fn read(slot: &Slot<'_>) -> Result<Self, Unreadable> {
        if slot.is_null()? { Ok(None) } else { V::read(slot).map(Some) }
    }
}

macro_rules! integers {
    ($($integer:ty => $ty:ident),+ $(,)?) => {$(
        impl Field for $integer {
            const TYPE: Type = Type::$ty;

            fn value(&self) -> Value<'_> {
                Value::Int(i64::from(*self))
            }

            fn read(slot: &Slot<'_>) -> Result<Self, Unreadable> {
                Self::try_from(slot.int()?).map_err(|_| Unreadable::new("an integer out of the type's range"))
            }
        }

        impl Scalar for $integer {}
    )+};
}

integers! { i16 => I16, i32 => I32, i64 => I64, u16 => U16, u32 => U32 }

macro_rules! plain {
    ($($rust:ty => $ty:expr, $value:ident, $read:ident;)+) => {$(
        impl Field for $rust {
            const TYPE: Type = $ty;

            fn value(&self) -> Value<'_> {
                Value::$value(*self)
            }

            fn read(slot: &Slot<'_>) -> Result<Self, Unreadable> {
                slot.$read()
            }
        }

        impl Scalar for $rust {}
    )+};
}

plain! {
    bool => Type::Bool, Bool, bool;
    f32 => Type::F32, F32, f32;
    f64 => Type::F64, F64, f64;
    Uuid => Type::Uuid, Uuid, uuid;
    DateTime<Utc> => Type::Instant, Instant, instant;
    NaiveDate => Type::Date, Date, date;
    NaiveTime => Type::Time, Time, time;
    // The column's own precision and scale come from `#[decimal(p, s)]`; without them it holds nothing.
    Decimal => Type::Decimal { precision: 0, scale: 0 }, Decimal, decimal;
}

impl Field for String {
    const TYPE: Type = Type::Text;

    fn value(&self) -> Value<'_> {
        Value::Text(Cow::Borrowed(self))
    }

    fn read(slot: &Slot<'_>) -> Result<Self, Unreadable> {
        slot.text().map(str::to_owned)
    }
}

impl Scalar for String {}

impl Field for Vec<u8> {
    const TYPE: Type = Type::Bytes;

    fn value(&self) -> Value<'_> {
        Value::Bytes(Cow::Borrowed(self))
    }

    fn read(slot: &Slot<'_>) -> Result<Self, Unreadable> {
        slot.bytes().map(<[u8]>::to_vec)
    }
}

impl Scalar for Vec<u8> {}

/// A value that is stored as a JSON document. It is neither compared nor ordered by a database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Json<T>(pub T);

impl<T> Deref for Json<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Json<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T> From<T> for Json<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> Field for Json<T> {
    const TYPE: Type = Type::Json;

    fn value(&self) -> Value<'_> {
        match serde_json::to_string(&self.0) {
            Ok(text) => Value::Json(text),
            Err(error) => Value::Unfit(error.to_string()),
        }
    }

    fn read(slot: &Slot<'_>) -> Result<Self, Unreadable> {
        serde_json::from_slice(slot.json()?).map(Self).map_err(Unreadable::new)
    }
}
