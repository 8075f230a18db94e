//! What a query gives instead of whole rows: columns, what is computed over many rows, and tuples of these.
//! Absent: the expressions and how their values are read ([`super::term`]).

use std::fmt;
use std::marker::PhantomData;

use rust_decimal::Decimal;

use super::column::{Column, ColumnInfo};
use super::error::DataError;
use super::field::{Field, Scalar, Sortable};
use super::reader::Reader;
use super::sort::{Direction, Sort};
use super::term::{Term, Total};

/// What `select` takes: a column, something computed over a group, or a tuple of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be selected from `{T}`",
    label = "not a column of `{T}`",
    note = "select a column, or a tuple of columns: `|p| (p.id, p.name)`"
)]
pub trait Selection<T>: Send + Sync + 'static {
    /// What is given for each row.
    type Out: Send + 'static;

    /// Adds its terms, in the order in which it reads them.
    #[doc(hidden)]
    fn terms(&self, into: &mut Terms);

    /// Reads it back.
    #[doc(hidden)]
    fn read(&self, row: &mut Reader<'_>) -> Result<Self::Out, DataError>;
}

/// The terms collected so far.
#[doc(hidden)]
#[derive(Clone, Debug, Default)]
pub struct Terms(pub(crate) Vec<Term>);

impl<T: 'static, V: Field> Selection<T> for Column<T, V> {
    type Out = V;

    fn terms(&self, into: &mut Terms) {
        into.0.push(Term::Column(self.info));
    }

    fn read(&self, row: &mut Reader<'_>) -> Result<V, DataError> {
        row.value(self.info)
    }
}

macro_rules! select_tuples {
    ($(($($name:ident),+))+) => {$(
        impl<T, $($name: Selection<T>),+> Selection<T> for ($($name,)+) {
            type Out = ($($name::Out,)+);

            #[expect(non_snake_case, reason = "each type parameter names its element")]
            fn terms(&self, into: &mut Terms) {
                let ($($name,)+) = self;
                $($name.terms(into);)+
            }

            #[expect(non_snake_case, reason = "each type parameter names its element")]
            fn read(&self, row: &mut Reader<'_>) -> Result<Self::Out, DataError> {
                let ($($name,)+) = self;
                Ok(($($name.read(row)?,)+))
            }
        }
    )+};
}

select_tuples! { (A) (A, B) (A, B, C) (A, B, C, D) (A, B, C, D, E) (A, B, C, D, E, F) (A, B, C, D, E, F, G) (A, B, C, D, E, F, G, H) }

macro_rules! aggregates {
    ($($(#[$doc:meta])* $name:ident<$($parameter:ident),+> of $($field:ident)?;)+) => {$(
        $(#[$doc])*
        pub struct $name<$($parameter),+> {
            $($field: &'static ColumnInfo,)?
            types: PhantomData<fn() -> ($($parameter,)+)>,
        }

        impl<$($parameter),+> Clone for $name<$($parameter),+> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<$($parameter),+> Copy for $name<$($parameter),+> {}

        impl<$($parameter),+> fmt::Debug for $name<$($parameter),+> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name))$(.field("column", &self.$field.name))?.finish()
            }
        }
    )+};
}

aggregates! {
    /// How many rows there are.
    Count<T> of;
    /// The sum of a column's values, `V` where there is none too: then it is 0.
    Sum<T, V> of column;
    /// The average of a column's values, where there are some.
    Average<T, V> of column;
    /// The least value of a column, where there is one.
    Min<T, V> of column;
    /// The greatest value of a column, where there is one.
    Max<T, V> of column;
}

impl<T> Count<T> {
    pub(crate) fn new() -> Self {
        Self { types: PhantomData }
    }

    /// From low to high.
    pub fn asc(self) -> Sort<T> {
        Sort::of(Term::Count, Direction::Ascending)
    }

    /// From high to low.
    pub fn desc(self) -> Sort<T> {
        Sort::of(Term::Count, Direction::Descending)
    }
}

macro_rules! of_columns {
    ($($name:ident),+) => {$(
        impl<T, V> $name<T, V> {
            pub(crate) fn new<N>(column: Column<T, N>) -> Self {
                Self { column: column.info, types: PhantomData }
            }
        }
    )+};
}

of_columns! { Sum, Average, Min, Max }

macro_rules! sorted {
    ($($name:ident),+) => {$(
        impl<T, V> $name<T, V> {
            /// From low to high; where there is no value, last.
            pub fn asc(self) -> Sort<T> {
                Sort::of(Term::$name(self.column), Direction::Ascending)
            }

            /// From high to low; where there is no value, last.
            pub fn desc(self) -> Sort<T> {
                Sort::of(Term::$name(self.column), Direction::Descending)
            }
        }
    )+};
}

sorted! { Sum, Min, Max }

impl<T: 'static> Selection<T> for Count<T> {
    type Out = i64;

    fn terms(&self, into: &mut Terms) {
        into.0.push(Term::Count);
    }

    fn read(&self, row: &mut Reader<'_>) -> Result<i64, DataError> {
        // There are no more rows than that.
        row.count().map(u64::cast_signed)
    }
}

impl<T: 'static, V: Summed> Selection<T> for Sum<T, V> {
    type Out = V;

    fn terms(&self, into: &mut Terms) {
        into.0.push(Term::Sum(self.column));
    }

    fn read(&self, row: &mut Reader<'_>) -> Result<V, DataError> {
        let total = row.total(self.column)?;
        V::summed(total, row, self.column)
    }
}

impl<T: 'static, V: Averaged> Selection<T> for Average<T, V> {
    type Out = Option<V>;

    fn terms(&self, into: &mut Terms) {
        into.0.extend([Term::Sum(self.column), Term::Values(self.column)]);
    }

    fn read(&self, row: &mut Reader<'_>) -> Result<Option<V>, DataError> {
        let (total, count) = (row.total(self.column)?, row.count()?);
        if count == 0 { Ok(None) } else { V::averaged(total, count, row, self.column).map(Some) }
    }
}

impl<T: 'static, V: Field> Selection<T> for Min<T, V> {
    type Out = Option<V>;

    fn terms(&self, into: &mut Terms) {
        into.0.push(Term::Min(self.column));
    }

    fn read(&self, row: &mut Reader<'_>) -> Result<Option<V>, DataError> {
        row.value(self.column)
    }
}

impl<T: 'static, V: Field> Selection<T> for Max<T, V> {
    type Out = Option<V>;

    fn terms(&self, into: &mut Terms) {
        into.0.push(Term::Max(self.column));
    }

    fn read(&self, row: &mut Reader<'_>) -> Result<Option<V>, DataError> {
        row.value(self.column)
    }
}

/// A sum's type.
#[doc(hidden)]
pub trait Summed: Sized + Send + 'static {
    #[doc(hidden)]
    fn summed(total: Option<Total>, row: &Reader<'_>, of: &'static ColumnInfo) -> Result<Self, DataError>;
}

/// An average's type.
#[doc(hidden)]
pub trait Averaged: Sized + Send + 'static {
    #[doc(hidden)]
    fn averaged(total: Option<Total>, count: u64, row: &Reader<'_>, of: &'static ColumnInfo)
    -> Result<Self, DataError>;
}

impl Summed for i64 {
    fn summed(total: Option<Total>, row: &Reader<'_>, of: &'static ColumnInfo) -> Result<Self, DataError> {
        Self::try_from(row.whole(of, total)?).map_err(|_| row.too_great(of))
    }
}

impl Summed for f64 {
    fn summed(total: Option<Total>, row: &Reader<'_>, of: &'static ColumnInfo) -> Result<Self, DataError> {
        row.float(of, total)
    }
}

impl Summed for Decimal {
    fn summed(total: Option<Total>, row: &Reader<'_>, of: &'static ColumnInfo) -> Result<Self, DataError> {
        row.decimal(of, total)
    }
}

impl Averaged for f64 {
    fn averaged(
        total: Option<Total>,
        count: u64,
        row: &Reader<'_>,
        of: &'static ColumnInfo,
    ) -> Result<Self, DataError> {
        Ok(row.float(of, total)? / count as f64)
    }
}

impl Averaged for Decimal {
    fn averaged(
        total: Option<Total>,
        count: u64,
        row: &Reader<'_>,
        of: &'static ColumnInfo,
    ) -> Result<Self, DataError> {
        row.decimal(of, total)?.checked_div(Self::from(count)).ok_or_else(|| row.too_great(of))
    }
}

/// A field of numbers, which have a sum and an average.
#[diagnostic::on_unimplemented(
    message = "values of `{Self}` can't be added up",
    label = "a column of numbers is needed"
)]
pub trait Number: Field {
    /// `i64` for whole numbers, `Decimal` for decimals, `f64` for floating-point numbers.
    type Sum: Summed;
    /// `Decimal` for decimals, else `f64`.
    type Average: Averaged;
}

macro_rules! numbers {
    ($($rust:ty => $sum:ty, $average:ty;)+) => {$(
        impl Number for $rust {
            type Sum = $sum;
            type Average = $average;
        }
    )+};
}

numbers! {
    i16 => i64, f64;
    i32 => i64, f64;
    i64 => i64, f64;
    u16 => i64, f64;
    u32 => i64, f64;
    f32 => f64, f64;
    f64 => f64, f64;
    Decimal => Decimal, Decimal;
}

impl<V: Number> Number for Option<V> {
    type Sum = V::Sum;
    type Average = V::Average;
}

/// A field of which there is a least and a greatest value.
#[diagnostic::on_unimplemented(
    message = "values of `{Self}` have no order",
    label = "has no order that is the same on every engine"
)]
pub trait Ranked: Sortable {
    /// The value, where there is one.
    type Value: Field;
}

impl<V: Scalar> Ranked for V {
    type Value = V;
}

impl<V: Scalar> Ranked for Option<V> {
    type Value = V;
}
