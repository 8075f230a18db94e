//! A decimal column that does not say its digits: engines would differ, and one would round in silence.

use super::{Context, Findings, Rule};
use crate::lower::row::Row;
use crate::lower::types::Kind;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for row in Row::all(context.program) {
        for column in row.table.columns.iter().filter(|column| column.decimal.is_none()) {
            if row.stored(column).is_ok_and(|stored| stored.kind == Kind::Decimal) {
                let place = row.place(syn::spanned::Spanned::span(&column.ty));
                findings.push(
                    Rule::DecimalWithoutScale
                        .at(place, format!("`{}` does not say how many digits it has", column.ident))
                        .label("a decimal")
                        .help(
                            "put `#[decimal(12, 2)]` on the field: 12 digits in all, 2 of them behind the point; \
                             18 in all at most",
                        ),
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
    fn a_decimal_with_its_digits_is_fine() {
        accepted("#[Database::table] pub struct P { #[key] id: i64, #[decimal(18, 4)] price: Decimal }");
    }

    #[test]
    fn a_decimal_without_them_is_refused_also_inside_a_value() {
        refused(
            "#[Database::value] pub struct Money(Decimal);
             #[Database::table] pub struct P { #[key] id: i64, price: Decimal, cost: Option<Money> }",
            expect![[r#"
                error[decimal-without-scale]: `price` does not say how many digits it has
                 --> src/main.rs:3:71
                  |
                3 |              #[Database::table] pub struct P { #[key] id: i64, price: Decimal, cost: Option<Money> }
                  |                                                                       ^^^^^^^ a decimal
                  |
                  = help: put `#[decimal(12, 2)]` on the field: 12 digits in all, 2 of them behind the point; 18 in all at most

                error[decimal-without-scale]: `cost` does not say how many digits it has
                 --> src/main.rs:3:86
                  |
                3 |              #[Database::table] pub struct P { #[key] id: i64, price: Decimal, cost: Option<Money> }
                  |                                                                                      ^^^^^^^^^^^^^ a decimal
                  |
                  = help: put `#[decimal(12, 2)]` on the field: 12 digits in all, 2 of them behind the point; 18 in all at most

            "#]],
        );
    }
}
