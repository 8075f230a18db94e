//! What a database computes of a row and a value, or of two columns: `p.stock - 1`.
//! In: columns and values of one type of whole numbers, or of decimals. Out: an operand of conditions and updates, and the same
//! number on both engines, or none on both. Absent: floating-point numbers, which no two engines add alike at the ends of their
//! range, and more than one operation: what is on the way of several could be out of range on one engine and not on the other.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Add, Mul, Sub};

use rust_decimal::Decimal;
use sea_query::{BinOper, Expr, ExprTrait};

use super::column::{Column, ColumnInfo, Type};
use super::condition::Lowering;
use super::decimal::{self, Scaled};
use super::error::DataError;
use super::field::{Field, Scalar};
use super::model::Engine;
use super::operand::{Operand, Side};
use super::value::Value;

/// A type of columns that a database adds, subtracts and multiplies exactly.
#[diagnostic::on_unimplemented(
    message = "a database computes nothing of a column of `{Self}`",
    note = "whole numbers and decimals are added and subtracted, and multiplied with whole numbers"
)]
pub trait Arithmetic: Field {
    /// What it is multiplied with: its own type, or an `i64` for decimals.
    type Factor: Field;
}

macro_rules! arithmetic {
    ($($rust:ty => $factor:ty;)+) => {$(
        impl Arithmetic for $rust {
            type Factor = $factor;
        }
    )+};
}

arithmetic! { i16 => i16; i32 => i32; i64 => i64; u16 => u16; u32 => u32; Decimal => i64; }

impl<V: Arithmetic + Scalar> Arithmetic for Option<V> {
    type Factor = V::Factor;
}

/// A number that the database computes of each row. Of nothing it is nothing.
pub struct Computed<T, V> {
    node: Computation,
    types: PhantomData<fn() -> (T, V)>,
}

impl<T, V> Clone for Computed<T, V> {
    fn clone(&self) -> Self {
        Self { node: self.node.clone(), types: PhantomData }
    }
}

impl<T, V> fmt::Debug for Computed<T, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.node.fmt(f)
    }
}

/// The same without its types.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct Computation {
    left: &'static ColumnInfo,
    operation: Operation,
    right: Box<Side>,
}

#[derive(Clone, Copy, Debug)]
enum Operation {
    Add,
    Subtract,
    Multiply,
}

impl<T, V> Column<T, V> {
    fn with(self, operation: Operation, right: Side) -> Computed<T, V> {
        Computed { node: Computation { left: self.info, operation, right: Box::new(right) }, types: PhantomData }
    }
}

impl<T, V: Arithmetic, R: Operand<T, V>> Add<R> for Column<T, V> {
    type Output = Computed<T, V>;

    fn add(self, right: R) -> Computed<T, V> {
        self.with(Operation::Add, right.side())
    }
}

impl<T, V: Arithmetic, R: Operand<T, V>> Sub<R> for Column<T, V> {
    type Output = Computed<T, V>;

    fn sub(self, right: R) -> Computed<T, V> {
        self.with(Operation::Subtract, right.side())
    }
}

impl<T, V: Arithmetic> Mul<V::Factor> for Column<T, V> {
    type Output = Computed<T, V>;

    fn mul(self, factor: V::Factor) -> Computed<T, V> {
        self.with(Operation::Multiply, Side::Value(factor.value().into_owned()))
    }
}

impl<T, V: Arithmetic> Operand<T, V> for Computed<T, V> {
    fn side(self) -> Side {
        Side::Computed(self.node)
    }
}

impl Lowering {
    /// A number to compare a column with, or to write to it.
    pub(crate) fn computed(&mut self, column: &'static ColumnInfo, node: &Computation) -> Result<Expr, DataError> {
        let operation = match node.operation {
            Operation::Add => BinOper::Add,
            Operation::Subtract => BinOper::Sub,
            Operation::Multiply => BinOper::Mul,
        };
        let left = self.part(column, node.left)?;
        let right = match &*node.right {
            Side::Column(other) => self.part(column, other)?,
            Side::Value(value) => self.number(column, value)?,
            Side::Computed(_) => return Err(DataError::other("a computed value is computed in one operation")),
        };
        Ok(left.binary(operation, right))
    }

    fn part(&self, column: &ColumnInfo, part: &'static ColumnInfo) -> Result<Expr, DataError> {
        // A scaled integer of one scale says nothing beside one of another.
        if part.ty != column.ty {
            let reason =
                ["`", part.name, "` has another type; compute with columns of one precision and scale"].concat();
            return Err(self.refuse(column, reason));
        }
        let part = Expr::col(part.name);
        // It computes with as many digits as it takes: what does not fit the column is refused when it is written.
        Ok(if self.engine == Engine::Postgres { part.cast_as("numeric") } else { part })
    }

    fn number(&mut self, column: &'static ColumnInfo, value: &Value<'static>) -> Result<Expr, DataError> {
        let number = match (self.fit(column, value)?, column.ty) {
            (Value::Decimal(value), Type::Decimal { scale, .. }) => match (decimal::split(value, scale), self.engine) {
                (Scaled::Exact(scaled), Engine::Sqlite) => self.parameter(Value::Int(scaled), Type::I64)?,
                (Scaled::Exact(_), Engine::Postgres) => self.parameter(Value::Decimal(value), column.ty)?,
                _ => return Err(self.refuse(column, "it has more digits than the column holds".to_owned())),
            },
            (Value::Null, _) => return Ok(Expr::from(sea_query::Keyword::Null)),
            (value, _) => self.parameter(value, Type::I64)?,
        };
        Ok(if self.engine == Engine::Postgres { number.cast_as("numeric") } else { number })
    }
}
