//! The order of a query's rows.
//! Absent: what an engine does with rows that hold no value; here they stand last unless asked.

use std::marker::PhantomData;

use super::column::ColumnInfo;
use super::term::Term;

/// One column to order by.
#[must_use = "an order does nothing until `order_by` takes it"]
#[derive(Debug)]
pub struct Sort<T> {
    key: SortKey,
    table: PhantomData<fn() -> T>,
}

impl<T> Clone for Sort<T> {
    fn clone(&self) -> Self {
        Self { key: self.key, table: PhantomData }
    }
}

/// A [`Sort`] without its table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SortKey {
    pub(crate) term: Term,
    pub(crate) direction: Direction,
    pub(crate) nulls_first: bool,
}

/// Which end comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Ascending,
    Descending,
}

impl<T> Sort<T> {
    pub(crate) fn new(column: &'static ColumnInfo, direction: Direction) -> Self {
        Self::of(Term::Column(column), direction)
    }

    pub(crate) fn of(term: Term, direction: Direction) -> Self {
        Self { key: SortKey { term, direction, nulls_first: false }, table: PhantomData }
    }

    /// Rows that hold no value come first.
    pub fn nulls_first(mut self) -> Self {
        self.key.nulls_first = true;
        self
    }
}

/// What `order_by` takes: a [`Sort`], a tuple, a list or a vector of them.
#[diagnostic::on_unimplemented(
    message = "rows of `{T}` can't be ordered by `{Self}`",
    label = "not an order",
    note = "write `|p| p.name.asc()`, or `|p| (p.name.asc(), p.id.desc())`"
)]
pub trait Sorting<T> {
    /// Adds its columns, the most significant first.
    #[doc(hidden)]
    fn sorts(self, into: &mut Sorts);
}

/// The columns collected so far.
#[doc(hidden)]
#[derive(Clone, Debug, Default)]
pub struct Sorts(pub(crate) Vec<SortKey>);

impl<T> Sorting<T> for Sort<T> {
    fn sorts(self, into: &mut Sorts) {
        into.0.push(self.key);
    }
}

impl<T, S: Sorting<T>> Sorting<T> for Vec<S> {
    fn sorts(self, into: &mut Sorts) {
        self.into_iter().for_each(|sort| sort.sorts(into));
    }
}

impl<T, S: Sorting<T>, const N: usize> Sorting<T> for [S; N] {
    fn sorts(self, into: &mut Sorts) {
        self.into_iter().for_each(|sort| sort.sorts(into));
    }
}

macro_rules! sort_by_tuples {
    ($(($($name:ident),+))+) => {$(
        impl<T, $($name: Sorting<T>),+> Sorting<T> for ($($name,)+) {
            #[expect(non_snake_case, reason = "each type parameter names its element")]
            fn sorts(self, into: &mut Sorts) {
                let ($($name,)+) = self;
                $($name.sorts(into);)+
            }
        }
    )+};
}

sort_by_tuples! { (A) (A, B) (A, B, C) (A, B, C, D) (A, B, C, D, E) (A, B, C, D, E, F) }
