//! A question for columns or groups instead of rows, and the ways to have the answers.
//! Absent: which terms there are ([`super::selection`]), and SQL ([`super::select`]).

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::error::DataError;
use super::handle::Handle;
use super::model::{Facts, Model};
use super::query::Rows;
use super::reader::Reader;
use super::select::{Ask, Asked, Cut};
use super::selection::{Selection, Terms};
use super::term::Term;

/// What is selected of a table's rows or groups; nothing is run before [`Select::all`] or one of its kind.
#[must_use = "a query asks nothing until `all`, `first` or `stream`"]
pub struct Select<T: Model, S> {
    handle: Handle,
    table: &'static str,
    asked: Asked,
    selection: Arc<S>,
    row: PhantomData<fn() -> T>,
}

impl<T: Model, S: Selection<T>> Select<T, S> {
    pub(crate) fn of(handle: Handle, table: &'static str, rows: Ask, selection: S) -> Self {
        let asked = Asked { rows, ..Asked::default() };
        Self::new(handle, table, asked, selection)
    }

    pub(crate) fn grouped(
        handle: Handle,
        table: &'static str,
        rows: Ask,
        groups: Cut,
        key: Vec<Term>,
        selection: S,
    ) -> Self {
        Self::new(handle, table, Asked { rows, groups: Some((key, groups)), ..Asked::default() }, selection)
    }

    fn new(handle: Handle, table: &'static str, mut asked: Asked, selection: S) -> Self {
        let mut terms = Terms::default();
        selection.terms(&mut terms);
        asked.terms = terms.0;
        Self { handle, table, asked, selection: Arc::new(selection), row: PhantomData }
    }

    /// Each answer once.
    pub fn distinct(mut self) -> Self {
        self.asked.distinct = true;
        self
    }

    /// The answers.
    ///
    /// # Errors
    /// As [`super::Query::all`]; [`DataError::OutOfRange`] for a sum that its type does not hold.
    pub async fn all(self) -> Result<Vec<S::Out>, DataError> {
        let call = self.asked.call(self.handle.engine(), self.facts())?;
        let selection = self.selection;
        self.handle.rows(call, move |row: &mut Reader<'_>| selection.read(row)).await
    }

    /// The first answer.
    ///
    /// # Errors
    /// As [`Select::all`].
    pub async fn first(mut self) -> Result<Option<S::Out>, DataError> {
        self.asked.take_one();
        self.one().await
    }

    /// The answer of what is computed over all rows, of which there is one, whatever they are.
    pub(crate) async fn one(self) -> Result<Option<S::Out>, DataError> {
        let call = self.asked.call(self.handle.engine(), self.facts())?;
        let selection = self.selection;
        self.handle.row(call, move |row: &mut Reader<'_>| selection.read(row)).await
    }

    /// The answers one after the other; see [`super::Query::stream`].
    pub fn stream(self) -> Rows<S::Out> {
        let selection = Arc::clone(&self.selection);
        let call = self.asked.call(self.handle.engine(), self.facts());
        Rows::of(call.map(|call| self.handle.stream(call, move |row: &mut Reader<'_>| selection.read(row))))
    }

    fn facts(&self) -> Facts {
        Facts::of::<T>(self.table)
    }
}

impl<T: Model, S> fmt::Debug for Select<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Select").field("table", &self.table).field("asked", &self.asked).finish_non_exhaustive()
    }
}
