//! What a search asks of an index, and what the index says. In: words, filters, an order. Out: keys with their scores, counts. Absent:
//! the rows.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use tantivy::collector::{Count, TopDocs};
use tantivy::query::{AllQuery, BooleanQuery, Occur};
use tantivy::{DocAddress, Score, Searcher, SegmentOrdinal, TantivyError};

use super::collect::{self, Counts, Order, Ordered, Values};
use super::condition::{Condition, Translation};
use super::error::SearchError;
use super::layout::{Of, Stored};
use super::live::Live;
use super::predicate::Predicate;
use super::store::Generation;
use super::words::{self, Manner};
use crate::db::filter::Node;
use crate::db::sort::{Direction, SortKey};
use crate::db::term::Term;
use crate::db::{ColumnInfo, DataError};

/// What is asked of the index.
pub(super) struct Asked {
    pub(super) words: String,
    pub(super) manner: Manner,
    pub(super) filters: Vec<(Of, Node)>,
    pub(super) order: Vec<(Of, SortKey)>,
    pub(super) facets: Vec<(Of, &'static ColumnInfo)>,
    pub(super) limit: usize,
    pub(super) offset: usize,
}

/// What the index says.
pub(super) struct Answer {
    pub(super) keys: Vec<Stored>,
    pub(super) scores: Vec<Score>,
    pub(super) count: u64,
    pub(super) facets: Vec<Vec<(collect::Value, u64)>>,
    pub(super) searcher: Searcher,
    /// The words alone, for highlights.
    pub(super) words: Box<dyn tantivy::query::Query>,
}

/// What is asked, in tantivy's words.
pub(super) struct Question {
    live: Arc<Live>,
    searcher: Searcher,
    /// With the filters.
    query: Box<dyn tantivy::query::Query>,
    /// Without.
    words: Box<dyn tantivy::query::Query>,
    order: Vec<Order>,
    counts: Option<Counts>,
    limit: usize,
    offset: usize,
    /// Whether it may keep others of its thread waiting.
    pub(super) is_short: bool,
}

/// So many documents are looked at in a fraction of a millisecond. To change threads takes longer than most searches do.
const FEW: u64 = 1 << 14;

/// About how many documents a query looks at; nothing where that is not known beforehand.
fn looked_at(query: &dyn tantivy::query::Query, searcher: &Searcher) -> Option<u64> {
    if query.is::<AllQuery>() {
        return Some(searcher.num_docs());
    }
    let Some(parts) = query.downcast_ref::<BooleanQuery>() else { return named(query, searcher) };
    // Where all have to be there, those of the rarest are looked at, and sought in the others.
    let (mut rarest, mut musts, mut all) = (u64::MAX, 0, 0);
    for (occur, part) in parts.clauses() {
        let documents = looked_at(part.as_ref(), searcher)?;
        if *occur == Occur::Must {
            (rarest, musts) = (rarest.min(documents), musts + 1);
        }
        all += documents;
    }
    Some(if musts == 0 { all } else { all.min(rarest.saturating_mul(musts)) })
}

/// How many documents the terms of a query name. What is made of the beginnings of words names none.
fn named(query: &dyn tantivy::query::Query, searcher: &Searcher) -> Option<u64> {
    let mut found = Vec::new();
    query.query_terms(&mut |term, _| found.push(searcher.doc_freq(term)));
    let found: Vec<u64> = found.into_iter().collect::<Result<_, _>>().ok()?;
    (!found.is_empty()).then(|| found.iter().sum())
}

impl Asked {
    pub(super) fn question(self, live: &Arc<Live>, generation: &Generation) -> Result<Question, SearchError> {
        let searcher = generation.reader.searcher();
        let words: Box<dyn tantivy::query::Query> = if self.words.trim().is_empty() {
            Box::new(AllQuery)
        } else {
            words::query(&self.words, self.manner, live)?
        };
        let filters = self.filters.iter().map(|(of, node)| Translation { live, of: *of }.condition(node));
        let filters: Vec<Condition> = filters.collect::<Result<_, _>>()?;
        let is_long = filters.iter().any(Condition::looks_up_many);
        let query: Box<dyn tantivy::query::Query> = if filters.is_empty() {
            words.box_clone()
        } else {
            let filter = Predicate::new(Arc::new(Condition::And(filters)));
            Box::new(BooleanQuery::new(vec![(Occur::Must, words.box_clone()), (Occur::Must, Box::new(filter))]))
        };
        let facets = self.facets.iter().map(|(of, column)| {
            let field = live.layout.field_of(*of, column);
            let value = field.filter(|field| field.info.facet).and_then(|field| field.value.as_ref());
            value.map(|value| (value.name.clone(), value.form)).ok_or_else(|| live.not_indexed(*of, column, "count by"))
        });
        let counts = Counts { columns: facets.collect::<Result<_, _>>()? };
        let counts = (!counts.columns.is_empty()).then_some(counts);
        let order = self.order.iter().map(|(of, sort)| order(live, *of, sort)).collect::<Result<_, _>>()?;
        // Words that differ a little have terms that nobody knows before.
        let is_long = is_long || self.manner.fuzzy > 0;
        let is_short = !is_long && looked_at(words.as_ref(), &searcher).is_some_and(|documents| documents <= FEW);
        let Self { limit, offset, .. } = self;
        Ok(Question { live: Arc::clone(live), searcher, query, words, order, counts, limit, offset, is_short })
    }
}

impl Question {
    pub(super) fn answer(self) -> Result<Answer, SearchError> {
        let Self { live, searcher, query, words, order: by, counts, limit, offset, .. } = self;
        let index = |error: TantivyError| {
            if matches!(
                error,
                TantivyError::DataCorruption(_) | TantivyError::IoError(_) | TantivyError::OpenReadError(_)
            ) {
                live.suspect();
            }
            SearchError::index(live.table, &error)
        };
        let most = offset + limit.max(1);
        let (found, count, facets) = if by.is_empty() {
            let best = TopDocs::with_limit(most).order_by_score();
            searcher.search(&query, &(best, Count, counts)).map_err(index)?
        } else {
            searcher.search(&query, &(Ordered { by, most }, Count, counts)).map_err(index)?
        };
        let found = found.into_iter().skip(offset).take(limit);
        let (mut keys, mut scores) = (Vec::new(), Vec::new());
        // To open a column takes longer than to read a value.
        let mut columns: HashMap<SegmentOrdinal, Values> = HashMap::new();
        for (score, DocAddress { segment_ord, doc_id }) in found {
            let column = match columns.entry(segment_ord) {
                Entry::Occupied(opened) => opened.into_mut(),
                Entry::Vacant(closed) => {
                    let reader = searcher.segment_reader(segment_ord);
                    closed.insert(collect::keys(reader, live.layout.is_number).map_err(index)?)
                }
            };
            if let Some(key) = column.get(doc_id) {
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

fn order(live: &Live, of: Of, sort: &SortKey) -> Result<Order, SearchError> {
    let Term::Column(column) = sort.term else {
        return Err(DataError::other("a search orders by columns").into());
    };
    let value = live.layout.value_of(of, column).ok_or_else(|| live.not_indexed(of, column, "order by"))?;
    let descending = sort.direction == Direction::Descending;
    Ok(Order { name: value.name.clone(), form: value.form, descending, nulls_first: sort.nulls_first })
}
