//! Whether a table has a search index, asked of its concrete type: the attribute beside it implements [`Indexed`], and the database's
//! macro, which sees only the type's name, cannot know.
//! An inherent constant goes before a trait's of the same name where its bounds hold, and they do or do not for a concrete type.
//! Absent: an answer in generic code, where it is always that there is none.

use std::marker::PhantomData;

use super::index::{IndexInfo, Indexed};

/// Asks of `T`: `Probe::<Product>::INDEX`, with [`Unindexed`] in scope.
#[derive(Debug)]
pub struct Probe<T>(PhantomData<T>);

impl<T: Indexed> Probe<T> {
    /// The index of the table.
    pub const INDEX: Option<&'static IndexInfo> = Some(&T::INDEX);
}

/// The answer where there is no index.
pub trait Unindexed {
    /// There is none.
    const INDEX: Option<&'static IndexInfo> = None;
}

impl<T> Unindexed for Probe<T> {}
