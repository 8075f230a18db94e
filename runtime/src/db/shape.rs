//! Questions that differ in nothing but their values: their text is made once and kept.
//! In: a question's tree. Out: its [`Shape`] and the values in the order in which its text has them, or nothing where the text depends
//! on the values, too. Absent: making the text ([`super::select`]).

use std::borrow::Cow;

use super::column::{ColumnInfo, Type};
use super::condition::padded;
use super::dialect::Arguments;
use super::error::DataError;
use super::filter::Node;
use super::model::{Engine, Facts};
use super::operand::Side;
use super::select::Ask;
use super::sort::Direction;
use super::term::Term;
use super::value::Value;

/// The most shapes of one table whose texts are kept: an application has a few, and one that makes them up may make any number.
pub(crate) const MOST_SHAPES: usize = 256;

/// What a question's text is made of, but for its values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Shape(Vec<usize>);

/// A value, and the column that it is for.
type Bound<'a> = (Cow<'a, Value<'static>>, &'static ColumnInfo);

impl Shape {
    /// Of the rows that a question asks for, with the values of its filters.
    pub(crate) fn of(ask: &Ask, engine: Engine) -> Option<(Self, Vec<Bound<'_>>)> {
        if ask.after.is_some() {
            return None;
        }
        let (mut shape, mut values) = (Self::default(), Vec::new());
        for node in &ask.filters {
            shape.node(node, engine, &mut values)?;
        }
        for sort in &ask.page.sorts {
            let Term::Column(info) = sort.term else { return None };
            shape.0.extend([
                8,
                address(info),
                usize::from(sort.direction == Direction::Ascending),
                usize::from(sort.nulls_first),
            ]);
        }
        shape.0.extend([9, usize::from(ask.page.limit.is_some()), usize::from(ask.page.offset.is_some())]);
        Some((shape, values))
    }

    fn node<'a>(&mut self, node: &'a Node, engine: Engine, values: &mut Vec<Bound<'a>>) -> Option<()> {
        match node {
            Node::And(nodes) | Node::Or(nodes) => {
                self.0.extend([if matches!(node, Node::And(_)) { 1 } else { 2 }, nodes.len()]);
                nodes.iter().try_for_each(|node| self.node(node, engine, values))
            }
            Node::Not(node) => {
                self.0.push(3);
                self.node(node, engine, values)
            }
            Node::Null { column, negated } => {
                self.0.extend([4, address(column), usize::from(*negated)]);
                Some(())
            }
            Node::Compare { column, comparison, side } => {
                self.0.extend([5, address(column), *comparison as usize]);
                match side {
                    Side::Column(other) => self.0.extend([6, address(other)]),
                    Side::Value(value) => {
                        if !is_plain(value, column, engine) {
                            return None;
                        }
                        self.0.push(7);
                        values.push((Cow::Borrowed(value), *column));
                    }
                    Side::Computed(_) => return None,
                }
                Some(())
            }
            Node::In { column, sides } => {
                let plain = |side: &'a Side| match side {
                    Side::Value(value) if is_plain(value, column, engine) => Some(value),
                    _ => None,
                };
                let count = padded(sides.len())?;
                self.0.extend([10, address(column)]);
                let among = sides.iter().map(plain);
                if engine == Engine::Postgres {
                    let list = among.map(|value| value.cloned()).collect::<Option<_>>()?;
                    values.push((Cow::Owned(Value::List(list)), *column));
                    return Some(());
                }
                self.0.push(count);
                for value in among {
                    values.push((Cow::Borrowed(value?), *column));
                }
                let last = values.last()?.clone();
                values.extend(std::iter::repeat_n(last, count - sides.len()));
                Some(())
            }
            Node::Text { .. } => None,
        }
    }
}

/// Whether a value is written as any other of its column.
fn is_plain(value: &Value<'_>, column: &ColumnInfo, engine: Engine) -> bool {
    let is_scaled = engine == Engine::Sqlite && matches!(column.ty, Type::Decimal { .. });
    *value != Value::Null && column.earlier.is_empty() && !is_scaled
}

/// Every column is described in one place.
fn address(info: &'static ColumnInfo) -> usize {
    std::ptr::from_ref(info).addr()
}

/// The values of a question whose text is known.
pub(crate) fn arguments(
    engine: Engine,
    facts: Facts,
    values: &[Bound<'_>],
    numbers: impl Iterator<Item = Value<'static>>,
) -> Result<Arguments, DataError> {
    let mut arguments = Arguments::new(engine, values.len() + 2);
    for (value, info) in values {
        let fitting = value.clone().into_owned().fit_operand(info.ty);
        fitting.and_then(|value| arguments.push(value, info.ty)).map_err(|reason| DataError::OutOfRange {
            table: facts.table,
            column: info.name.to_owned(),
            reason,
        })?;
    }
    for number in numbers {
        arguments.push(number, Type::I64).map_err(DataError::other)?;
    }
    Ok(arguments)
}
