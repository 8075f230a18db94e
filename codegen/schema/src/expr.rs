//! Expressions over a row's columns, as `check`, `generated`, `backfill` and `where` say them.
//! They mean the same on every engine; a dialect prints them. Absent: parsing, and types (see [`crate::schema`]).

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::engine::Engine;

/// How deep a portable expression may be nested: far below what a JSON parser or a recursive function endures.
pub const MAX_DEPTH: usize = 32;

/// A condition or a value in the portable language, or the text of single engines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Expression {
    /// The same on every engine.
    Portable(Expr),
    /// Text for the engines that are named; an engine that is not named cannot hold this schema.
    Raw {
        /// SQLite's text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sqlite: Option<String>,
        /// PostgreSQL's text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        postgres: Option<String>,
    },
}

/// A portable expression.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Expr {
    /// A column of the row, by its SQL name.
    Column(String),
    /// A constant.
    Literal(Literal),
    /// `!x` or `-x`.
    Unary {
        /// The operator.
        op: Unary,
        /// Its operand.
        operand: Box<Expr>,
    },
    /// `left op right`.
    Binary {
        /// The operator.
        op: Binary,
        /// The left operand.
        left: Box<Expr>,
        /// The right operand.
        right: Box<Expr>,
    },
    /// `function(arguments)`.
    Call {
        /// The function.
        function: Function,
        /// As many as [`Function::arity`] says.
        arguments: Vec<Expr>,
    },
}

/// A constant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Literal {
    /// No value.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number with a point, in decimal digits as written (`-12.50`): exact, so not an `f64`.
    Number(String),
    /// Text without U+0000.
    Text(String),
}

/// An operator with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unary {
    /// `!`
    Not,
    /// `-`
    Negate,
}

/// An operator with two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Binary {
    /// `&&`
    And,
    /// `||`
    Or,
    /// `==`; unknown where an operand is null.
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`: between integers it truncates towards zero; null where the divisor is zero.
    Divide,
    /// `%`: has the sign of the left operand; null where the divisor is zero.
    Remainder,
}

/// A function of the portable language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Function {
    /// Characters in a text, bytes in bytes.
    Len,
    /// Lower case of the letters A to Z; every other character stays.
    Lower,
    /// Upper case of the letters a to z; every other character stays.
    Upper,
    /// Without spaces (U+0020) at both ends.
    Trim,
    /// The absolute value.
    Abs,
    /// The first argument that is not null.
    Coalesce,
    /// Whether the argument is null.
    IsNull,
    /// Whether the first text begins with the second.
    StartsWith,
    /// Whether the first text contains the second.
    Contains,
    /// The texts one after the other; null where one is null.
    Concat,
}

impl Expression {
    /// Whether it says something for this engine.
    #[must_use]
    pub fn has(&self, engine: Engine) -> bool {
        match (self, engine) {
            (Self::Portable(_), _) => true,
            (Self::Raw { sqlite, .. }, Engine::Sqlite) => sqlite.is_some(),
            (Self::Raw { postgres, .. }, Engine::Postgres) => postgres.is_some(),
        }
    }

    /// The names of the columns that occur in it, each once, in the order of their first mention; none for raw text, which is
    /// not read.
    #[must_use]
    pub fn mentions(&self) -> Vec<&str> {
        self.portable().map(Expr::mentions).unwrap_or_default()
    }

    /// Whether it may be about this column: raw text may be about any.
    #[must_use]
    pub fn may_mention(&self, column: &str) -> bool {
        match self {
            Self::Portable(expr) => expr.columns().contains(column),
            Self::Raw { .. } => true,
        }
    }

    /// The same expression over a column's new name. Raw text stays: it is compared as it is written.
    pub(crate) fn rename(&mut self, from: &str, to: &str) {
        if let Self::Portable(expr) = self {
            expr.rename(from, to);
        }
    }

    /// The portable expression, if it is one.
    #[must_use]
    pub fn portable(&self) -> Option<&Expr> {
        match self {
            Self::Portable(expr) => Some(expr),
            Self::Raw { .. } => None,
        }
    }
}

impl Expr {
    /// The names of the columns that occur in it.
    #[must_use]
    pub fn columns(&self) -> BTreeSet<&str> {
        match self {
            Self::Column(name) => BTreeSet::from([name.as_str()]),
            _ => self.operands().into_iter().flat_map(Self::columns).collect(),
        }
    }

    /// The names of the columns that occur in it, each once, in the order of their first mention.
    #[must_use]
    pub fn mentions(&self) -> Vec<&str> {
        match self {
            Self::Column(name) => vec![name.as_str()],
            _ => {
                let mut names: Vec<&str> = Vec::new();
                for name in self.operands().into_iter().flat_map(Self::mentions) {
                    if !names.contains(&name) {
                        names.push(name);
                    }
                }
                names
            }
        }
    }

    /// The same expression over a column's new name.
    pub(crate) fn rename(&mut self, from: &str, to: &str) {
        match self {
            Self::Column(name) if name == from => to.clone_into(name),
            Self::Column(_) | Self::Literal(_) => {}
            Self::Unary { operand, .. } => operand.rename(from, to),
            Self::Binary { left, right, .. } => {
                left.rename(from, to);
                right.rename(from, to);
            }
            Self::Call { arguments, .. } => arguments.iter_mut().for_each(|argument| argument.rename(from, to)),
        }
    }

    /// Whether it is null in every row in which all of its columns are null, whatever else it says: such a row meets it as a
    /// check. `false` where that is not plain to see.
    pub(crate) fn is_null_over_nulls(&self) -> bool {
        match self {
            Self::Column(_) | Self::Literal(Literal::Null) => true,
            Self::Literal(_) | Self::Call { function: Function::IsNull, .. } => false,
            // One side that is known may decide these alone.
            Self::Binary { op: Binary::And | Binary::Or, .. } | Self::Call { function: Function::Coalesce, .. } => {
                self.operands().into_iter().all(Self::is_null_over_nulls)
            }
            _ => self.operands().into_iter().any(Self::is_null_over_nulls),
        }
    }

    /// Whether it has a value in every row, given the columns that may be null. `false` where that is not plain to see.
    pub(crate) fn is_never_null(&self, may_be_null: &impl Fn(&str) -> bool) -> bool {
        let mut operands = self.operands().into_iter();
        match self {
            Self::Column(name) => !may_be_null(name),
            Self::Literal(literal) => *literal != Literal::Null,
            // Nothing can be divided by zero.
            Self::Binary { op: Binary::Divide | Binary::Remainder, .. } => false,
            Self::Call { function: Function::IsNull, .. } => true,
            Self::Call { function: Function::Coalesce, .. } => operands.any(|it| it.is_never_null(may_be_null)),
            _ => operands.all(|it| it.is_never_null(may_be_null)),
        }
    }

    /// Whether it is nested deeper than `levels`. Looks no deeper itself.
    #[must_use]
    pub fn deeper_than(&self, levels: usize) -> bool {
        match levels.checked_sub(1) {
            None => true,
            Some(rest) => self.operands().into_iter().any(|operand| operand.deeper_than(rest)),
        }
    }

    fn operands(&self) -> Vec<&Self> {
        match self {
            Self::Column(_) | Self::Literal(_) => Vec::new(),
            Self::Unary { operand, .. } => vec![operand],
            Self::Binary { left, right, .. } => vec![left, right],
            Self::Call { arguments, .. } => arguments.iter().collect(),
        }
    }
}

/// As a developer would write it, for messages.
impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operand = |operand: &Self| match operand {
            Self::Binary { .. } => format!("({operand})"),
            _ => operand.to_string(),
        };
        match self {
            Self::Column(name) => f.write_str(name),
            Self::Literal(literal) => literal.fmt(f),
            Self::Unary { op, operand: inner } => write!(f, "{}{}", op.symbol(), operand(inner)),
            Self::Binary { op, left, right } => write!(f, "{} {} {}", operand(left), op.symbol(), operand(right)),
            Self::Call { function, arguments } => {
                let arguments: Vec<String> = arguments.iter().map(Self::to_string).collect();
                write!(f, "{}({})", function.name(), arguments.join(", "))
            }
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => value.fmt(f),
            Self::Integer(value) => value.fmt(f),
            Self::Number(digits) => f.write_str(digits),
            Self::Text(text) => write!(f, "{text:?}"),
        }
    }
}

impl Unary {
    /// The operator as it is written.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Not => "!",
            Self::Negate => "-",
        }
    }
}

impl Binary {
    /// The operator as it is written.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            Self::And => "&&",
            Self::Or => "||",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }
}

impl Function {
    /// The name by which it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Len => "len",
            Self::Lower => "lower",
            Self::Upper => "upper",
            Self::Trim => "trim",
            Self::Abs => "abs",
            Self::Coalesce => "coalesce",
            Self::IsNull => "is_null",
            Self::StartsWith => "starts_with",
            Self::Contains => "contains",
            Self::Concat => "concat",
        }
    }

    /// Every function with the name by which it is written.
    pub const ALL: [(&'static str, Self); 10] = [
        ("abs", Self::Abs),
        ("coalesce", Self::Coalesce),
        ("concat", Self::Concat),
        ("contains", Self::Contains),
        ("is_null", Self::IsNull),
        ("len", Self::Len),
        ("lower", Self::Lower),
        ("starts_with", Self::StartsWith),
        ("trim", Self::Trim),
        ("upper", Self::Upper),
    ];

    /// The least and the most arguments it takes.
    #[must_use]
    pub fn arity(self) -> (usize, usize) {
        match self {
            Self::Len | Self::Lower | Self::Upper | Self::Trim | Self::Abs | Self::IsNull => (1, 1),
            Self::StartsWith | Self::Contains => (2, 2),
            Self::Coalesce | Self::Concat => (2, usize::MAX),
        }
    }
}
