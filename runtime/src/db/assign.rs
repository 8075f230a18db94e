//! What an update writes: [`Column::set`] and lists of it. In: columns with values, other columns, or numbers that the database
//! computes. Out: the columns and expressions of a statement. Absent: which rows are updated, which a query says.

use std::fmt;
use std::marker::PhantomData;

use sea_query::{Expr, Keyword};

use super::column::{Column, ColumnInfo};
use super::condition::Lowering;
use super::error::DataError;
use super::operand::{Operand, Side};

/// A column and what it becomes, in every row that is updated.
#[must_use = "it does nothing until `update` takes it"]
pub struct Set<T> {
    write: Write,
    table: PhantomData<fn() -> T>,
}

/// A [`Set`] without its table.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    pub(crate) column: &'static ColumnInfo,
    side: Side,
}

impl<T> Clone for Set<T> {
    fn clone(&self) -> Self {
        Self { write: self.write.clone(), table: PhantomData }
    }
}

impl<T> fmt::Debug for Set<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write.fmt(f)
    }
}

impl<T, V> Column<T, V> {
    /// What an update writes to it: a value, another column, or a number computed from the row: `p.stock.set(p.stock - 1)`. All
    /// are those of the row before the update.
    pub fn set(self, value: impl Operand<T, V>) -> Set<T> {
        Set { write: Write { column: self.info, side: value.side() }, table: PhantomData }
    }
}

/// What `update` takes: a [`Set`], a tuple, a list or a vector of them.
#[diagnostic::on_unimplemented(
    message = "rows of `{T}` can't be updated by `{Self}`",
    label = "not what a column becomes",
    note = "write `|p| p.stock.set(0)`, or `|p| (p.stock.set(0), p.name.set(\"none\"))`"
)]
pub trait Assignment<T> {
    /// Adds its columns.
    #[doc(hidden)]
    fn writes(self, into: &mut Writes);
}

/// The columns collected so far.
#[doc(hidden)]
#[derive(Clone, Debug, Default)]
pub struct Writes(pub(crate) Vec<Write>);

impl<T> Assignment<T> for Set<T> {
    fn writes(self, into: &mut Writes) {
        into.0.push(self.write);
    }
}

impl<T, S: Assignment<T>> Assignment<T> for Vec<S> {
    fn writes(self, into: &mut Writes) {
        self.into_iter().for_each(|set| set.writes(into));
    }
}

impl<T, S: Assignment<T>, const N: usize> Assignment<T> for [S; N] {
    fn writes(self, into: &mut Writes) {
        self.into_iter().for_each(|set| set.writes(into));
    }
}

macro_rules! assign_tuples {
    ($(($($name:ident),+))+) => {$(
        impl<T, $($name: Assignment<T>),+> Assignment<T> for ($($name,)+) {
            #[expect(non_snake_case, reason = "each type parameter names its element")]
            fn writes(self, into: &mut Writes) {
                let ($($name,)+) = self;
                $($name.writes(into);)+
            }
        }
    )+};
}

assign_tuples! { (A) (A, B) (A, B, C) (A, B, C, D) (A, B, C, D, E) (A, B, C, D, E, F) (A, B, C, D, E, F, G) (A, B, C, D, E, F, G, H) }

impl Lowering {
    /// The columns of an update, each with its expression.
    pub(crate) fn writes(&mut self, writes: &[Write]) -> Result<Vec<(&'static str, Expr)>, DataError> {
        if writes.is_empty() {
            return Err(DataError::other("an update writes at least one column"));
        }
        let mut written: Vec<(&'static str, Expr)> = Vec::with_capacity(writes.len());
        for Write { column, side } in writes {
            if column.generated {
                return Err(self.refuse(column, "the database computes it".to_owned()));
            }
            if written.iter().any(|(name, _)| *name == column.name) {
                return Err(self.refuse(column, "it is written twice".to_owned()));
            }
            let value = match side {
                Side::Value(value) => {
                    match value.clone().fit(column.ty).map_err(|reason| self.refuse(column, reason))? {
                        super::value::Value::Null => Expr::from(Keyword::Null),
                        value => self.parameter(value, column.ty)?,
                    }
                }
                Side::Column(other) if other.ty == column.ty => Expr::col(other.name),
                Side::Column(other) => {
                    let reason =
                        ["`", other.name, "` has another type; write columns of one precision and scale"].concat();
                    return Err(self.refuse(column, reason));
                }
                Side::Computed(node) => self.computed(column, node)?,
            };
            written.push((column.name, value));
        }
        Ok(written)
    }
}
