//! A search: what is asked of an index, and the rows that it found. In: words, filters, an order. Out: rows of the table as they are now,
//! each with its score and its highlights, and how many there are. Absent: what keeps the index in step.

use std::collections::HashMap;
use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tantivy::collector::{Count, TopDocs};
use tantivy::query::{AllQuery, BooleanQuery, Occur};
use tantivy::{DocAddress, Score, Searcher, TantivyError};

use super::collect::{self, Counts, Order, Ordered};
use super::condition::Translation;
use super::error::SearchError;
use super::found::{Found, Hit, Snippets};
use super::index::Indexed;
use super::indexer::with_keys;
use super::layout::Stored;
use super::live::Live;
use super::position::{After, Position};
use super::store::Generation;
use super::words::{self, Manner};
use crate::db::filter::Node;
use crate::db::sort::{Direction, SortKey, Sorting, Sorts};
use crate::db::term::Term;
use crate::db::{Column, ColumnInfo, DataError, Filter, Handle, Key as _, Query};

/// How many rows are given where nothing else is said, and at most.
const ROWS: usize = 20;
const MOST_ROWS: usize = 1_000;
/// How many are passed over at most: each of them is found first.
const MOST_OFFSET: usize = 100_000;
/// How long a search waits for the index where nothing else is said.
const WAIT: Duration = Duration::from_secs(5);

/// A search in a table's index: `shop.products.search("red boots").filter(|p| p.price.lt(dec!(50))).limit(20).await?`.
#[must_use = "a search finds nothing until it is awaited"]
pub struct Search<T> {
    handle: Handle,
    table: &'static str,
    words: String,
    manner: Manner,
    filters: Vec<Node>,
    order: Vec<SortKey>,
    facets: Vec<&'static ColumnInfo>,
    highlights: Vec<&'static ColumnInfo>,
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
        self.filters.push(condition(T::COLUMNS).node);
        self
    }

    /// In this order instead of the best first; columns that are `#[filter]` or `#[facet]`.
    pub fn order_by<S: Sorting<T>>(mut self, order: impl FnOnce(&'static T::Columns) -> S) -> Self {
        let mut sorts = Sorts(std::mem::take(&mut self.order));
        order(T::COLUMNS).sorts(&mut sorts);
        self.order = sorts.0;
        self
    }

    /// Counts what is found by the values of a column that is `#[facet]`: [`Found::facet`] has the counts.
    pub fn facet<V>(mut self, column: impl FnOnce(&'static T::Columns) -> Column<T, V>) -> Self {
        self.facets.push(column(T::COLUMNS).info);
        self
    }

    /// Shows where in a column that is `#[text]` the words were found: [`Hit::highlight`] has it.
    pub fn highlight<V>(mut self, column: impl FnOnce(&'static T::Columns) -> Column<T, V>) -> Self {
        self.highlights.push(column(T::COLUMNS).info);
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
        let searched = Arc::clone(&live);
        let answer = tokio::task::spawn_blocking(move || asked.answer(&searched, &generation));
        let ended = |_| SearchError::Index { table: self.table, reason: "the search has ended".to_owned() };
        let answer = answer.await.map_err(ended)?;
        let answer = answer?;
        // A replica may not have what the index has come as far as.
        #[cfg(feature = "postgres")]
        let handle = &if self.after.is_some() { self.handle.at_primary() } else { self.handle.clone() };
        #[cfg(not(feature = "postgres"))]
        let handle = &self.handle;
        let rows = rows::<T>(handle, self.table, &live, &answer.keys).await?;
        let mut rows: HashMap<Vec<u8>, T> = rows;
        let snippets = Snippets::of(&live, &answer.searcher, &*answer.words, &self.highlights)?;
        let hits = answer.keys.iter().zip(&answer.scores).filter_map(|(key, score)| {
            // A row that has gone meanwhile is not found.
            let row = rows.remove(&bytes(key))?;
            let highlights = snippets.show(&row);
            Some(Hit::new(row, *score, highlights))
        });
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

/// What is asked of the index.
struct Asked {
    words: String,
    manner: Manner,
    filters: Vec<Node>,
    order: Vec<SortKey>,
    facets: Vec<&'static ColumnInfo>,
    limit: usize,
    offset: usize,
}

/// What the index says.
struct Answer {
    keys: Vec<Stored>,
    scores: Vec<Score>,
    count: u64,
    facets: Vec<Vec<(collect::Value, u64)>>,
    searcher: Searcher,
    /// The words alone, for highlights.
    words: Box<dyn tantivy::query::Query>,
}

impl Asked {
    fn answer(self, live: &Live, generation: &Generation) -> Result<Answer, SearchError> {
        let index = |error: TantivyError| {
            if matches!(
                error,
                TantivyError::DataCorruption(_) | TantivyError::IoError(_) | TantivyError::OpenReadError(_)
            ) {
                live.suspect();
            }
            SearchError::index(live.table, &error)
        };
        let translation = Translation { layout: &live.layout, table: live.table };
        let words: Box<dyn tantivy::query::Query> = if self.words.trim().is_empty() {
            Box::new(AllQuery)
        } else {
            words::query(&self.words, self.manner, live)?
        };
        let query: Box<dyn tantivy::query::Query> = match translation.query(&self.filters)? {
            None => words.box_clone(),
            Some(filter) => {
                Box::new(BooleanQuery::new(vec![(Occur::Must, words.box_clone()), (Occur::Must, Box::new(filter))]))
            }
        };
        let facets = self.facets.iter().map(|column| {
            let field = live.layout.fields.iter().find(|field| field.column.name == column.name);
            let value = field.filter(|field| field.info.facet).and_then(|field| field.value.as_ref());
            value.map(|value| (value.name.clone(), value.form)).ok_or_else(|| not_indexed(live, column, "count by"))
        });
        let counts = Counts { columns: facets.collect::<Result<_, _>>()? };
        let counts = (!counts.columns.is_empty()).then_some(counts);
        let searcher = generation.reader.searcher();
        let most = self.offset + self.limit.max(1);
        let (found, count, facets) = if self.order.is_empty() {
            let best = TopDocs::with_limit(most).order_by_score();
            searcher.search(&query, &(best, Count, counts)).map_err(index)?
        } else {
            let by = self.order.iter().map(|sort| order(live, sort)).collect::<Result<_, _>>()?;
            searcher.search(&query, &(Ordered { by, most }, Count, counts)).map_err(index)?
        };
        let found = found.into_iter().skip(self.offset).take(self.limit);
        let (mut keys, mut scores) = (Vec::new(), Vec::new());
        for (score, DocAddress { segment_ord, doc_id }) in found {
            let reader = searcher.segment_reader(segment_ord);
            if let Some(key) = collect::keys(reader, live.layout.is_number).map_err(index)?.get(doc_id) {
                keys.push(key);
                scores.push(score);
            }
        }
        let facets = facets.unwrap_or_default().into_iter().map(|counts| {
            let mut counts: Vec<_> = counts.into_iter().collect();
            counts.sort_by(|(one, first), (other, second)| second.cmp(first).then_with(|| compare(one, other)));
            counts
        });
        Ok(Answer { keys, scores, count: count as u64, facets: facets.collect(), searcher, words })
    }
}

fn compare(one: &collect::Value, other: &collect::Value) -> std::cmp::Ordering {
    use collect::Value::{Integer, Text};
    match (one, other) {
        (Integer(one), Integer(other)) => one.cmp(other),
        (Text(one), Text(other)) => one.cmp(other),
        (Integer(_), Text(_)) => std::cmp::Ordering::Less,
        (Text(_), Integer(_)) => std::cmp::Ordering::Greater,
    }
}

fn order(live: &Live, sort: &SortKey) -> Result<Order, SearchError> {
    let Term::Column(column) = sort.term else {
        return Err(DataError::other("a search orders by columns").into());
    };
    let value = live.layout.value_of(column).ok_or_else(|| not_indexed(live, column, "order by"))?;
    let descending = sort.direction == Direction::Descending;
    Ok(Order { name: value.name.clone(), form: value.form, descending, nulls_first: sort.nulls_first })
}

fn not_indexed(live: &Live, column: &ColumnInfo, what: &'static str) -> SearchError {
    SearchError::NotIndexed { table: live.table, column: column.name.to_owned(), what }
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
    let rows = Query::<T>::new(handle.clone(), table).only(with_keys::<T>(&values)).all().await?;
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
