//! Whether a table has a search index, asked of its concrete type: the attribute beside it implements [`Indexed`], and the database's
//! macro, which sees only the type's name, cannot know.
//! An inherent constant goes before a trait's of the same name where its bounds hold, and they do or do not for a concrete type.
//! Absent: an answer in generic code, where it is always that there is none.

use std::marker::PhantomData;

use super::index::{IndexInfo, Indexed};
use super::tend::{Tended, tend};
use crate::db::{DataError, Handle};

/// Asks of `T`: `Probe::<Product>::INDEX`, with [`Unindexed`] in scope.
#[derive(Debug)]
pub struct Probe<T>(PhantomData<T>);

impl<T: Indexed> Probe<T> {
    /// The index of the table.
    pub const INDEX: Option<&'static IndexInfo> = Some(&T::INDEX);
    /// Follows the table in its index.
    pub const FOLLOW: Option<Follow> = Some(Follow {
        index: &T::INDEX,
        table: T::NAME,
        follow: |handle, table| handle.index_of::<T>(table).map(drop),
        tend: |handle, table| tend::<T>(handle, table),
    });
}

/// Takes the index of a table to look after it.
type Tend = fn(Handle, &'static str) -> Result<Box<dyn Tended>, DataError>;

/// What can be done with a table's search index where nobody knows the type of its rows.
#[derive(Clone, Copy, Debug)]
pub struct Follow {
    index: &'static IndexInfo,
    /// The table's name where it is not that of the database's field.
    table: Option<&'static str>,
    follow: fn(&Handle, &'static str) -> Result<(), DataError>,
    tend: Tend,
}

impl Follow {
    /// Follows the table that a field of a database is.
    pub(crate) fn follow(&self, handle: &Handle, field: &'static str) -> Result<(), DataError> {
        (self.follow)(handle, self.table(field))
    }

    /// The same index, which is not followed, for whoever looks after it.
    pub(crate) fn tend(&self, handle: Handle, field: &'static str) -> Result<Box<dyn Tended>, DataError> {
        (self.tend)(handle, self.table(field))
    }

    /// The table's name.
    pub(crate) fn table(&self, field: &'static str) -> &'static str {
        self.table.unwrap_or(field)
    }

    /// The index's name.
    pub(crate) fn name(&self, field: &'static str) -> &'static str {
        self.index.name.unwrap_or(self.table(field))
    }
}

/// The answer where there is no index.
pub trait Unindexed {
    /// There is none.
    const INDEX: Option<&'static IndexInfo> = None;
    /// So there is nothing to follow in.
    const FOLLOW: Option<Follow> = None;
}

impl<T> Unindexed for Probe<T> {}
