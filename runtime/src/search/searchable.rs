//! Which types of columns can be searched, and how. Each is a list of what wraps nothing, with options and newtypes of that; the
//! macro of an enumeration adds it. Where a type is none of them, rustc says what is, at the field.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::db::{Field, Newtype};

/// A field whose words can be found.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no words that a search could find",
    label = "not a type of `#[text]`",
    note = "`#[text]` stands on a `String`, a newtype over it with `#[Database::value]`, or an `Option` of these"
)]
pub trait Searchable: Field {}

/// A field that can filter and order what a search finds.
#[diagnostic::on_unimplemented(
    message = "what a search finds can't be filtered by `{Self}`",
    label = "not a type of `#[filter]`",
    note = "`#[filter]` stands on every type of a column but `Vec<u8>` and `Json<T>`"
)]
pub trait Filterable: Field {}

/// A field whose values can be counted among what a search finds.
#[diagnostic::on_unimplemented(
    message = "values of `{Self}` can't be counted by a search",
    label = "not a type of `#[facet]`",
    note = "`#[facet]` stands on an enumeration, `String`, `bool`, an integer, a newtype over these with `#[Database::value]`, or an `Option` of these"
)]
pub trait Facetable: Field {}

impl Searchable for String {}

macro_rules! plain {
    ($($marker:ident: $($ty:ty),+;)+) => {$(
        $(impl $marker for $ty {})+
    )+};
}

plain! {
    Filterable: bool, i16, i32, i64, u16, u32, f32, f64, String, Uuid, DateTime<Utc>, NaiveDate, NaiveTime, Decimal;
    Facetable: bool, i16, i32, i64, u16, u32, String;
}

// What is said is said of the type as it is written, not of what it wraps.
macro_rules! wrapped {
    ($($marker:ident),+) => {$(
        #[diagnostic::do_not_recommend]
        impl<V: $marker> $marker for Option<V> {}

        #[diagnostic::do_not_recommend]
        impl<N: Newtype> $marker for N where N::Inner: $marker {}
    )+};
}

wrapped! { Searchable, Filterable, Facetable }
