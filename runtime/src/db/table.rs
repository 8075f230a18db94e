//! A table's rows by key, and the start of every query.
//! Absent: conditions and orders, which are a [`Query`]'s.

use std::borrow::Borrow;
use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};

use futures_util::future::BoxFuture;

use super::binder::{Binder, NewBinder, Part};
use super::call::{About, Call, Reads};
use super::error::DataError;
use super::filter::Filter;
use super::group::Group;
use super::handle::Handle;
use super::key::KeyOperand;
#[cfg(feature = "cache")]
use super::key::Mark;
use super::model::{Facts, Model, New};
use super::page::{Cursor, Page};
use super::query::Query;
use super::relation::{Related, Relation};
use super::selected::Select;
use super::selection::Selection;
use super::sort::Sorting;
use super::statement::Statements;
use super::with::With;

/// The rows of one table: a field of a database's struct.
pub struct Table<T> {
    pub(super) handle: Handle,
    name: &'static str,
    statements: OnceLock<Arc<Statements>>,
    /// What holds its rows, if they are held.
    #[cfg(feature = "cache")]
    rows: OnceLock<Option<Arc<dyn crate::cache::Rows<T>>>>,
    row: PhantomData<fn() -> T>,
}

impl<T> Clone for Table<T> {
    fn clone(&self) -> Self {
        Self {
            handle: self.handle.clone(),
            name: self.name,
            statements: self.statements.clone(),
            #[cfg(feature = "cache")]
            rows: self.rows.clone(),
            row: PhantomData,
        }
    }
}

impl<T> fmt::Debug for Table<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("name", &self.name).field("handle", &self.handle).finish()
    }
}

/// The table that the field `field` of a database is: what the database's macro calls, whose error is about `T` alone.
#[doc(hidden)]
#[must_use]
pub fn table<T: Model>(handle: &Handle, field: &'static str) -> Table<T> {
    Table::new(handle, field)
}

impl<T: Model> Table<T> {
    /// The table that the field `field` of a database is.
    #[must_use]
    pub fn new(handle: &Handle, field: &'static str) -> Self {
        let name = T::NAME.unwrap_or(field);
        Self {
            handle: handle.clone(),
            name,
            statements: OnceLock::new(),
            #[cfg(feature = "cache")]
            rows: OnceLock::new(),
            row: PhantomData,
        }
    }

    /// Its SQL name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Adds a row and gives it back as it is stored: with what the engine numbered, computed or took as default.
    ///
    /// # Errors
    /// [`DataError::UniqueViolation`] and the other refusals of a row; [`DataError::OutOfRange`] for a value that the
    /// column can't hold.
    pub async fn insert(&self, row: T::New) -> Result<T, DataError> {
        let mut binder = NewBinder::new(self.handle.engine(), self.facts());
        row.bind(&mut binder);
        drop(row);
        let (given, arguments) = binder.finish()?;
        self.one(self.statements().insert(&given)?, arguments).await
    }

    /// Adds all rows or none, many at a time, and tells how many there were. The rows are taken and their values bound at
    /// once, so the future holds neither the iterator nor what it borrows.
    ///
    /// # Errors
    /// As [`Table::insert`], of the first row that is refused.
    pub fn insert_many(&self, rows: impl IntoIterator<Item = T::New>) -> BoxFuture<'_, Result<u64, DataError>> {
        self.together(self.batches(rows.into_iter()))
    }

    /// The row with this key.
    ///
    /// # Errors
    /// Only those of the connection and of reading; no row is `None`.
    pub async fn get(&self, key: impl KeyOperand<T::Key>) -> Result<Option<T>, DataError> {
        #[cfg(feature = "cache")]
        if self.handle.session().is_none()
            && let Some(rows) = self.rows.get_or_init(|| self.handle.held_rows::<T>(self.name))
        {
            let marks = self.noted(&key).iter().map(Mark::of).collect();
            return match rows.look(marks) {
                Ok(row) => Ok(row),
                Err(ask) => ask.loaded(Box::pin(self.load(key))).await,
            };
        }
        self.load(key).await
    }

    /// The row with this key, as it is in the database.
    async fn load(&self, key: impl KeyOperand<T::Key>) -> Result<Option<T>, DataError> {
        let call = self.by_key(self.statements().get(), &key)?;
        let call = Call { reads: Reads::Certainly, about: About::Row, ..call };
        #[cfg(feature = "cache")]
        if let Some(key) = crate::cache::is_computing().then(|| self.noted(&key)) {
            let columns: Vec<_> = self.facts().key_columns().collect();
            crate::cache::runs(&self.handle, crate::cache::What::Row(self.name, &columns, &key)).await;
        }
        self.handle.row(call, T::read).await
    }

    /// Writes every column but the key's to the row with this one's key.
    ///
    /// # Errors
    /// [`DataError::NotFound`] where there is no such row; else as [`Table::insert`].
    pub async fn update(&self, row: &T) -> Result<(), DataError> {
        let mut binder = Binder::new(self.handle.engine(), self.facts());
        row.bind(binder.part(Part::Rest));
        row.bind(binder.part(Part::KeyOfRow));
        let call = self.call(self.statements().update(), binder.finish()?);
        match self.handle.changed(call).await? {
            0 => Err(DataError::NotFound { table: self.name }),
            _ => Ok(()),
        }
    }

    /// Adds a row, or writes it over the one with its key, and gives it back as it is stored. Where the engine numbers the
    /// keys, only give it rows that came from the table: PostgreSQL does not count on from a number that it did not give.
    ///
    /// # Errors
    /// As [`Table::insert`].
    pub async fn upsert(&self, row: &T) -> Result<T, DataError> {
        let mut binder = Binder::new(self.handle.engine(), self.facts());
        row.bind(binder.part(Part::Written));
        self.one(self.statements().upsert()?, binder.finish()?).await
    }

    /// [`Table::upsert`] of all rows or none, many at a time, and tells how many there were. Of two with one key the later stays.
    ///
    /// # Errors
    /// As [`Table::insert`], of the first row that is refused.
    pub fn upsert_many<R: Borrow<T>>(
        &self,
        rows: impl IntoIterator<Item = R>,
    ) -> BoxFuture<'_, Result<u64, DataError>> {
        self.together(self.upserts(rows.into_iter()))
    }

    /// Removes the row with this key, and tells whether there was one.
    ///
    /// # Errors
    /// [`DataError::ReferenceViolation`] where another row refers to it.
    pub async fn delete(&self, key: impl KeyOperand<T::Key>) -> Result<bool, DataError> {
        let call = self.by_key(self.statements().delete(), &key)?;
        Ok(self.handle.changed(call).await? > 0)
    }

    /// Rows that have these words, the best first.
    #[cfg(feature = "search")]
    pub fn search(&self, words: impl Into<String>) -> crate::search::Search<T>
    where
        T: crate::search::Indexed,
    {
        crate::search::Search::new(&self.handle, self.name, words)
    }

    /// Compares every row with the search index. Where others write meanwhile, what differs is looked at several times.
    ///
    /// # Errors
    /// The index can't be read, or is too far behind.
    #[cfg(feature = "search")]
    pub async fn verify_search(&self) -> Result<crate::search::Verified, crate::search::SearchError>
    where
        T: crate::search::Indexed,
    {
        crate::search::verify::<T>(&self.handle, self.name).await
    }

    /// How the table's search index stands: how far it is behind, and what it can't take.
    ///
    /// # Errors
    /// The database can't be asked.
    #[cfg(feature = "search")]
    pub async fn search_status(&self) -> Result<crate::search::IndexStatus, crate::search::SearchError>
    where
        T: crate::search::Indexed,
    {
        crate::search::status::<T>(&self.handle, self.name).await
    }

    /// Every row, to be narrowed down.
    pub fn query(&self) -> Query<T> {
        Query::new(self.handle.clone(), self.name)
    }

    /// See [`Query::filter`].
    pub fn filter(&self, condition: impl FnOnce(&'static T::Columns) -> Filter<T>) -> Query<T> {
        self.query().filter(condition)
    }

    /// See [`Query::order_by`].
    pub fn order_by<S: Sorting<T>>(&self, order: impl FnOnce(&'static T::Columns) -> S) -> Query<T> {
        self.query().order_by(order)
    }

    /// See [`Query::limit`].
    pub fn limit(&self, rows: u64) -> Query<T> {
        self.query().limit(rows)
    }

    /// See [`Query::select`].
    pub fn select<S: Selection<T>>(&self, what: impl FnOnce(&'static T::Columns) -> S) -> Select<T, S> {
        self.query().select(what)
    }

    /// See [`Query::group_by`].
    pub fn group_by<K: Selection<T> + Copy>(&self, key: impl FnOnce(&'static T::Columns) -> K) -> Group<T, K> {
        self.query().group_by(key)
    }

    /// See [`Query::offset`].
    pub fn offset(&self, rows: u64) -> Query<T> {
        self.query().offset(rows)
    }

    /// See [`Query::after`].
    pub fn after(&self, cursor: impl Into<Option<Cursor>>) -> Query<T> {
        self.query().after(cursor)
    }

    /// See [`Query::page`].
    ///
    /// # Errors
    /// As [`Query::page`].
    pub async fn page(&self, rows: u32) -> Result<Page<T>, DataError> {
        self.query().page(rows).await
    }

    /// See [`Query::with`].
    pub fn with<R: Relation<T>>(&self, relation: impl FnOnce(&'static T::Relations) -> R) -> With<T, (R,)>
    where
        T: Related,
    {
        self.query().with(relation)
    }

    /// Every row.
    ///
    /// # Errors
    /// As [`Query::all`].
    pub async fn all(&self) -> Result<Vec<T>, DataError> {
        self.query().all().await
    }

    /// How many rows there are.
    ///
    /// # Errors
    /// As [`Query::count`].
    pub async fn count(&self) -> Result<u64, DataError> {
        self.query().count().await
    }

    /// See [`Query::stream`].
    pub fn stream(&self) -> super::Rows<T> {
        self.query().stream()
    }

    /// The values of a key.
    #[cfg(feature = "cache")]
    fn noted(&self, key: &impl KeyOperand<T::Key>) -> Vec<super::value::Value<'static>> {
        let mut binder = Binder::noting(self.handle.engine(), self.facts());
        key.bind(binder.part(Part::Key));
        binder.noted()
    }

    async fn one(&self, text: Arc<str>, arguments: super::dialect::Arguments) -> Result<T, DataError> {
        let row = self.handle.leading(self.call(text, arguments), T::read).await?;
        row.ok_or_else(|| DataError::other("the row that was written did not come back"))
    }

    fn by_key(&self, text: Arc<str>, key: &impl KeyOperand<T::Key>) -> Result<Call, DataError> {
        let mut binder = Binder::new(self.handle.engine(), self.facts());
        key.bind(binder.part(Part::Key));
        Ok(self.call(text, binder.finish()?))
    }

    fn call(&self, text: Arc<str>, arguments: super::dialect::Arguments) -> Call {
        Call {
            text,
            arguments,
            persistent: true,
            reads: Reads::No,
            bounded: true,
            facts: self.facts(),
            about: About::Rows,
        }
    }

    pub(super) fn facts(&self) -> Facts {
        Facts::of::<T>(self.name)
    }

    pub(super) fn statements(&self) -> &Statements {
        self.statements.get_or_init(|| self.handle.statements::<T>(self.name))
    }
}
