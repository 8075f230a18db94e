//! A search: what is asked of an index, and the rows that it found. In: words, filters, an order. Out: rows of the table as they are now,
//! each with its score and its highlights, and how many there are. Absent: what keeps the index in step.

use std::collections::HashMap;
use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tantivy::Score;

use super::asked::{Answer, Asked};
use super::error::SearchError;
use super::follow::with_keys;
use super::found::{Found, Highlights, Hit, Snippets, Whose};
use super::included;
use super::index::Indexed;
use super::layout::{Of, Stored};
use super::live::Live;
use super::position::{After, Position};
use super::words::Manner;
use crate::db::filter::Node;
use crate::db::sort::{SortKey, Sorting, Sorts};
use crate::db::{Column, ColumnInfo, DataError, Filter, Handle, Key as _, Model, One, Query, Related, Value};

/// How many rows are given where nothing else is said, and at most.
const ROWS: usize = 20;
const MOST_ROWS: usize = 1_000;
/// How many are passed over at most: each of them is found first.
const MOST_OFFSET: usize = 100_000;
/// How many rows are asked for at once by their keys: SQLite has a limit for how deep a condition is.
pub(super) const KEYS: usize = 500;
/// Where the texts in which words are looked for are longer, in bytes, nobody else waits for it.
const LONG: usize = 1 << 16;
/// How long a search waits for the index where nothing else is said.
const WAIT: Duration = Duration::from_secs(5);

/// A search in a table's index: `shop.products.search("red boots").filter(|p| p.price.lt(dec!(50))).limit(20).await?`.
#[must_use = "a search finds nothing until it is awaited"]
pub struct Search<T> {
    handle: Handle,
    table: &'static str,
    words: String,
    manner: Manner,
    filters: Vec<(Of, Node)>,
    order: Vec<(Of, SortKey)>,
    facets: Vec<(Of, &'static ColumnInfo)>,
    highlights: Vec<(Of, &'static ColumnInfo)>,
    limit: usize,
    offset: usize,
    after: Option<After>,
    within: Duration,
    row: PhantomData<fn() -> T>,
}

impl<T> fmt::Debug for Search<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Search").field("table", &self.table).field("words", &self.words).finish_non_exhaustive()
    }
}

impl<T: Indexed> Search<T> {
    pub(crate) fn new(handle: &Handle, table: &'static str, words: impl Into<String>) -> Self {
        Self {
            handle: handle.clone(),
            table,
            words: words.into(),
            manner: Manner::default(),
            filters: Vec::new(),
            order: Vec::new(),
            facets: Vec::new(),
            highlights: Vec::new(),
            limit: ROWS,
            offset: 0,
            after: None,
            within: WAIT,
            row: PhantomData,
        }
    }

    /// Only rows that meet this condition, and those of earlier calls. It means what it means in a query of the database; its columns
    /// are `#[filter]` or `#[facet]`.
    pub fn filter(mut self, condition: impl FnOnce(&'static T::Columns) -> Filter<T>) -> Self {
        self.filters.push((None, condition(T::COLUMNS).node));
        self
    }

    /// Only rows whose referred row, of which the index includes fields, meets this condition:
    /// `filter_of(|p| p.brand, |b| b.country.eq("FR"))`. Where there is none, its columns hold nothing.
    pub fn filter_of<V, U: Model>(
        mut self,
        relation: impl FnOnce(&'static T::Relations) -> One<T, V, U>,
        condition: impl FnOnce(&'static U::Columns) -> Filter<U>,
    ) -> Self
    where
        T: Related,
    {
        self.filters.push((of(relation(T::RELATIONS)), condition(U::COLUMNS).node));
        self
    }

    /// In this order instead of the best first; columns that are `#[filter]` or `#[facet]`. A further order is among equals.
    pub fn order_by<S: Sorting<T>>(mut self, order: impl FnOnce(&'static T::Columns) -> S) -> Self {
        let mut sorts = Sorts(Vec::new());
        order(T::COLUMNS).sorts(&mut sorts);
        self.order.extend(sorts.0.into_iter().map(|sort| (None, sort)));
        self
    }

    /// In the order of the rows that are referred to: `order_by_of(|p| p.brand, |b| b.name.asc())`.
    pub fn order_by_of<V, U: Model, S: Sorting<U>>(
        mut self,
        relation: impl FnOnce(&'static T::Relations) -> One<T, V, U>,
        order: impl FnOnce(&'static U::Columns) -> S,
    ) -> Self
    where
        T: Related,
    {
        let mut sorts = Sorts(Vec::new());
        order(U::COLUMNS).sorts(&mut sorts);
        let of = of(relation(T::RELATIONS));
        self.order.extend(sorts.0.into_iter().map(|sort| (of, sort)));
        self
    }

    /// Counts what is found by the values of a column that is `#[facet]`: [`Found::facet`] has the counts.
    pub fn facet<V>(mut self, column: impl FnOnce(&'static T::Columns) -> Column<T, V>) -> Self {
        self.facets.push((None, column(T::COLUMNS).info));
        self
    }

    /// Counts what is found by the values of a column of the rows that are referred to: [`Found::facet_of`] has the counts.
    pub fn facet_of<V, U: Model, W>(
        mut self,
        relation: impl FnOnce(&'static T::Relations) -> One<T, V, U>,
        column: impl FnOnce(&'static U::Columns) -> Column<U, W>,
    ) -> Self
    where
        T: Related,
    {
        self.facets.push((of(relation(T::RELATIONS)), column(U::COLUMNS).info));
        self
    }

    /// Shows where in a column that is `#[text]` the words were found: [`Hit::highlight`] has it.
    pub fn highlight<V>(mut self, column: impl FnOnce(&'static T::Columns) -> Column<T, V>) -> Self {
        self.highlights.push((None, column(T::COLUMNS).info));
        self
    }

    /// Shows where in a column of the row that is referred to the words were found: [`Hit::highlight_of`] has it.
    pub fn highlight_of<V, U: Model, W>(
        mut self,
        relation: impl FnOnce(&'static T::Relations) -> One<T, V, U>,
        column: impl FnOnce(&'static U::Columns) -> Column<U, W>,
    ) -> Self
    where
        T: Related,
    {
        self.highlights.push((of(relation(T::RELATIONS)), column(U::COLUMNS).info));
        self
    }

    /// At most so many rows: 20 where nothing is said, 1,000 at most.
    pub fn limit(mut self, rows: usize) -> Self {
        self.limit = rows;
        self
    }

    /// Without the first ones, 100,000 at most.
    pub fn offset(mut self, rows: usize) -> Self {
        self.offset = rows;
        self
    }

    /// One of the words is enough; without it, all have to be there.
    pub fn any_word(mut self) -> Self {
        self.manner.any = true;
        self
    }

    /// Finds words, too, that differ by so many letters, at most 2.
    pub fn fuzzy(mut self, letters: u8) -> Self {
        self.manner.fuzzy = letters;
        self
    }

    /// Passes over what is not well formed in the words, instead of refusing it: for what people type.
    pub fn lenient(mut self) -> Self {
        self.manner.lenient = true;
        self
    }

    /// Waits until the index has come as far as a write: `search(…).after(shop.last_write())` finds what was written before.
    pub fn after(mut self, write: impl Into<After>) -> Self {
        self.after = Some(write.into());
        self
    }

    /// Waits for the index at most so long; 5 seconds where nothing is said.
    pub fn within(mut self, time: Duration) -> Self {
        self.within = time;
        self
    }

    async fn run(self) -> Result<Found<T>, SearchError> {
        #[cfg(feature = "cache")]
        crate::cache::searches();
        if self.limit > MOST_ROWS {
            return Err(SearchError::TooMuch { what: "too many rows", most: MOST_ROWS });
        }
        if self.offset > MOST_OFFSET {
            return Err(SearchError::TooMuch { what: "too many rows are passed over", most: MOST_OFFSET });
        }
        let live = self.handle.index_of::<T>(self.table)?;
        let position = match &self.after {
            Some(after) => Some(after.position().await?),
            None => None,
        };
        let generation = live.reached(position.as_ref().map(Position::cursor), self.within).await?;
        let asked = Asked {
            words: self.words,
            manner: self.manner,
            filters: self.filters,
            order: self.order,
            facets: self.facets.clone(),
            limit: self.limit,
            offset: self.offset,
        };
        let question = asked.question(&live, &generation)?;
        let ended = || SearchError::Index { table: self.table, reason: "the search has ended".to_owned() };
        let answer = if question.is_short {
            // As it is where it has a thread of its own.
            std::panic::catch_unwind(AssertUnwindSafe(|| question.answer())).map_err(|_| ended())??
        } else {
            tokio::task::spawn_blocking(|| question.answer()).await.map_err(|_| ended())??
        };
        // A replica may not have what the index has come as far as.
        #[cfg(feature = "postgres")]
        let handle = &if self.after.is_some() { self.handle.at_primary() } else { self.handle.clone() };
        #[cfg(not(feature = "postgres"))]
        let handle = &self.handle;
        let rows = rows::<T>(handle, self.table, &live, &answer.keys).await?;
        let mut rows: HashMap<Vec<u8>, T> = rows;
        // A row that has gone meanwhile is not found.
        let found = answer.keys.iter().zip(&answer.scores);
        let found: Vec<(T, Score)> =
            found.filter_map(|(key, score)| Some((rows.remove(&bytes(key))?, *score))).collect();
        let rows = found.iter().map(|(row, _)| row);
        let mut highlights = highlights(handle, &live, &answer, &self.highlights, rows).await?.into_iter();
        let hits = found.into_iter().map(|(row, score)| Hit::new(row, score, highlights.next().unwrap_or_default()));
        let facets = self.facets.into_iter().zip(answer.facets).collect();
        Ok(Found::new(hits.collect(), answer.count, facets))
    }
}

impl<T: Indexed> IntoFuture for Search<T> {
    type Output = Result<Found<T>, SearchError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        self.run().boxed()
    }
}

/// What is shown of each row; nothing where nothing is to be.
async fn highlights<'row, T: Indexed>(
    handle: &Handle,
    live: &Live,
    answer: &Answer,
    columns: &[Whose],
    rows: impl Iterator<Item = &'row T> + Clone,
) -> Result<Vec<Highlights>, SearchError> {
    if columns.is_empty() {
        return Ok(Vec::new());
    }
    let snippets = Snippets::of(live, &answer.searcher, &*answer.words, columns)?;
    let values: Vec<Vec<Value<'_>>> = if columns.iter().any(|(of, _)| of.is_some()) {
        included::values(handle, rows).await?.into_iter().map(Result::unwrap_or_default).collect()
    } else {
        rows.map(included::own).collect()
    };
    if values.iter().flatten().map(length).sum::<usize>() <= LONG {
        return Ok(values.iter().map(|values| snippets.show(values)).collect());
    }
    let values = values.into_iter().map(|values| values.into_iter().map(Value::into_owned).collect());
    let values: Vec<Vec<Value<'static>>> = values.collect();
    let shown = move || values.iter().map(|values| snippets.show(values)).collect();
    let ended = |_| SearchError::Index { table: live.table, reason: "the search has ended".to_owned() };
    tokio::task::spawn_blocking(shown).await.map_err(ended)
}

fn length(value: &Value<'_>) -> usize {
    if let Value::Text(text) = value { text.len() } else { 0 }
}

/// Which of an index's included rows a relation leads to; where it is none of them, one that no index has.
pub(super) fn of<T: Indexed, V, U>(relation: One<T, V, U>) -> Of {
    let place = T::INDEX.includes.iter().position(|include| include.reference.column.name == relation.column.name);
    Some(place.unwrap_or(usize::MAX))
}

/// The rows of some keys, by the keys.
async fn rows<T: Indexed>(
    handle: &Handle,
    table: &'static str,
    live: &Live,
    keys: &[Stored],
) -> Result<HashMap<Vec<u8>, T>, SearchError> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let values = keys.iter().map(|key| live.layout.values(key)).collect::<Result<Vec<_>, _>>()?;
    let mut rows = Vec::new();
    for values in values.chunks(KEYS) {
        rows.extend(Query::<T>::new(handle.clone(), table).only(with_keys::<T>(values)).all().await?);
    }
    let keyed = rows.into_iter().map(|row| {
        let key = live.layout.key(&row.key().values())?;
        Ok((bytes(&key), row))
    });
    Ok(keyed.collect::<Result<_, DataError>>()?)
}

/// A key, as something to find rows by.
pub(super) fn bytes(key: &Stored) -> Vec<u8> {
    match key {
        Stored::Integer(number) => number.to_le_bytes().to_vec(),
        Stored::Text(text) => text.clone().into_bytes(),
        Stored::Float(number) => number.to_le_bytes().to_vec(),
    }
}
