//! Asks documents for a condition. In: a condition over the columns of an index. Out: a query of tantivy's that asks each document in turn,
//! where the words leave any. What depends on a segment alone (where a text stands among its texts) is looked up once for each.

use std::fmt;
use std::sync::Arc;

use tantivy::columnar::{Column, TermOrdHit};
use tantivy::query::{EnableScoring, Explanation, Query, Scorer, Weight};
use tantivy::{DocId, DocSet, Score, SegmentReader, TERMINATED, TantivyError};

use super::collect::Values;
use super::condition::Condition;
use super::layout::{Form, Stored};
use crate::db::filter::{Comparison, TextTest};

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

impl Predicate {
    pub(super) fn new(condition: Arc<Condition>) -> Self {
        Self(condition)
    }
}

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

/// Some of a segment's texts.
enum Among {
    Between(u64, u64),
    Outside(u64, u64),
    These(Vec<u64>),
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
                    TermOrdHit::Exact(at) => (at, at + 1),
                    TermOrdHit::Next(at) => (at.min(last), at.min(last)),
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
