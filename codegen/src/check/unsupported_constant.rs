//! A constant in an expression that no engine holds exactly.

use super::{Context, Findings, Rule, faults};
use crate::lower::expression::Fault;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for (row, fault) in faults::all(context) {
        let Fault::Unsupported { span, found } = fault else { continue };
        findings.push(
            Rule::UnsupportedConstant
                .at(row.place(span), found)
                .help("write a whole number of 64 bits, or a number with a point and no exponent"),
        );
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused};

    #[test]
    fn the_least_and_the_greatest_integers_are_fine() {
        accepted(
            "#[Database::table] #[check(a >= -9223372036854775808 && a <= 9_223_372_036_854_775_807 && b > -0.5)]
             pub struct P { #[key] id: i64, a: i64, b: f64 }",
        );
    }

    #[test]
    fn larger_ones_and_exponents_are_refused() {
        refused(
            "#[Database::table] #[check(a < 9223372036854775808 && b > 1e5)] pub struct P { #[key] id: i64, a: i64, b: f64 }",
            expect![[r#"
                error[unsupported-constant]: this number is beyond 64 bits
                 --> src/main.rs:2:32
                  |
                2 | #[Database::table] #[check(a < 9223372036854775808 && b > 1e5)] pub struct P { #[key] id: i64, a: i64, b: f64 }
                  |                                ^^^^^^^^^^^^^^^^^^^
                  |
                  = help: write a whole number of 64 bits, or a number with a point and no exponent

                error[unsupported-constant]: a number with an exponent is not exact
                 --> src/main.rs:2:59
                  |
                2 | #[Database::table] #[check(a < 9223372036854775808 && b > 1e5)] pub struct P { #[key] id: i64, a: i64, b: f64 }
                  |                                                           ^^^
                  |
                  = help: write a whole number of 64 bits, or a number with a point and no exponent

            "#]],
        );
    }
}
