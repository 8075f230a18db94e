//! Expressions over a row's columns, as `check`, `generated`, `backfill` and `where` say them.
//! They mean the same on every engine; a dialect prints them. Absent: parsing, and types (see [`crate::schema`]).

use serde::{Deserialize, Serialize};

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
    /// `/`: between integers it truncates towards zero.
    Divide,
    /// `%`: has the sign of the left operand.
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

impl Function {
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
