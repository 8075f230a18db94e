//! Writes typed expressions as SQL, with the parentheses they need and no others.
//! In: a [`Typed`] tree. Out: text. Absent: types; and what the engines write differently, which they are asked for.

use super::Dialect;
use crate::constant::Constant;
use crate::expr::Binary;
use crate::typed::{Kind, Node, Typed};

/// SQL text and how tightly its outermost operator binds.
#[derive(Clone, Debug)]
pub(super) struct Sql {
    pub(super) text: String,
    pub(super) level: Level,
}

/// How tightly an operator binds, from loose to tight. Both engines agree on this order of these classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Or,
    And,
    Not,
    Comparison,
    Concat,
    Sum,
    Product,
    Sign,
    Atom,
}

impl Sql {
    pub(super) fn new(level: Level, text: impl Into<String>) -> Self {
        Self { text: text.into(), level }
    }

    pub(super) fn atom(text: impl Into<String>) -> Self {
        Self::new(Level::Atom, text)
    }

    /// The text where something binds at least this tightly is wanted.
    pub(super) fn within(self, level: Level) -> String {
        if self.level < level { format!("({})", self.text) } else { self.text }
    }

    /// The text of a function's argument list.
    pub(super) fn arguments(arguments: &[(Self, &Typed)]) -> String {
        arguments.iter().map(|(sql, _)| sql.text.as_str()).collect::<Vec<_>>().join(", ")
    }
}

pub(super) fn write(dialect: &dyn Dialect, typed: &Typed) -> Sql {
    match &typed.node {
        Node::Column { name, .. } => Sql::atom(dialect.quote(name)),
        Node::Constant(constant) => dialect.constant(constant),
        Node::Not(operand) => Sql::new(Level::Not, format!("NOT {}", write(dialect, operand).within(Level::Not))),
        Node::Negate(operand) => {
            let sql = dialect.computed(write(dialect, operand), operand);
            // Two minus signs in a row would begin a comment.
            Sql::new(Level::Sign, format!("-{}", sql.within(Level::Atom)))
        }
        Node::Binary { op, left, right } => binary(dialect, *op, left, right),
        Node::Call { function, arguments } => {
            let arguments: Vec<(Sql, &Typed)> =
                arguments.iter().map(|argument| (write(dialect, argument), argument)).collect();
            dialect.call(*function, &arguments)
        }
        Node::Rescale { operand, digits } => dialect.rescale(write(dialect, operand), *digits),
    }
}

fn binary(dialect: &dyn Dialect, op: Binary, left: &Typed, right: &Typed) -> Sql {
    let (symbol, level) = operator(op);
    let (mut one, mut other) = (write(dialect, left), write(dialect, right));
    match level {
        Level::Or | Level::And => {
            let text = format!("{} {symbol} {}", one.within(level), other.within(level));
            return Sql::new(level, text);
        }
        Level::Comparison => {
            if !matches!(op, Binary::Equal | Binary::NotEqual) && left.kind == Kind::Text {
                one = dialect.ordered(one, left);
            }
            let text = format!("{} {symbol} {}", one.within(Level::Concat), other.within(Level::Concat));
            return Sql::new(level, text);
        }
        _ => {}
    }
    one = dialect.computed(one, left);
    other = dialect.computed(other, right);
    if matches!(op, Binary::Divide | Binary::Remainder) && may_be_zero(right) {
        other = dialect.divisor(other);
    }
    // The right side of an operator of the same level needs parentheses: `a - (b - c)`.
    let right_level = if level == Level::Sum { Level::Product } else { Level::Sign };
    Sql::new(level, format!("{} {symbol} {}", one.within(level), other.within(right_level)))
}

fn operator(op: Binary) -> (&'static str, Level) {
    match op {
        Binary::Or => ("OR", Level::Or),
        Binary::And => ("AND", Level::And),
        Binary::Equal => ("=", Level::Comparison),
        Binary::NotEqual => ("<>", Level::Comparison),
        Binary::Less => ("<", Level::Comparison),
        Binary::LessOrEqual => ("<=", Level::Comparison),
        Binary::Greater => (">", Level::Comparison),
        Binary::GreaterOrEqual => (">=", Level::Comparison),
        Binary::Add => ("+", Level::Sum),
        Binary::Subtract => ("-", Level::Sum),
        Binary::Multiply => ("*", Level::Product),
        Binary::Divide => ("/", Level::Product),
        Binary::Remainder => ("%", Level::Product),
    }
}

fn may_be_zero(divisor: &Typed) -> bool {
    match (&divisor.kind, &divisor.node) {
        (_, Node::Constant(Constant::Float(value))) => *value == 0.0,
        (Kind::Float { .. }, _) => true,
        _ => divisor.range.0 <= 0 && divisor.range.1 >= 0,
    }
}

/// A floating-point number in digits: always with a point or an exponent, and exactly the value when read again.
pub(super) fn float(value: f64) -> Sql {
    number(format!("{value:?}"))
}

pub(super) fn number(text: String) -> Sql {
    let level = if text.starts_with('-') { Level::Sign } else { Level::Atom };
    Sql::new(level, text)
}
