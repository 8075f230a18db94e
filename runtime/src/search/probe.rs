//! Whether a table has a search index, asked of its concrete type: the attribute beside it implements [`Indexed`], and the database's
//! macro, which sees only the type's name, cannot know.
//! An inherent constant goes before a trait's of the same name where its bounds hold, and they do or do not for a concrete type.
//! Absent: an answer in generic code, where it is always that there is none.

use std::marker::PhantomData;

use super::index::{IndexInfo, Indexed};
use crate::db::{DataError, Handle};

/// Asks of `T`: `Probe::<Product>::INDEX`, with [`Unindexed`] in scope.
#[derive(Debug)]
pub struct Probe<T>(PhantomData<T>);

impl<T: Indexed> Probe<T> {
    /// The index of the table.
    pub const INDEX: Option<&'static IndexInfo> = Some(&T::INDEX);
    /// Follows the table in its index.
    pub const FOLLOW: Option<Follow> = Some(|handle, field| handle.index_of::<T>(T::NAME.unwrap_or(field)).map(drop));
}

/// Follows the table that a field of a database is in its search index.
pub type Follow = fn(&Handle, &'static str) -> Result<(), DataError>;

/// The answer where there is no index.
pub trait Unindexed {
    /// There is none.
    const INDEX: Option<&'static IndexInfo> = None;
    /// So there is nothing to follow in.
    const FOLLOW: Option<Follow> = None;
}

impl<T> Unindexed for Probe<T> {}
