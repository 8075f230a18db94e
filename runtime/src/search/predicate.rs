//! A filter of the database's over the columns of an index. In: a filter's tree. Out: a query of tantivy's that asks each document in turn,
//! where the words leave any. It means what it means in the database: a comparison with what is not there is neither true nor false,
//! texts are compared by code point, decimals exactly.

use std::fmt;
use std::sync::Arc;

use tantivy::columnar::{Column, StrColumn};
use tantivy::query::{EnableScoring, Explanation, Query, Scorer, Weight};
use tantivy::{DocId, DocSet, Score, SegmentReader, TERMINATED, TantivyError};

use super::error::SearchError;
use super::layout::{Form, Layout, Stored, stored};
use crate::db::decimal::{Scaled, split};
use crate::db::filter::{Comparison, Node, TextTest};
use crate::db::operand::Side;
use crate::db::{ColumnInfo, DataError, Type, Value};

/// A condition on a document, by the names of the index's columns.
#[derive(Clone, Debug)]
enum Condition {
    Known(Option<bool>),
    /// Whether a document has a value there.
    Present(String, Form),
    Compare(String, Comparison, Stored),
    /// Whether the value is one of these.
    Among(String, Form, Vec<Stored>),
    /// Two columns of one form.
    Columns(Form, String, Comparison, String),
    Text(String, TextTest, String),
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
}

/// Translates filters.
pub(super) struct Translation<'a> {
    pub(super) layout: &'a Layout,
    pub(super) table: &'static str,
}

impl Translation<'_> {
    /// The query that all filters hold for.
    pub(super) fn query(&self, filters: &[Node]) -> Result<Option<Predicate>, SearchError> {
        if filters.is_empty() {
            return Ok(None);
        }
        let conditions = filters.iter().map(|node| self.condition(node)).collect::<Result<_, _>>()?;
        Ok(Some(Predicate(Arc::new(Condition::And(conditions)))))
    }

    fn condition(&self, node: &Node) -> Result<Condition, SearchError> {
        let each = |nodes: &[Node]| nodes.iter().map(|node| self.condition(node)).collect::<Result<Vec<_>, _>>();
        Ok(match node {
            Node::And(nodes) => Condition::And(each(nodes)?),
            Node::Or(nodes) => Condition::Or(each(nodes)?),
            Node::Not(node) => Condition::Not(Box::new(self.condition(node)?)),
            Node::Null { column, negated } => {
                let (name, form) = self.column(column)?;
                let present = Condition::Present(name, form);
                if *negated { present } else { Condition::Not(Box::new(present)) }
            }
            Node::Compare { column, comparison, side } => self.comparison(column, *comparison, side)?,
            Node::In { column, sides } => {
                let (name, form) = self.column(column)?;
                let mut values = Vec::new();
                for side in sides {
                    let Side::Value(value) = side else { return Err(self.computed(column)) };
                    match (self.fit(column, value)?, column.ty) {
                        (Value::Null, _) => {}
                        (Value::Decimal(value), Type::Decimal { scale, .. }) => {
                            if let Scaled::Exact(value) = split(value, scale) {
                                values.push(Stored::Integer(value));
                            }
                        }
                        (value, _) => values.extend(stored(&value, column)?),
                    }
                }
                if sides.iter().all(|side| matches!(side, Side::Value(Value::Null))) {
                    return Ok(Condition::Known(Some(false)));
                }
                Condition::Among(name, form, values)
            }
            Node::Text { column, test, text } => {
                let (name, _) = self.column(column)?;
                self.fit(column, &Value::Text(text.clone().into()))?;
                if *test == TextTest::Like && ends_in_lone_escape(text) {
                    return Err(self.refuse(column, "a pattern can't end with one `\\`".into()).into());
                }
                Condition::Text(name, *test, text.clone())
            }
        })
    }

    fn comparison(
        &self,
        column: &'static ColumnInfo,
        comparison: Comparison,
        side: &Side,
    ) -> Result<Condition, SearchError> {
        let (name, form) = self.column(column)?;
        let value = match side {
            Side::Value(value) => self.fit(column, value)?,
            Side::Column(other) if other.ty == column.ty => {
                let (other, _) = self.column(other)?;
                return Ok(Condition::Columns(form, name, comparison, other));
            }
            Side::Column(_) | Side::Computed(_) => return Err(self.computed(column)),
        };
        let (comparison, bound) = match (value, column.ty) {
            (Value::Null, _) => {
                let present = Condition::Present(name, form);
                return Ok(match comparison {
                    Comparison::Equal => Condition::Not(Box::new(present)),
                    Comparison::NotEqual => present,
                    _ => Condition::Known(None),
                });
            }
            (Value::Decimal(value), Type::Decimal { scale, .. }) => {
                let low = matches!(comparison, Comparison::Less | Comparison::LessOrEqual);
                match (split(value, scale), comparison) {
                    (Scaled::Exact(bound), comparison) => (comparison, Stored::Integer(bound)),
                    (_, Comparison::Equal) => return Ok(of_all(name, form, false)),
                    (_, Comparison::NotEqual) => return Ok(of_all(name, form, true)),
                    (Scaled::Above(bound), _) if low => (Comparison::LessOrEqual, Stored::Integer(bound)),
                    (Scaled::Above(bound), _) => (Comparison::Greater, Stored::Integer(bound)),
                    (Scaled::TooHigh, _) => return Ok(of_all(name, form, low)),
                    (Scaled::TooLow, _) => return Ok(of_all(name, form, !low)),
                }
            }
            (value, _) => match stored(&value, column)? {
                Some(bound) => (comparison, bound),
                None => return Ok(Condition::Known(None)),
            },
        };
        Ok(Condition::Compare(name, comparison, bound))
    }

    fn column(&self, column: &ColumnInfo) -> Result<(String, Form), SearchError> {
        let value = self.layout.value_of(column).ok_or_else(|| SearchError::NotIndexed {
            table: self.table,
            column: column.name.to_owned(),
            what: "filter by",
        })?;
        Ok((value.name.clone(), value.form))
    }

    fn fit(&self, column: &ColumnInfo, value: &Value<'static>) -> Result<Value<'static>, SearchError> {
        value.clone().fit_operand(column.ty).map_err(|reason| self.refuse(column, reason).into())
    }

    fn refuse(&self, column: &ColumnInfo, reason: String) -> DataError {
        DataError::OutOfRange { table: self.table, column: column.name.to_owned(), reason }
    }

    fn computed(&self, column: &ColumnInfo) -> SearchError {
        self.refuse(column, "a search compares it with values, and with columns of its type".into()).into()
    }
}

/// The same of all documents that have a value there, and neither of those that have none.
fn of_all(name: String, form: Form, holds: bool) -> Condition {
    let present = Condition::Present(name, form);
    // Where there is a value, the first is what was wanted, and the second is not.
    let nothing = Condition::And(vec![Condition::Not(Box::new(present.clone())), Condition::Known(None)]);
    if holds { Condition::Or(vec![present, nothing]) } else { nothing }
}

fn ends_in_lone_escape(pattern: &str) -> bool {
    pattern.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1
}

/// Whether a text is of a pattern of `%`, `_` and `\`.
fn is_like(text: &str, pattern: &str) -> bool {
    enum Sign {
        Any,
        One,
        Is(char),
    }
    let mut signs = Vec::new();
    let mut chars = pattern.chars();
    while let Some(char) = chars.next() {
        signs.push(match char {
            '%' => Sign::Any,
            '_' => Sign::One,
            '\\' => Sign::Is(chars.next().unwrap_or('\\')),
            char => Sign::Is(char),
        });
    }
    let text: Vec<char> = text.chars().collect();
    // Back to the last `%`, one character further, where the rest does not fit.
    let (mut at, mut sign, mut back) = (0, 0, None);
    while at < text.len() {
        match signs.get(sign) {
            Some(Sign::Any) => {
                back = Some((at, sign));
                sign += 1;
                continue;
            }
            Some(Sign::One) => {}
            Some(Sign::Is(char)) if Some(char) == text.get(at) => {}
            _ => {
                let Some((from, any)) = back else { return false };
                back = Some((from + 1, any));
                (at, sign) = (from + 1, any + 1);
                continue;
            }
        }
        (at, sign) = (at + 1, sign + 1);
    }
    signs.get(sign..).unwrap_or_default().iter().all(|sign| matches!(sign, Sign::Any))
}

/// A condition that documents are asked for.
#[derive(Clone)]
pub(super) struct Predicate(Arc<Condition>);

impl fmt::Debug for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Query for Predicate {
    fn weight(&self, _: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(self.clone()))
    }
}

impl Weight for Predicate {
    fn scorer(&self, reader: &SegmentReader, _: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let mut scorer = Documents { test: test(&self.0, reader)?, at: 0, end: reader.max_doc() };
        scorer.settle();
        Ok(Box::new(scorer))
    }

    fn explain(&self, _: &SegmentReader, _: DocId) -> tantivy::Result<Explanation> {
        Err(TantivyError::InvalidArgument("a filter has no score".to_owned()))
    }
}

/// The documents of a segment for which a test holds, in turn.
struct Documents {
    test: Test,
    at: DocId,
    end: DocId,
}

impl Documents {
    /// Goes on to the next one, which may be where it is.
    fn settle(&mut self) -> DocId {
        while self.at < self.end && self.test.of(self.at) != Some(true) {
            self.at += 1;
        }
        if self.at >= self.end {
            self.at = TERMINATED;
        }
        self.at
    }
}

impl DocSet for Documents {
    fn advance(&mut self) -> DocId {
        if self.at != TERMINATED {
            self.at += 1;
        }
        self.settle()
    }

    fn seek(&mut self, target: DocId) -> DocId {
        self.at = target;
        self.settle()
    }

    fn doc(&self) -> DocId {
        self.at
    }

    // All of them may have to be asked: whoever knows fewer goes first.
    fn size_hint(&self) -> u32 {
        self.end
    }

    fn cost(&self) -> u64 {
        u64::from(self.end) * 4
    }
}

impl Scorer for Documents {
    fn score(&mut self) -> Score {
        0.0
    }
}

/// A condition over the columns of a segment.
enum Test {
    Known(Option<bool>),
    Present(Values),
    Integer(Column<i64>, Comparison, i64),
    Float(Column<f64>, Comparison, f64),
    Integers(Column<i64>, Vec<i64>),
    Floats(Column<f64>, Vec<f64>),
    /// A text, by its number among the segment's texts, which are in order.
    Text(Column<u64>, Among),
    Columns(Values, Comparison, Values),
    And(Vec<Test>),
    Or(Vec<Test>),
    Not(Box<Test>),
}

/// The values of a segment.
enum Values {
    Integer(Column<i64>),
    Float(Column<f64>),
    Text(Option<StrColumn>),
}

/// Some of a segment's texts.
enum Among {
    Between(u64, u64),
    Outside(u64, u64),
    These(Vec<u64>),
}

impl Values {
    fn of(name: &str, form: Form, reader: &SegmentReader) -> tantivy::Result<Self> {
        let columns = reader.fast_fields();
        Ok(match form {
            Form::Integer => Self::Integer(columns.i64(name)?),
            Form::Float => Self::Float(columns.f64(name)?),
            Form::Text => Self::Text(columns.str(name)?),
        })
    }

    fn get(&self, document: DocId) -> Option<Stored> {
        match self {
            Self::Integer(column) => column.first(document).map(Stored::Integer),
            Self::Float(column) => column.first(document).map(Stored::Float),
            Self::Text(column) => {
                let column = column.as_ref()?;
                let mut text = String::new();
                let number = column.ords().first(document)?;
                column.ord_to_str(number, &mut text).ok()?.then_some(Stored::Text(text))
            }
        }
    }

    fn has(&self, document: DocId) -> bool {
        match self {
            Self::Integer(column) => column.first(document).is_some(),
            Self::Float(column) => column.first(document).is_some(),
            Self::Text(column) => column.as_ref().is_some_and(|column| column.ords().first(document).is_some()),
        }
    }
}

impl Test {
    /// Whether it holds; nothing where that is not known.
    fn of(&self, document: DocId) -> Option<bool> {
        match self {
            Self::Known(known) => *known,
            Self::Present(values) => Some(values.has(document)),
            Self::Integer(column, comparison, bound) => {
                column.first(document).map(|value| holds(*comparison, &value, bound))
            }
            Self::Float(column, comparison, bound) => {
                column.first(document).map(|value| holds(*comparison, &value, bound))
            }
            Self::Integers(column, values) => column.first(document).map(|value| values.binary_search(&value).is_ok()),
            Self::Floats(column, values) => column.first(document).map(|value| values.contains(&value)),
            Self::Text(column, among) => column.first(document).map(|number| match among {
                Among::Between(from, to) => (*from..*to).contains(&number),
                Among::Outside(from, to) => !(*from..*to).contains(&number),
                Among::These(numbers) => numbers.binary_search(&number).is_ok(),
            }),
            Self::Columns(one, comparison, other) => {
                Some(holds(*comparison, &one.get(document)?, &other.get(document)?))
            }
            Self::And(tests) => joined(tests.iter().map(|test| test.of(document)), false),
            Self::Or(tests) => joined(tests.iter().map(|test| test.of(document)), true),
            Self::Not(test) => test.of(document).map(|holds| !holds),
        }
    }
}

/// What several come to: `decides` where one of them is that, else nothing where one of them is nothing.
fn joined(tests: impl Iterator<Item = Option<bool>>, decides: bool) -> Option<bool> {
    let mut all = Some(!decides);
    for test in tests {
        match test {
            Some(holds) if holds == decides => return Some(decides),
            Some(_) => {}
            None => all = None,
        }
    }
    all
}

fn holds<V: PartialOrd>(comparison: Comparison, value: &V, bound: &V) -> bool {
    match comparison {
        Comparison::Equal => value == bound,
        Comparison::NotEqual => value != bound,
        Comparison::Less => value < bound,
        Comparison::LessOrEqual => value <= bound,
        Comparison::Greater => value > bound,
        Comparison::GreaterOrEqual => value >= bound,
    }
}

fn test(condition: &Condition, reader: &SegmentReader) -> tantivy::Result<Test> {
    let each = |conditions: &[Condition]| {
        conditions.iter().map(|condition| test(condition, reader)).collect::<tantivy::Result<Vec<_>>>()
    };
    let columns = reader.fast_fields();
    Ok(match condition {
        Condition::Known(known) => Test::Known(*known),
        Condition::Present(name, form) => Test::Present(Values::of(name, *form, reader)?),
        Condition::Compare(name, comparison, Stored::Integer(bound)) => {
            Test::Integer(columns.i64(name)?, *comparison, *bound)
        }
        Condition::Compare(name, comparison, Stored::Float(bound)) => {
            Test::Float(columns.f64(name)?, *comparison, *bound)
        }
        Condition::Compare(name, comparison, Stored::Text(bound)) => match columns.str(name)? {
            None => Test::Known(None),
            Some(texts) => {
                // Where the text stands, or would.
                let dictionary = texts.dictionary();
                let last = dictionary.num_terms() as u64;
                let at = match dictionary.term_ord_or_next(bound)? {
                    tantivy::columnar::TermOrdHit::Exact(at) => (at, at + 1),
                    tantivy::columnar::TermOrdHit::Next(at) => (at.min(last), at.min(last)),
                };
                let among = match comparison {
                    Comparison::Equal => Among::Between(at.0, at.1),
                    Comparison::NotEqual => Among::Outside(at.0, at.1),
                    Comparison::Less => Among::Between(0, at.0),
                    Comparison::LessOrEqual => Among::Between(0, at.1),
                    Comparison::Greater => Among::Between(at.1, last),
                    Comparison::GreaterOrEqual => Among::Between(at.0, last),
                };
                Test::Text(texts.ords().clone(), among)
            }
        },
        Condition::Among(name, form, values) => match form {
            Form::Integer => {
                let numbers = values.iter().filter_map(|value| match value {
                    Stored::Integer(number) => Some(*number),
                    _ => None,
                });
                let mut numbers: Vec<i64> = numbers.collect();
                numbers.sort_unstable();
                Test::Integers(columns.i64(name)?, numbers)
            }
            Form::Float => {
                let numbers = values.iter().filter_map(|value| match value {
                    Stored::Float(number) => Some(*number),
                    _ => None,
                });
                Test::Floats(columns.f64(name)?, numbers.collect())
            }
            Form::Text => match columns.str(name)? {
                None => Test::Known(None),
                Some(texts) => {
                    let mut numbers = Vec::new();
                    for value in values {
                        if let Stored::Text(text) = value {
                            numbers.extend(texts.dictionary().term_ord(text)?);
                        }
                    }
                    numbers.sort_unstable();
                    Test::Text(texts.ords().clone(), Among::These(numbers))
                }
            },
        },
        Condition::Columns(form, one, comparison, other) => {
            Test::Columns(Values::of(one, *form, reader)?, *comparison, Values::of(other, *form, reader)?)
        }
        Condition::Text(name, kind, wanted) => match columns.str(name)? {
            None => Test::Known(None),
            Some(texts) => {
                let mut numbers = Vec::new();
                let mut all = texts.dictionary().stream()?;
                while all.advance() {
                    let Ok(text) = std::str::from_utf8(all.key()) else { continue };
                    let is_one = match kind {
                        TextTest::Contains => text.contains(wanted.as_str()),
                        TextTest::StartsWith => text.starts_with(wanted.as_str()),
                        TextTest::Like => is_like(text, wanted),
                    };
                    if is_one {
                        numbers.push(all.term_ord());
                    }
                }
                Test::Text(texts.ords().clone(), Among::These(numbers))
            }
        },
        Condition::And(conditions) => Test::And(each(conditions)?),
        Condition::Or(conditions) => Test::Or(each(conditions)?),
        Condition::Not(condition) => Test::Not(Box::new(test(condition, reader)?)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_what_they_mean_in_the_database() {
        for (text, pattern, expected) in [
            ("", "", true),
            ("", "%", true),
            ("a", "", false),
            ("abc", "a%c", true),
            ("ac", "a_c", false),
            ("a%c", r"a\%c", true),
            ("abc", r"a\%c", false),
            ("aab", "%ab", true),
            ("größe", "gr__e", true),
            ("mississippi", "%iss%pi", true),
            ("mississippi", "%iss%px", false),
        ] {
            assert_eq!(is_like(text, pattern), expected, "{text} like {pattern}");
        }
    }
}
