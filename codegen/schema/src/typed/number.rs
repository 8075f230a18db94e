//! Arithmetic: common scales, and the range each result lies in. Absent: everything that is no number.

use super::{Kind, Node, Scope, Typed};
use crate::constant::{Constant, power, rescale};
use crate::expr::{Binary, Expr};
use crate::refusal::Refusal;

impl Scope<'_> {
    /// The same number at a scale that is at least as large.
    pub(super) fn widen(&self, typed: Typed, scale: u8) -> Result<Typed, Refusal> {
        let (Some(from), kind) = (typed.kind.scale(), Kind::Decimal { scale }) else { return Ok(typed) };
        let Some(digits) = scale.checked_sub(from) else {
            return Err(self.refuse(
                format!("a value with {from} digits behind the point would be rounded to {scale}"),
                format!("declare the column with {from} digits behind the point: Cell never rounds silently"),
            ));
        };
        if digits == 0 {
            return Ok(typed);
        }
        if let Node::Constant(Constant::Integer(value) | Constant::Decimal { digits: value, .. }) = typed.node {
            let digits = rescale((value, from), scale).ok_or_else(|| self.overflow())?;
            return Ok(Typed::constant(kind, Constant::Decimal { digits, scale }));
        }
        self.fits(&typed)?;
        let factor = power(digits);
        let range = (typed.range.0 * factor, typed.range.1 * factor);
        Ok(Typed { kind, node: Node::Rescale { operand: Box::new(typed), digits }, range })
    }

    /// Brings exact numbers to one scale; leaves everything else.
    pub(super) fn common(&self, left: Typed, right: Typed) -> Result<(Typed, Typed), Refusal> {
        match (left.kind.scale(), right.kind.scale()) {
            (Some(one), Some(other)) if one != other => {
                let scale = one.max(other);
                Ok((self.widen(left, scale)?, self.widen(right, scale)?))
            }
            _ => Ok((left, right)),
        }
    }

    /// An operand must fit 64 bits: on SQLite a larger one would silently go on in floating point.
    pub(super) fn fits(&self, typed: &Typed) -> Result<(), Refusal> {
        let (least, greatest) = (i128::from(i64::MIN), i128::from(i64::MAX));
        if typed.range.0 < least || typed.range.1 > greatest { Err(self.overflow()) } else { Ok(()) }
    }

    fn overflow(&self) -> Refusal {
        Refusal::new(
            "expression-overflow",
            self.object,
            "a number in this expression may not fit 64 bits",
            "use a smaller type for its columns (`i32`, fewer decimal digits), compare before you compute, or write the \
             condition for each engine: `sqlite = \"…\", postgres = \"…\"`",
        )
    }

    /// `left op right`, both numbers.
    pub(super) fn arithmetic(&self, op: Binary, left: Typed, right: Typed, whole: &Expr) -> Result<Typed, Refusal> {
        let float = |typed: &Typed| matches!(typed.kind, Kind::Float { .. });
        if float(&left) && float(&right) {
            return self.float_arithmetic(op, left, right, whole);
        }
        if left.kind.scale().is_none() || right.kind.scale().is_none() {
            return Err(self.not_numbers(op, &left, &right, whole));
        }
        let (left, right) = if op == Binary::Multiply { (left, right) } else { self.common(left, right)? };
        self.fits(&left)?;
        self.fits(&right)?;
        let whole_numbers = left.kind == Kind::Integer && right.kind == Kind::Integer;
        let kind = match (left.kind.scale(), right.kind.scale()) {
            _ if whole_numbers => Kind::Integer,
            _ if op == Binary::Divide => {
                return Err(self.refuse(
                    format!("`{whole}` divides decimals, and each engine rounds that differently"),
                    "multiply instead, divide in the application, or write it for each engine: `sqlite = \"…\", postgres = \"…\"`",
                ));
            }
            (Some(one), Some(other)) if op == Binary::Multiply => Kind::Decimal { scale: one + other },
            (one, other) => Kind::Decimal { scale: one.max(other).unwrap_or(0) },
        };
        if matches!(op, Binary::Divide | Binary::Remainder) && right.range == (0, 0) {
            return Err(self.refuse(format!("`{whole}` divides by zero"), "divide by another number"));
        }
        let range = range(op, left.range, right.range);
        Ok(Typed { kind, node: Node::Binary { op, left: Box::new(left), right: Box::new(right) }, range })
    }

    fn float_arithmetic(&self, op: Binary, left: Typed, right: Typed, whole: &Expr) -> Result<Typed, Refusal> {
        if op == Binary::Remainder {
            return Err(self.refuse(
                format!("`{whole}` takes the remainder of floating-point numbers, which PostgreSQL does not know"),
                "use whole numbers or decimals",
            ));
        }
        if op == Binary::Divide && matches!(right.node, Node::Constant(Constant::Float(value)) if value == 0.0) {
            return Err(self.refuse(format!("`{whole}` divides by zero"), "divide by another number"));
        }
        let node = Node::Binary { op, left: Box::new(left), right: Box::new(right) };
        Ok(Typed::new(Kind::Float { single: false }, node))
    }

    fn not_numbers(&self, op: Binary, left: &Typed, right: &Typed, whole: &Expr) -> Refusal {
        let message =
            format!("`{whole}` has {} and {} around `{}`", left.kind.shown(), right.kind.shown(), op.symbol());
        let text = op == Binary::Add && left.kind == Kind::Text;
        let help =
            if text { "use `concat(a, b)` for texts" } else { "use two whole numbers, two decimals or two floats" };
        self.refuse(message, help)
    }
}

/// The values a result may have. The operands fit 64 bits, so nothing here leaves 128.
fn range(op: Binary, left: (i128, i128), right: (i128, i128)) -> (i128, i128) {
    let magnitude = left.0.abs().max(left.1.abs());
    match op {
        Binary::Add => (left.0 + right.0, left.1 + right.1),
        Binary::Subtract => (left.0 - right.1, left.1 - right.0),
        Binary::Multiply => {
            let products = [left.0 * right.0, left.0 * right.1, left.1 * right.0, left.1 * right.1];
            (products.into_iter().min().unwrap_or(0), products.into_iter().max().unwrap_or(0))
        }
        // A positive divisor keeps the sign and never enlarges.
        Binary::Divide if right.0 > 0 => (left.0.min(0), left.1.max(0)),
        Binary::Divide => (-magnitude, magnitude),
        Binary::Remainder => (left.0.min(0), left.1.max(0)),
        _ => (0, 0),
    }
}
