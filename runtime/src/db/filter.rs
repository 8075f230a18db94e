//! Conditions over a table's columns, made by [`super::Column`]'s methods and joined by `&`, `|` and `!`.
//! In: columns and values. Out: a tree that a query hands to its engine's dialect. Absent: SQL.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{BitAnd, BitOr, Not};

use super::column::ColumnInfo;
use super::operand::Side;

/// A condition on the rows of `T`. As in SQL, a comparison with a value that is not there is neither true nor false, and
/// `!` of it neither.
#[must_use = "a condition does nothing until `filter` takes it"]
pub struct Filter<T> {
    pub(crate) node: Node,
    table: PhantomData<fn() -> T>,
}

/// A condition without its table.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    Compare { column: &'static ColumnInfo, comparison: Comparison, side: Side },
    In { column: &'static ColumnInfo, sides: Vec<Side> },
    Null { column: &'static ColumnInfo, negated: bool },
    Text { column: &'static ColumnInfo, test: TextTest, text: String },
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// What is asked of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextTest {
    Contains,
    StartsWith,
    Like,
}

impl<T> Filter<T> {
    pub(crate) fn new(node: Node) -> Self {
        Self { node, table: PhantomData }
    }

    /// Whether every one holds; true of none.
    pub fn all(filters: impl IntoIterator<Item = Self>) -> Self {
        Self::new(Node::And(filters.into_iter().map(|filter| filter.node).collect()))
    }

    /// Whether one of them holds; false of none.
    pub fn any(filters: impl IntoIterator<Item = Self>) -> Self {
        Self::new(Node::Or(filters.into_iter().map(|filter| filter.node).collect()))
    }
}

impl<T> BitAnd for Filter<T> {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        match self.node {
            // A chain of `&` stays one level deep, however long it is.
            Node::And(mut nodes) => {
                nodes.push(other.node);
                Self::new(Node::And(nodes))
            }
            node => Self::new(Node::And(vec![node, other.node])),
        }
    }
}

impl<T> BitOr for Filter<T> {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        match self.node {
            Node::Or(mut nodes) => {
                nodes.push(other.node);
                Self::new(Node::Or(nodes))
            }
            node => Self::new(Node::Or(vec![node, other.node])),
        }
    }
}

impl<T> Not for Filter<T> {
    type Output = Self;

    fn not(self) -> Self {
        Self::new(Node::Not(Box::new(self.node)))
    }
}

impl<T> Clone for Filter<T> {
    fn clone(&self) -> Self {
        Self::new(self.node.clone())
    }
}

impl<T> fmt::Debug for Filter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.node.fmt(f)
    }
}
