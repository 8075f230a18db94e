//! `#[decimal(…)]` on a field that is no decimal.

use super::{Context, Findings, Rule};
use crate::lower::row::Row;
use crate::lower::types::Kind;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for row in Row::all(context.program) {
        for column in &row.table.columns {
            let Some(decimal) = &column.decimal else { continue };
            if row.stored(column).is_ok_and(|stored| stored.kind != Kind::Decimal) {
                findings.push(
                    Rule::DecimalOnAnotherType
                        .at(row.place(decimal.span), format!("`{}` is no decimal", column.ident))
                        .help("remove `#[decimal(…)]`, or give the field the type `Decimal`"),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused};

    #[test]
    fn an_optional_decimal_has_digits() {
        accepted("#[Database::table] pub struct P { #[key] id: i64, #[decimal(12, 2)] price: Option<Decimal> }");
    }

    #[test]
    fn a_float_has_none() {
        refused(
            "#[Database::table] pub struct P { #[key] id: i64, #[decimal(12, 2)] price: f64 }",
            expect![[r#"
            error[decimal-on-another-type]: `price` is no decimal
             --> src/main.rs:2:51
              |
            2 | #[Database::table] pub struct P { #[key] id: i64, #[decimal(12, 2)] price: f64 }
              |                                                   ^^^^^^^^^^^^^^^^^
              |
              = help: remove `#[decimal(…)]`, or give the field the type `Decimal`

        "#]],
        );
    }
}
