//! A question to one table: which rows, in which order, how many; and the ways to have them.
//! Absent: joins.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::Stream;
use futures_util::stream::BoxStream;

use super::assign::{Assignment, Writes};
use super::call::Call;
use super::column::{Column, ColumnInfo};
use super::error::DataError;
use super::filter::{Comparison, Filter, Node};
use super::group::Group;
use super::handle::Handle;
use super::model::{Facts, Model};
use super::operand::Side;
use super::page::{Cursor, Page, place, whole_order};
use super::reader::Reader;
use super::select::{Ask, Cut};
use super::selected::Select;
use super::selection::{Average, Max, Min, Number, Ranked, Selection, Sum};
use super::sort::{Sorting, Sorts};
use super::value::Value;

/// A row under its key, or why it can't be read.
#[cfg(feature = "search")]
pub(crate) type ByKey<T> = (Vec<Value<'static>>, Result<T, DataError>);

/// Rows of a table that are asked for; nothing is run before [`Query::all`] or one of its kind.
#[must_use = "a query asks nothing until `all`, `first`, `count` or another of its kind"]
pub struct Query<T: Model> {
    handle: Handle,
    table: &'static str,
    ask: Ask,
    row: PhantomData<fn() -> T>,
}

impl<T: Model> Clone for Query<T> {
    fn clone(&self) -> Self {
        Self { handle: self.handle.clone(), table: self.table, ask: self.ask.clone(), row: PhantomData }
    }
}

impl<T: Model> fmt::Debug for Query<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Query").field("table", &self.table).field("ask", &self.ask).finish()
    }
}

impl<T: Model> Query<T> {
    pub(crate) fn new(handle: Handle, table: &'static str) -> Self {
        Self { handle, table, ask: Ask::default(), row: PhantomData }
    }

    /// Only rows that meet this condition, and those of earlier calls: `filter(|p| p.price.lt(dec!(10)) & p.stock.gt(0))`.
    pub fn filter(mut self, condition: impl FnOnce(&'static T::Columns) -> Filter<T>) -> Self {
        self.ask.filters.push(condition(T::COLUMNS).node);
        self
    }

    /// In this order, behind those of earlier calls: `order_by(|p| (p.name.asc(), p.id.desc()))`.
    pub fn order_by<S: Sorting<T>>(mut self, order: impl FnOnce(&'static T::Columns) -> S) -> Self {
        let mut sorts = Sorts(std::mem::take(&mut self.ask.page.sorts));
        order(T::COLUMNS).sorts(&mut sorts);
        self.ask.page.sorts = sorts.0;
        self
    }

    /// At most this many rows.
    pub fn limit(mut self, rows: u64) -> Self {
        self.ask.page.limit = Some(rows);
        self
    }

    /// Without the first rows. Each of them is still gone through: to page through many, go on behind the last row
    /// instead, `filter(|p| p.name.gt(last)).order_by(|p| p.name.asc()).limit(100)`.
    pub fn offset(mut self, rows: u64) -> Self {
        self.ask.page.offset = Some(rows);
        self
    }

    /// The rows.
    ///
    /// # Errors
    /// [`DataError::OutOfRange`] for a value that the column can't be compared with; [`DataError::Decode`] for a row that
    /// is no `T`; those of the connection.
    pub async fn all(self) -> Result<Vec<T>, DataError> {
        self.handle.some_rows(self.call()?, T::read, self.ask.page.expected()).await
    }

    /// The rows behind a cursor, in the order that its page had. Nothing is gone through twice, and rows that come or go meanwhile
    /// move no others to another page.
    pub fn after(mut self, cursor: impl Into<Option<Cursor>>) -> Self {
        self.ask.after = cursor.into();
        self
    }

    /// At most this many rows, and a cursor where there are more. Rows that are alike in the query's order are ordered by the key:
    /// `order_by(|p| p.name.asc()).after(cursor).page(100)`.
    ///
    /// # Errors
    /// As [`Query::all`]; [`DataError::Cursor`] where the cursor of [`Query::after`] is of another query, or was changed.
    pub async fn page(mut self, rows: u32) -> Result<Page<T>, DataError> {
        let facts = self.facts();
        let order = whole_order(&self.ask.page.sorts, facts);
        self.ask.page = Cut { sorts: order.clone(), limit: Some(u64::from(rows) + 1), ..self.ask.page };
        let call = self.ask.rows(self.handle.engine(), facts)?;
        let sorts = order.clone();
        let read = move |row: &mut Reader<'_>| Ok((place(row, &sorts, facts)?, T::read(row)?));
        let mut found = self.handle.some_rows(call, read, self.ask.page.expected()).await?;
        let wanted = usize::try_from(rows).unwrap_or(usize::MAX);
        let is_more = found.len() > wanted;
        found.truncate(wanted);
        let last = found.last().filter(|_| is_more);
        let next = last.map(|(values, _)| Cursor::behind(values, &order, facts)).transpose()?;
        Ok(Page { rows: found.into_iter().map(|(_, row)| row).collect(), next })
    }

    /// Only rows that meet this condition, too.
    #[cfg(feature = "search")]
    pub(crate) fn only(mut self, node: Node) -> Self {
        self.ask.filters.push(node);
        self
    }

    /// The rows in the order of the key, each under its key, whether it can be read or not; and a cursor where there are more than
    /// `most`.
    #[cfg(feature = "search")]
    pub(crate) async fn by_key(mut self, most: Option<usize>) -> Result<(Vec<ByKey<T>>, Option<Cursor>), DataError> {
        let facts = self.facts();
        let order = whole_order(&[], facts);
        let limit = most.map(|most| most as u64 + 1);
        self.ask.page = Cut { sorts: order.clone(), limit, ..self.ask.page };
        let call = self.ask.rows(self.handle.engine(), facts)?;
        let sorts = order.clone();
        let read = move |row: &mut Reader<'_>| Ok((place(row, &sorts, facts)?, T::read(row)));
        let mut found = self.handle.rows(call, read).await?;
        let is_more = most.is_some_and(|most| found.len() > most);
        found.truncate(most.unwrap_or(usize::MAX));
        let last = found.last().filter(|_| is_more);
        let next = last.map(|(values, _)| Cursor::behind(values, &order, facts)).transpose()?;
        for (key, _) in &mut found {
            let columns = facts.key_columns();
            *key = std::mem::take(key).into_iter().zip(columns).map(|(value, column)| column.current(value)).collect();
        }
        Ok((found, next))
    }

    /// The first row.
    ///
    /// # Errors
    /// As [`Query::all`].
    pub async fn first(mut self) -> Result<Option<T>, DataError> {
        self.ask.page = self.ask.page.first();
        self.handle.row(self.call()?, T::read).await
    }

    /// How many rows there are.
    ///
    /// # Errors
    /// As [`Query::all`].
    pub async fn count(self) -> Result<u64, DataError> {
        let call = self.ask.count(self.handle.engine(), self.facts())?;
        let count = self.handle.row(call, |row: &mut Reader<'_>| row.read::<i64>()).await?;
        Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or_default())
    }

    /// Whether there is one.
    ///
    /// # Errors
    /// As [`Query::all`].
    pub async fn exists(self) -> Result<bool, DataError> {
        let call = self.ask.exists(self.handle.engine(), self.facts())?;
        Ok(self.handle.row(call, |_: &mut Reader<'_>| Ok(())).await?.is_some())
    }

    /// Removes them, and tells how many there were.
    ///
    /// # Errors
    /// As [`Query::all`]; [`DataError::ReferenceViolation`] where another row refers to one of them.
    pub async fn delete(self) -> Result<u64, DataError> {
        let call = self.ask.delete(self.handle.engine(), self.facts())?;
        self.handle.changed(call).await
    }

    /// Writes these columns of every row, and tells how many rows there were:
    /// `filter(|p| p.stock.gt(0)).update(|p| (p.stock.set(p.stock - 1), p.sold_at.set(now)))`.
    ///
    /// # Errors
    /// As [`Query::all`]; [`DataError::OutOfRange`] also for a number that is computed and does not fit its column; the refusals
    /// of a row, as of [`Table::insert`](super::Table::insert): then no row was written.
    pub async fn update<S: Assignment<T>>(self, set: impl FnOnce(&'static T::Columns) -> S) -> Result<u64, DataError> {
        let mut writes = Writes::default();
        set(T::COLUMNS).writes(&mut writes);
        let call = self.ask.update(&writes.0, self.handle.engine(), self.facts())?;
        self.handle.changed(call).await
    }

    /// The rows one after the other, without holding all of them, over a connection of its own that is free again at the
    /// end. Inside a transaction, and of a database in memory, there is but one connection: there the rows are read at once.
    pub fn stream(self) -> Rows<T> {
        let call = self.call();
        Rows::of(call.map(|call| self.handle.stream(call, T::read)))
    }

    /// Of each row only these: `select(|p| (p.id, p.name))`.
    pub fn select<S: Selection<T>>(self, what: impl FnOnce(&'static T::Columns) -> S) -> Select<T, S> {
        Select::of(self.handle, self.table, self.ask, what(T::COLUMNS))
    }

    /// The rows in groups, by a column or a tuple of columns: `group_by(|o| o.status)`. An order that was said before is that
    /// of the rows, and does something only where it says which of them there are.
    pub fn group_by<K: Selection<T> + Copy>(self, key: impl FnOnce(&'static T::Columns) -> K) -> Group<T, K> {
        Group::new(self.handle, self.table, self.ask, key(T::COLUMNS))
    }

    /// The sum of a column: an `i64` for whole numbers, a `Decimal` for decimals, both exact; an `f64` for floating-point
    /// numbers, whose last digits depend on the order in which they are added, and which have to stay finite. What holds no
    /// value adds nothing.
    ///
    /// # Errors
    /// As [`Query::all`]; [`DataError::OutOfRange`] for a sum that its type does not hold.
    pub async fn sum<N: Number>(
        self,
        column: impl FnOnce(&'static T::Columns) -> Column<T, N>,
    ) -> Result<N::Sum, DataError> {
        self.computed(Sum::<T, N::Sum>::new(column(T::COLUMNS))).await
    }

    /// The average of a column: a `Decimal` for decimals, rounded to 28 digits, else an `f64`. What holds no value does not
    /// count; where nothing does, there is none.
    ///
    /// # Errors
    /// As [`Query::sum`].
    pub async fn avg<N: Number>(
        self,
        column: impl FnOnce(&'static T::Columns) -> Column<T, N>,
    ) -> Result<Option<N::Average>, DataError> {
        self.computed(Average::<T, N::Average>::new(column(T::COLUMNS))).await
    }

    /// The least value of a column.
    ///
    /// # Errors
    /// As [`Query::all`].
    pub async fn min<N: Ranked>(
        self,
        column: impl FnOnce(&'static T::Columns) -> Column<T, N>,
    ) -> Result<Option<N::Value>, DataError> {
        self.computed(Min::<T, N::Value>::new(column(T::COLUMNS))).await
    }

    /// The greatest value of a column.
    ///
    /// # Errors
    /// As [`Query::all`].
    pub async fn max<N: Ranked>(
        self,
        column: impl FnOnce(&'static T::Columns) -> Column<T, N>,
    ) -> Result<Option<N::Value>, DataError> {
        self.computed(Max::<T, N::Value>::new(column(T::COLUMNS))).await
    }

    async fn computed<S: Selection<T>>(self, what: S) -> Result<S::Out, DataError> {
        let answer = Select::of(self.handle, self.table, self.ask, what).one().await?;
        answer.ok_or_else(|| DataError::other("nothing came back of what is computed over all rows"))
    }

    fn call(&self) -> Result<Call, DataError> {
        let statements = self.handle.statements::<T>(self.table);
        self.ask.rows_kept(&statements, self.handle.engine(), self.facts())
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// The same, asked of another handle.
    #[cfg(feature = "postgres")]
    pub(crate) fn on(self, handle: &Handle) -> Self {
        Self { handle: handle.clone(), ..self }
    }

    /// Only rows that hold this value in a column.
    pub(crate) fn holding(mut self, column: &'static ColumnInfo, value: Value<'static>) -> Self {
        self.ask.filters.push(Node::Compare { column, comparison: Comparison::Equal, side: Side::Value(value) });
        self
    }

    fn facts(&self) -> Facts {
        Facts::of::<T>(self.table)
    }
}

/// The rows of [`Query::stream`]. It ends after the first error.
#[must_use = "a stream asks nothing until it is polled"]
pub struct Rows<T> {
    rows: BoxStream<'static, Result<T, DataError>>,
}

impl<T> Stream for Rows<T> {
    type Item = Result<T, DataError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.rows.as_mut().poll_next(cx)
    }
}

impl<T: Send + 'static> Rows<T> {
    /// These, or the error alone.
    pub(crate) fn of(rows: Result<BoxStream<'static, Result<T, DataError>>, DataError>) -> Self {
        let rows = rows.unwrap_or_else(|error| Box::pin(futures_util::stream::once(std::future::ready(Err(error)))));
        Self { rows }
    }
}

impl<T> Rows<T> {
    /// The next row.
    ///
    /// # Errors
    /// As [`Query::all`].
    pub async fn next(&mut self) -> Result<Option<T>, DataError> {
        std::future::poll_fn(|cx| self.rows.as_mut().poll_next(cx)).await.transpose()
    }
}

impl<T> fmt::Debug for Rows<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows").finish_non_exhaustive()
    }
}
