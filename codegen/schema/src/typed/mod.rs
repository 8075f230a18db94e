//! Gives every part of a portable expression its type, so that a dialect can write it with one meaning.
//! In: an [`Expr`] and the table it is about. Out: a [`Typed`] tree, in which numbers are brought to common scales.
//! Absent: SQL. Refused here: types that do not go together, and arithmetic that may leave 64 bits where an engine would
//! not notice (SQLite goes on in floating point, PostgreSQL stops).

mod infer;
mod number;

use crate::constant::Constant;
use crate::expr::{Binary, Expr, Function};
use crate::refusal::Refusal;
use crate::schema::{Column, Table, Type};

/// What kind of value an expression has.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Bool,
    /// Whole numbers of any width.
    Integer,
    /// Exact numbers with so many digits behind the point.
    Decimal {
        scale: u8,
    },
    /// `single`: every value is one of `f32`.
    Float {
        single: bool,
    },
    Text,
    Bytes,
    Uuid,
    Instant,
    Date,
    Time,
    Json,
    Enumeration(Vec<String>),
}

/// An expression whose type is known.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Typed {
    pub(crate) kind: Kind,
    pub(crate) node: Node,
    /// For whole numbers and decimals, between which two (scaled) values it lies.
    pub(crate) range: (i128, i128),
}

/// How an expression is made.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    Column {
        name: String,
        ty: Type,
    },
    Constant(Constant),
    Not(Box<Typed>),
    Negate(Box<Typed>),
    Binary {
        op: Binary,
        left: Box<Typed>,
        right: Box<Typed>,
    },
    Call {
        function: Function,
        arguments: Vec<Typed>,
    },
    /// The same number with so many more digits behind the point: a multiplication where numbers are stored scaled.
    Rescale {
        operand: Box<Typed>,
        digits: u8,
    },
}

/// Where an expression stands, for types and for messages.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) table: &'a Table,
    /// The object it belongs to: `shop.products.price`.
    pub(crate) object: &'a str,
}

/// Types a condition: `check`, `where`.
pub(crate) fn condition(scope: Scope<'_>, expr: &Expr) -> Result<Typed, Refusal> {
    let typed = scope.infer(expr)?;
    if typed.kind != Kind::Bool {
        return Err(scope.refuse(
            format!("`{expr}` is {}, not a condition", typed.kind.shown()),
            "write a comparison, such as `price >= 0`",
        ));
    }
    Ok(typed)
}

/// Types a value that a column shall hold: `generated`. The outermost operation may overflow: both engines then refuse the row.
pub(crate) fn value(scope: Scope<'_>, expr: &Expr, column: &Column) -> Result<Typed, Refusal> {
    if let Some(literal) = infer::literal(expr) {
        let constant = Constant::of(&column.ty, &literal).map_err(|wanted| {
            scope.refuse(format!("`{expr}` is no value of this column"), format!("write {wanted}"))
        })?;
        return Ok(Typed::constant(Kind::of(&column.ty), constant));
    }
    let typed = scope.infer(expr)?;
    let wanted = Kind::of(&column.ty);
    match (&typed.kind, &wanted) {
        (Kind::Integer | Kind::Decimal { .. }, Kind::Decimal { scale }) => scope.widen(typed, *scale),
        (Kind::Float { single }, Kind::Float { single: narrow }) if *single || !*narrow => Ok(typed),
        (Kind::Enumeration(_), Kind::Text) => Ok(typed),
        (given, wanted) if given.same(wanted) => Ok(typed),
        (given, _) => Err(scope.refuse(
            format!("`{expr}` is {} and the column is {}", given.shown(), column.ty.shown()),
            format!("declare the column as {}, or change the expression", given.shown()),
        )),
    }
}

impl Typed {
    fn new(kind: Kind, node: Node) -> Self {
        Self { kind, node, range: (0, 0) }
    }

    fn constant(kind: Kind, constant: Constant) -> Self {
        let range = match constant {
            Constant::Integer(digits) | Constant::Decimal { digits, .. } => (i128::from(digits), i128::from(digits)),
            _ => (0, 0),
        };
        Self { kind, node: Node::Constant(constant), range }
    }
}

impl Kind {
    pub(crate) fn of(ty: &Type) -> Self {
        match ty {
            Type::I16 | Type::I32 | Type::I64 | Type::U16 | Type::U32 => Self::Integer,
            Type::Bool => Self::Bool,
            Type::F32 => Self::Float { single: true },
            Type::F64 => Self::Float { single: false },
            Type::Text { .. } => Self::Text,
            Type::Bytes { .. } => Self::Bytes,
            Type::Uuid => Self::Uuid,
            Type::Instant => Self::Instant,
            Type::Date => Self::Date,
            Type::Time => Self::Time,
            Type::Decimal { scale, .. } => Self::Decimal { scale: *scale },
            Type::Json => Self::Json,
            Type::Enumeration { values } => Self::Enumeration(values.clone()),
        }
    }

    /// The type in a few words.
    pub(crate) fn shown(&self) -> String {
        let word = match self {
            Self::Bool => "a condition",
            Self::Integer => "a whole number",
            Self::Decimal { scale } => return format!("a decimal with {scale} digits behind the point"),
            Self::Float { single: true } => "an `f32`",
            Self::Float { single: false } => "an `f64`",
            Self::Text => "text",
            Self::Bytes => "bytes",
            Self::Uuid => "a UUID",
            Self::Instant => "an instant",
            Self::Date => "a date",
            Self::Time => "a time",
            Self::Json => "JSON",
            Self::Enumeration(_) => "an enumeration",
        };
        word.to_owned()
    }

    /// Whether values of both are of one type. The order of an enumeration's values does not matter.
    pub(crate) fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Enumeration(left), Self::Enumeration(right)) => {
                left.len() == right.len() && left.iter().all(|value| right.contains(value))
            }
            _ => self == other,
        }
    }

    /// The digits behind the point of an exact number.
    pub(crate) fn scale(&self) -> Option<u8> {
        match self {
            Self::Integer => Some(0),
            Self::Decimal { scale } => Some(*scale),
            _ => None,
        }
    }
}

impl Scope<'_> {
    pub(crate) fn refuse(&self, message: impl Into<String>, help: impl Into<String>) -> Refusal {
        Refusal::new("expression-type", self.object, message, help)
    }
}
