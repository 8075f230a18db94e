//! Rows in groups, and what is asked of each: `group_by(|o| o.status).select(|g| (g.key(), g.count(), g.sum(|o| o.total)))`.
//! Absent: running it ([`super::Select`]).

use std::fmt;
use std::marker::PhantomData;

use super::column::Column;
use super::handle::Handle;
use super::model::Model;
use super::select::{Ask, Cut};
use super::selected::Select;
use super::selection::{Average, Count, Max, Min, Number, Ranked, Selection, Sum, Terms};
use super::sort::{Sorting, Sorts};

/// Rows that are the same in the columns `K` are one group.
#[must_use = "a group asks nothing until something is selected of it"]
pub struct Group<T: Model, K> {
    handle: Handle,
    table: &'static str,
    rows: Ask,
    groups: Cut,
    grouped: Grouped<T, K>,
}

/// What can be asked of a group.
pub struct Grouped<T, K> {
    key: K,
    table: PhantomData<fn() -> T>,
}

impl<T: Model, K: Selection<T> + Copy> Group<T, K> {
    pub(crate) fn new(handle: Handle, table: &'static str, rows: Ask, key: K) -> Self {
        Self { handle, table, rows, groups: Cut::default(), grouped: Grouped { key, table: PhantomData } }
    }

    /// The groups in this order: `order_by(|g| g.count().desc())`.
    pub fn order_by<S: Sorting<T>>(mut self, order: impl FnOnce(&Grouped<T, K>) -> S) -> Self {
        let mut sorts = Sorts(std::mem::take(&mut self.groups.sorts));
        order(&self.grouped).sorts(&mut sorts);
        self.groups.sorts = sorts.0;
        self
    }

    /// At most this many groups.
    pub fn limit(mut self, groups: u64) -> Self {
        self.groups.limit = Some(groups);
        self
    }

    /// Without the first groups.
    pub fn offset(mut self, groups: u64) -> Self {
        self.groups.offset = Some(groups);
        self
    }

    /// These of each group.
    pub fn select<S: Selection<T>>(self, what: impl FnOnce(&Grouped<T, K>) -> S) -> Select<T, S> {
        let selection = what(&self.grouped);
        let mut key = Terms::default();
        self.grouped.key.terms(&mut key);
        Select::grouped(self.handle, self.table, self.rows, self.groups, key.0, selection)
    }
}

impl<T: Model, K: Selection<T> + Copy> Grouped<T, K> {
    /// What the rows of the group have in common.
    pub fn key(&self) -> K {
        self.key
    }

    /// How many rows it has.
    pub fn count(&self) -> Count<T> {
        Count::new()
    }

    /// The sum of a column; see [`super::Query::sum`].
    pub fn sum<N: Number>(&self, column: impl FnOnce(&'static T::Columns) -> Column<T, N>) -> Sum<T, N::Sum> {
        Sum::new(column(T::COLUMNS))
    }

    /// The average of a column; see [`super::Query::avg`].
    pub fn avg<N: Number>(&self, column: impl FnOnce(&'static T::Columns) -> Column<T, N>) -> Average<T, N::Average> {
        Average::new(column(T::COLUMNS))
    }

    /// The least value of a column.
    pub fn min<N: Ranked>(&self, column: impl FnOnce(&'static T::Columns) -> Column<T, N>) -> Min<T, N::Value> {
        Min::new(column(T::COLUMNS))
    }

    /// The greatest value of a column.
    pub fn max<N: Ranked>(&self, column: impl FnOnce(&'static T::Columns) -> Column<T, N>) -> Max<T, N::Value> {
        Max::new(column(T::COLUMNS))
    }
}

impl<T: Model, K> fmt::Debug for Group<T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group").field("table", &self.table).field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl<T, K> fmt::Debug for Grouped<T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grouped").finish_non_exhaustive()
    }
}
