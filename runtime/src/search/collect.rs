//! What is taken of the documents that a search finds, beside the best: in another order than by score, and counted by value.
//! In: the columns of an index. Out: documents in order, counts.

use std::cmp::Ordering;
use std::collections::HashMap;

use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::{Column, StrColumn};
use tantivy::{DocAddress, DocId, Score, SegmentOrdinal, SegmentReader};

use super::layout::{Form, Stored};

/// The values of one column of a segment.
pub(super) enum Values {
    Integer(Column<i64>),
    Float(Column<f64>),
    Text(Option<StrColumn>),
}

impl Values {
    pub(super) fn of(name: &str, form: Form, reader: &SegmentReader) -> tantivy::Result<Self> {
        let columns = reader.fast_fields();
        Ok(match form {
            Form::Integer => Self::Integer(columns.i64(name)?),
            Form::Float => Self::Float(columns.f64(name)?),
            Form::Text => Self::Text(columns.str(name)?),
        })
    }

    pub(super) fn get(&self, document: DocId) -> Option<Stored> {
        match self {
            Self::Integer(column) => column.first(document).map(Stored::Integer),
            Self::Float(column) => column.first(document).map(Stored::Float),
            Self::Text(column) => {
                let column = column.as_ref()?;
                text(column, column.ords().first(document)?).map(Stored::Text)
            }
        }
    }
}

impl Values {
    /// Whether there is one.
    pub(super) fn has(&self, document: DocId) -> bool {
        match self {
            Self::Integer(column) => column.first(document).is_some(),
            Self::Float(column) => column.first(document).is_some(),
            Self::Text(column) => column.as_ref().is_some_and(|column| column.ords().first(document).is_some()),
        }
    }
}

fn text(column: &StrColumn, number: u64) -> Option<String> {
    let mut text = String::new();
    column.ord_to_str(number, &mut text).ok()?.then_some(text)
}

/// The keys of a segment's documents.
pub(super) fn keys(reader: &SegmentReader, is_number: bool) -> tantivy::Result<Values> {
    let form = if is_number { Form::Integer } else { Form::Text };
    Values::of(super::layout::KEY, form, reader)
}

/// A column to order by.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) name: String,
    pub(super) form: Form,
    pub(super) descending: bool,
    pub(super) nulls_first: bool,
}

/// The first documents in an order, each with its score.
pub(super) struct Ordered {
    pub(super) by: Vec<Order>,
    pub(super) most: usize,
}

/// A document with what it is ordered by.
type Place = (Vec<Option<Stored>>, Score, DocAddress);

impl Ordered {
    fn compare(by: &[Order], one: &Place, other: &Place) -> Ordering {
        for (order, (one, other)) in by.iter().zip(one.0.iter().zip(&other.0)) {
            let nulls = if order.nulls_first { Ordering::Less } else { Ordering::Greater };
            let comes = match (one, other) {
                (None, None) => Ordering::Equal,
                (None, Some(_)) => nulls,
                (Some(_), None) => nulls.reverse(),
                (Some(one), Some(other)) => {
                    let comes = one.partial_cmp(other).unwrap_or(Ordering::Equal);
                    if order.descending { comes.reverse() } else { comes }
                }
            };
            if comes != Ordering::Equal {
                return comes;
            }
        }
        one.2.cmp(&other.2)
    }

    fn cut(by: &[Order], places: &mut Vec<Place>, most: usize) {
        places.sort_by(|one, other| Self::compare(by, one, other));
        places.truncate(most);
    }
}

/// The first documents of one segment.
pub(super) struct OrderedSegment {
    by: Vec<Order>,
    values: Vec<Values>,
    most: usize,
    segment: SegmentOrdinal,
    places: Vec<Place>,
}

impl Collector for Ordered {
    type Fruit = Vec<(Score, DocAddress)>;
    type Child = OrderedSegment;

    fn for_segment(&self, segment: SegmentOrdinal, reader: &SegmentReader) -> tantivy::Result<OrderedSegment> {
        let values = self.by.iter().map(|order| Values::of(&order.name, order.form, reader));
        let values = values.collect::<tantivy::Result<_>>()?;
        Ok(OrderedSegment { by: self.by.clone(), values, most: self.most, segment, places: Vec::new() })
    }

    fn requires_scoring(&self) -> bool {
        true
    }

    fn merge_fruits(&self, segments: Vec<Vec<Place>>) -> tantivy::Result<Self::Fruit> {
        let mut places: Vec<Place> = segments.into_iter().flatten().collect();
        Self::cut(&self.by, &mut places, self.most);
        Ok(places.into_iter().map(|(_, score, document)| (score, document)).collect())
    }
}

impl SegmentCollector for OrderedSegment {
    type Fruit = Vec<Place>;

    fn collect(&mut self, document: DocId, score: Score) {
        let values = self.values.iter().map(|values| values.get(document)).collect();
        self.places.push((values, score, DocAddress::new(self.segment, document)));
        // Twice as many as are wanted at most, so that each is sorted among few.
        if self.places.len() >= self.most.saturating_mul(2).max(64) {
            Ordered::cut(&self.by, &mut self.places, self.most);
        }
    }

    fn harvest(self) -> Vec<Place> {
        self.places
    }
}

/// Counts the documents by the values of some columns.
pub(super) struct Counts {
    /// Names and forms.
    pub(super) columns: Vec<(String, Form)>,
}

/// How many documents have each value of each column.
pub(super) type Counted = Vec<HashMap<Value, u64>>;

/// A value that is counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Value {
    Integer(i64),
    Text(String),
}

/// The counts of one segment.
pub(super) struct CountsSegment {
    columns: Vec<(Numbers, HashMap<i64, u64>)>,
}

enum Numbers {
    Integer(Column<i64>),
    /// Texts by their numbers in the segment.
    Text(Option<StrColumn>),
}

impl Collector for Counts {
    type Fruit = Counted;
    type Child = CountsSegment;

    fn for_segment(&self, _: SegmentOrdinal, reader: &SegmentReader) -> tantivy::Result<CountsSegment> {
        let columns = self.columns.iter().map(|(name, form)| {
            let columns = reader.fast_fields();
            let numbers = match form {
                Form::Text => Numbers::Text(columns.str(name)?),
                _ => Numbers::Integer(columns.i64(name)?),
            };
            Ok((numbers, HashMap::new()))
        });
        Ok(CountsSegment { columns: columns.collect::<tantivy::Result<_>>()? })
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, segments: Vec<Counted>) -> tantivy::Result<Counted> {
        let mut all: Counted = self.columns.iter().map(|_| HashMap::new()).collect();
        for segment in segments {
            for (all, counts) in all.iter_mut().zip(segment) {
                for (value, count) in counts {
                    *all.entry(value).or_default() += count;
                }
            }
        }
        Ok(all)
    }
}

impl SegmentCollector for CountsSegment {
    type Fruit = Counted;

    fn collect(&mut self, document: DocId, _: Score) {
        for (numbers, counts) in &mut self.columns {
            let number = match numbers {
                Numbers::Integer(column) => column.first(document),
                Numbers::Text(column) => {
                    let number = column.as_ref().and_then(|column| column.ords().first(document));
                    number.and_then(|number| i64::try_from(number).ok())
                }
            };
            if let Some(number) = number {
                *counts.entry(number).or_default() += 1;
            }
        }
    }

    fn harvest(self) -> Counted {
        let counted = self.columns.into_iter().map(|(numbers, counts)| {
            let value = |number: i64| match &numbers {
                Numbers::Integer(_) => Some(Value::Integer(number)),
                Numbers::Text(column) => text(column.as_ref()?, u64::try_from(number).ok()?).map(Value::Text),
            };
            counts.into_iter().filter_map(|(number, count)| Some((value(number)?, count))).collect()
        });
        counted.collect()
    }
}
