//! A filter of the database's as conditions over the columns of an index. In: a filter's tree. Out: conditions that mean what it means
//! in the database: a comparison with what is not there is neither true nor false, texts are compared by code point, decimals exactly.
//! Absent: asking documents (see [`super::predicate`]).

use super::error::SearchError;
use super::layout::{Form, Of, Stored, stored};
use super::live::Live;
use crate::db::decimal::{Scaled, split};
use crate::db::filter::{Comparison, Node, TextTest};
use crate::db::operand::Side;
use crate::db::{ColumnInfo, DataError, Type, Value};

/// A condition on a document, by the names of the index's columns.
#[derive(Clone, Debug)]
pub(super) enum Condition {
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

impl Condition {
    /// Whether it goes through the texts of a column, or looks up many, before it asks the first document.
    pub(super) fn looks_up_many(&self) -> bool {
        match self {
            Self::Text(..) => true,
            Self::Among(_, _, values) => values.len() > FEW,
            Self::And(parts) | Self::Or(parts) => parts.iter().any(Self::looks_up_many),
            Self::Not(part) => part.looks_up_many(),
            Self::Known(_) | Self::Present(..) | Self::Compare(..) | Self::Columns(..) => false,
        }
    }
}

/// So many texts are looked up in no time.
const FEW: usize = 100;

/// Translates filters.
pub(super) struct Translation<'a> {
    pub(super) live: &'a Live,
    /// Whose columns the filters are over.
    pub(super) of: Of,
}

impl Translation<'_> {
    pub(super) fn condition(&self, node: &Node) -> Result<Condition, SearchError> {
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
        let value = self.live.layout.value_of(self.of, column);
        let value = value.ok_or_else(|| self.live.not_indexed(self.of, column, "filter by"))?;
        Ok((value.name.clone(), value.form))
    }

    fn fit(&self, column: &ColumnInfo, value: &Value<'static>) -> Result<Value<'static>, SearchError> {
        value.clone().fit_operand(column.ty).map_err(|reason| self.refuse(column, reason).into())
    }

    fn refuse(&self, column: &ColumnInfo, reason: String) -> DataError {
        DataError::OutOfRange { table: self.live.table, column: column.name.to_owned(), reason }
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
