//! Columns that the engine computes in rows that are there: what comes out may be nothing, or more than the column holds.
//! In: a column. Out: findings.

use super::{Counted, Finder};
use crate::expr::{Binary, Expr, Expression, Function, Literal};
use crate::hazard::HazardKind;
use crate::refusal::{Refusal, shown};
use crate::schema::{Column, Type};

impl Finder<'_> {
    /// A backfill is over stored columns: what the engine computes is not there when rows are filled.
    pub(super) fn filled(&mut self, table: &str, column: &Column, backfill: Option<&Expression>) {
        let Some(whole) = self.transition.next(table) else { return };
        let is_computed = |name: &&str| whole.column(name).is_some_and(|column| column.generated.is_some());
        let mentions = backfill.map(Expression::mentions).unwrap_or_default();
        if let Some(source) = mentions.iter().find(|name| is_computed(&&***name)) {
            self.refusals.push(Refusal::new(
                "column-generated",
                self.object(table, &column.name),
                format!("`{}` is filled from `{}`, which is generated", shown(&column.name), shown(source)),
                "write the backfill over columns that are stored",
            ));
        }
    }

    pub(super) fn computed(&mut self, table: &str, column: &Column) {
        let may_be_null =
            |name: &str| self.transition.next(table).and_then(|table| table.column(name)).is_none_or(|it| it.nullable);
        let expr = column.generated.as_ref().and_then(|generated| generated.expression.portable());
        let has_value = column.nullable || expr.is_some_and(|expr| expr.is_never_null(&may_be_null));
        let object = self.object(table, &column.name);
        let name = shown(&column.name);
        if !has_value {
            let message = format!("`{name}` is required, and may be computed as nothing");
            let counted = Counted::Nulls { table: table.to_owned(), column: column.name.clone() };
            self.found(HazardKind::NotNullOverRows, object.clone(), message, None, counted);
        }
        if let Some(fits) = fits(column) {
            let message = format!("`{name}` may be computed as more than {} holds", column.ty.shown());
            let (table, name) = (table.to_owned(), column.name.clone());
            let counted = Counted::Unmet { table, name, expression: Expression::Portable(fits) };
            self.found(HazardKind::CheckOverRows, object, message, None, counted);
        }
    }
}

/// Holds for values that a column can hold, where there may be others of its kind.
fn fits(column: &Column) -> Option<Expr> {
    let x = || Expr::Column(column.name.clone());
    let compare = |op, left, most| Expr::Binary {
        op,
        left: Box::new(left),
        right: Box::new(Expr::Literal(Literal::Integer(most))),
    };
    match &column.ty {
        Type::Text { max_len: Some(most) } | Type::Bytes { max_len: Some(most) } => {
            let length = Expr::Call { function: Function::Len, arguments: vec![x()] };
            Some(compare(Binary::LessOrEqual, length, i64::from(*most)))
        }
        Type::I64 => None,
        ty => {
            let (least, most) = ty.integers()?;
            let (left, right) = (compare(Binary::GreaterOrEqual, x(), least), compare(Binary::LessOrEqual, x(), most));
            Some(Expr::Binary { op: Binary::And, left: Box::new(left), right: Box::new(right) })
        }
    }
}
