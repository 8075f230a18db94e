//! Rows of other tables that belong to those of a query: the row that a reference leads to ([`One`]), and the rows that refer to this
//! one ([`Many`]). In: rows. Out: the others, a query for each relation however many rows there are, and never one for each row.
//! Absent: joins, and rows that are fetched behind the program's back.

use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::column::ColumnInfo;
use super::error::DataError;
use super::field::{Field, Scalar};
use super::filter::Node;
use super::handle::Handle;
use super::key::{Key, KeyOperand, Mark};
use super::model::{Facts, Model};
use super::operand::Side;
use super::query::Query;
use super::select::{Ask, Cut};
use super::sort::{Direction, SortKey};
use super::table::Table;
use super::term::Term;
use super::value::Value;

/// The most keys that one statement asks for.
const MOST_KEYS: usize = 4096;

/// A table with relations: what `#[Database::table]` implements where there are `#[references]` and `#[many]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no relations",
    note = "put `#[references(Other)]` on a field of `{Self}`, or `#[many(lines: Line)]` on the struct"
)]
pub trait Related: Model {
    /// A struct with a field for each relation, which `with` gets.
    type Relations: 'static;
    /// The relations.
    const RELATIONS: &'static Self::Relations;
}

/// A row that refers to one of `T` by one column: implemented by `#[references]` on a field.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not refer to `{T}` by a field of its own",
    note = "`#[many]` takes a table with one field that has `#[references({T})]`"
)]
pub trait Refers<T>: Model {
    /// The column, as its place in [`Model::INFO`].
    const COLUMN: usize;

    /// The key that it holds, if any.
    fn referred(&self) -> Option<Value<'_>>;
}

/// A field that may hold a reference: a key, or an option of one.
#[diagnostic::on_unimplemented(message = "a reference can't be held in `{Self}`")]
pub trait Referring: Field {
    /// What is found by it: the row, or an option of it.
    type Loaded<U: Send>: Send;

    /// The key, if there is one.
    #[doc(hidden)]
    fn key(&self) -> Option<Value<'_>>;

    /// What was found; nothing where there should be a row.
    #[doc(hidden)]
    fn loaded<U: Send>(&self, found: Option<U>) -> Option<Self::Loaded<U>>;
}

impl<V: Scalar> Referring for V {
    type Loaded<U: Send> = U;

    fn key(&self) -> Option<Value<'_>> {
        Some(self.value())
    }

    fn loaded<U: Send>(&self, found: Option<U>) -> Option<U> {
        found
    }
}

impl<V: Scalar> Referring for Option<V> {
    type Loaded<U: Send> = Option<U>;

    fn key(&self) -> Option<Value<'_>> {
        self.as_ref().map(V::value)
    }

    fn loaded<U: Send>(&self, found: Option<U>) -> Option<Option<U>> {
        match (self, found) {
            (Some(_), None) => None,
            (_, found) => Some(found),
        }
    }
}

/// What `with` takes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a relation of `{T}`",
    note = "`with` takes a relation of `#[references]` or `#[many]`: `with(|o| o.customer)`"
)]
pub trait Relation<T>: Copy + Send + Sync + 'static {
    /// What is loaded for each row.
    type Loaded: Send;

    /// Loads it for these rows, in their order.
    #[doc(hidden)]
    fn load<'a>(&'a self, handle: &'a Handle, rows: &'a [T]) -> BoxFuture<'a, Result<Vec<Self::Loaded>, DataError>>;
}

/// The row of `U` that each row of `T` refers to by a field of `V`.
pub struct One<T, V, U> {
    #[cfg_attr(not(feature = "search"), expect(dead_code, reason = "a search asks for it"))]
    pub(crate) column: &'static ColumnInfo,
    field: fn(&T) -> &V,
    row: PhantomData<fn() -> U>,
}

/// The rows of `U` that refer to each row of `T`, in the order of their keys.
pub struct Many<T, U> {
    rows: PhantomData<fn() -> (T, U)>,
}

/// A relation, and one of the rows that it leads to.
pub struct Nested<O, I> {
    outer: O,
    inner: I,
}

impl<T, V, U> Clone for One<T, V, U> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, V, U> Copy for One<T, V, U> {}

impl<T, U> Clone for Many<T, U> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, U> Copy for Many<T, U> {}

impl<O: Clone, I: Clone> Clone for Nested<O, I> {
    fn clone(&self) -> Self {
        Self { outer: self.outer.clone(), inner: self.inner.clone() }
    }
}

impl<O: Copy, I: Copy> Copy for Nested<O, I> {}

impl<T, V, U> fmt::Debug for One<T, V, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("One").finish_non_exhaustive()
    }
}

impl<T, U> fmt::Debug for Many<T, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Many").finish_non_exhaustive()
    }
}

impl<O, I> fmt::Debug for Nested<O, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nested").finish_non_exhaustive()
    }
}

impl<T, V, U> One<T, V, U> {
    /// By this field, whose column this is.
    #[must_use]
    pub const fn new(column: &'static ColumnInfo, field: fn(&T) -> &V) -> Self {
        Self { column, field, row: PhantomData }
    }
}

impl<T, V, U: Related> One<T, V, U> {
    /// With what belongs to those rows in turn: `with(|o| o.customer.with(|c| c.region))`.
    pub fn with<R: Relation<U>>(self, inner: impl FnOnce(&'static U::Relations) -> R) -> Nested<Self, R> {
        Nested { outer: self, inner: inner(U::RELATIONS) }
    }
}

impl<T, U> Many<T, U> {
    /// Those that refer to `T`.
    #[must_use]
    pub const fn new() -> Self {
        Self { rows: PhantomData }
    }
}

impl<T, U> Default for Many<T, U> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, U: Related> Many<T, U> {
    /// With what belongs to those rows in turn: `with(|o| o.lines.with(|l| l.product))`.
    pub fn with<R: Relation<U>>(self, inner: impl FnOnce(&'static U::Relations) -> R) -> Nested<Self, R> {
        Nested { outer: self, inner: inner(U::RELATIONS) }
    }
}

/// Each key once, in order.
fn distinct<'v>(keys: impl Iterator<Item = Value<'v>>) -> Vec<Value<'static>> {
    let mut seen = std::collections::HashSet::new();
    keys.filter(|key| seen.insert(Mark::of(key))).map(Value::into_owned).collect()
}

/// The rows of `U` that hold one of these values in a column; those with the same value in the order of their keys. (An index of the
/// column gives them so on SQLite.)
async fn holding<U: Model>(
    handle: &Handle,
    column: &'static ColumnInfo,
    values: Vec<Value<'static>>,
) -> Result<Vec<U>, DataError> {
    let table = handle.table_of::<U>()?;
    let (facts, statements) = (Facts::of::<U>(table), handle.statements::<U>(table));
    let is_key = facts.key_columns().all(|info| info.name == column.name);
    let order = std::iter::once(column).chain(facts.key_columns());
    let sorts = order.filter(|_| !is_key).map(|info| SortKey {
        term: Term::Column(info),
        direction: Direction::Ascending,
        nulls_first: false,
    });
    let page = Cut { sorts: sorts.collect(), ..Cut::default() };
    let mut found = Vec::new();
    for values in values.chunks(MOST_KEYS) {
        let sides = values.iter().cloned().map(Side::Value).collect();
        let filters = vec![Node::In { column, sides }];
        let ask = Ask { filters, page: page.clone(), after: None };
        found.extend(handle.rows(ask.rows_kept(&statements, handle.engine(), facts)?, U::read).await?);
    }
    Ok(found)
}

fn only_key<U: Model>(handle: &Handle) -> Result<&'static ColumnInfo, DataError> {
    let facts = Facts::of::<U>(handle.table_of::<U>()?);
    let mut key = facts.key_columns();
    match (key.next(), key.next()) {
        (Some(column), None) => Ok(column),
        _ => Err(DataError::other(["`", U::STRUCT, "` has a key of several columns, and one refers to it"].concat())),
    }
}

impl<T: Sync, V: Referring, U: Model> One<T, V, U> {
    /// The rows that are referred to, each once, and where they are by key.
    async fn found(&self, handle: &Handle, rows: &[T]) -> Result<(Vec<U>, HashMap<Mark, usize>), DataError> {
        let keys = distinct(rows.iter().filter_map(|row| (self.field)(row).key()));
        let found: Vec<U> = holding(handle, only_key::<U>(handle)?, keys).await?;
        let mark = |row: &U| row.key().single().map(|key| Mark::of(&key));
        let places = found.iter().enumerate().filter_map(|(at, row)| Some((mark(row)?, at))).collect();
        Ok((found, places))
    }

    /// What each row refers to, of what was made of the rows that were found.
    fn given<X: Clone + Send>(
        &self,
        handle: &Handle,
        rows: &[T],
        found: &[X],
        places: &HashMap<Mark, usize>,
    ) -> Result<Vec<V::Loaded<X>>, DataError> {
        let table = handle.table_of::<U>()?;
        let give = |row: &T| {
            let field = (self.field)(row);
            let place = field.key().and_then(|key| places.get(&Mark::of(&key)).copied());
            let found = place.and_then(|at| found.get(at)).cloned();
            // Another one removed it between the two queries.
            field.loaded(found).ok_or(DataError::NotFound { table })
        };
        rows.iter().map(give).collect()
    }
}

impl<T: Sync + 'static, V: Referring, U: Model + Clone> Relation<T> for One<T, V, U> {
    type Loaded = V::Loaded<U>;

    fn load<'a>(&'a self, handle: &'a Handle, rows: &'a [T]) -> BoxFuture<'a, Result<Vec<Self::Loaded>, DataError>> {
        async move {
            let (found, places) = self.found(handle, rows).await?;
            self.given(handle, rows, &found, &places)
        }
        .boxed()
    }
}

impl<T, V, U, R> Relation<T> for Nested<One<T, V, U>, R>
where
    T: Sync + 'static,
    V: Referring,
    U: Model + Clone,
    R: Relation<U>,
    R::Loaded: Clone,
{
    type Loaded = V::Loaded<(U, R::Loaded)>;

    fn load<'a>(&'a self, handle: &'a Handle, rows: &'a [T]) -> BoxFuture<'a, Result<Vec<Self::Loaded>, DataError>> {
        async move {
            let (found, places) = self.outer.found(handle, rows).await?;
            let inner = self.inner.load(handle, &found).await?;
            let both: Vec<_> = found.into_iter().zip(inner).collect();
            self.outer.given(handle, rows, &both, &places)
        }
        .boxed()
    }
}

impl<T: Model, U: Refers<T>> Many<T, U> {
    async fn found(&self, handle: &Handle, rows: &[T]) -> Result<Vec<U>, DataError> {
        only_key::<T>(handle)?;
        let keys: Vec<T::Key> = rows.iter().map(T::key).collect();
        let column = U::INFO.get(U::COLUMN).ok_or_else(|| DataError::other("a reference of no column"))?;
        holding(handle, column, distinct(keys.iter().filter_map(Key::single))).await
    }

    /// What was made of the rows that were found, to each row that they refer to.
    fn given<X>(&self, rows: &[T], found: impl Iterator<Item = (Option<Mark>, X)>) -> Vec<Vec<X>> {
        let mark = |row: &T| row.key().single().map(|key| Mark::of(&key));
        let places: HashMap<Mark, usize> =
            rows.iter().enumerate().filter_map(|(at, row)| Some((mark(row)?, at))).collect();
        let mut given: Vec<Vec<X>> = rows.iter().map(|_| Vec::new()).collect();
        for (mark, row) in found {
            let place = mark.and_then(|mark| places.get(&mark).copied());
            if let Some(list) = place.and_then(|at| given.get_mut(at)) {
                list.push(row);
            }
        }
        given
    }
}

fn referred<T, U: Refers<T>>(row: &U) -> Option<Mark> {
    row.referred().map(|key| Mark::of(&key))
}

impl<T: Model, U: Refers<T>> Relation<T> for Many<T, U> {
    type Loaded = Vec<U>;

    fn load<'a>(&'a self, handle: &'a Handle, rows: &'a [T]) -> BoxFuture<'a, Result<Vec<Vec<U>>, DataError>> {
        async move {
            let found = self.found(handle, rows).await?;
            Ok(self.given(rows, found.into_iter().map(|row| (referred(&row), row))))
        }
        .boxed()
    }
}

impl<T: Model, U: Refers<T>, R: Relation<U>> Relation<T> for Nested<Many<T, U>, R> {
    type Loaded = Vec<(U, R::Loaded)>;

    fn load<'a>(&'a self, handle: &'a Handle, rows: &'a [T]) -> BoxFuture<'a, Result<Vec<Self::Loaded>, DataError>> {
        async move {
            let found = self.outer.found(handle, rows).await?;
            let inner = self.inner.load(handle, &found).await?;
            let both = found.into_iter().zip(inner);
            Ok(self.outer.given(rows, both.map(|(row, inner)| (referred(&row), (row, inner)))))
        }
        .boxed()
    }
}

/// The row that a field refers to: what the macro emits as a method of the row.
///
/// # Errors
/// Those of [`Table::get`]; [`DataError::NotFound`] where the row has gone since.
#[doc(hidden)]
pub async fn one<U: Model, V: Referring>(table: &Table<U>, field: &V) -> Result<V::Loaded<U>, DataError> {
    let found = match field.key() {
        Some(key) => table.get(Referred(key)).await?,
        None => None,
    };
    field.loaded(found).ok_or(DataError::NotFound { table: table.name() })
}

/// The rows that refer to one: what the macro emits as a method of the row.
#[doc(hidden)]
pub fn many<T: Model, U: Refers<T>>(table: &Table<U>, row: &T) -> Query<U> {
    let key = row.key().single().map_or(Value::Null, Value::into_owned);
    match U::INFO.get(U::COLUMN) {
        Some(column) => table.query().holding(column, key),
        None => table.query(),
    }
}

/// A key that a reference holds.
struct Referred<'v>(Value<'v>);

impl<K> KeyOperand<K> for Referred<'_> {
    fn bind(&self, key: &mut super::binder::Binder) {
        key.value(self.0.clone());
    }
}
