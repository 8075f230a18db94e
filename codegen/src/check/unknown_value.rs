//! A path in an expression that is no value of an enumeration.

use super::{Context, Findings, Rule, faults};
use crate::lower::expression::Fault;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for (row, fault) in faults::all(context) {
        let Fault::UnknownValue { span } = fault else { continue };
        findings.push(
            Rule::UnknownValue
                .at(row.place(span), "this names no value of an enumeration")
                .help("write a column's name, a literal, or a value such as `Category::Book`"),
        );
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused};

    #[test]
    fn an_enumerations_value_is_a_constant() {
        accepted(
            "#[Database::enumeration] pub enum Kind { A, B }
             #[Database::table] #[check(kind == Kind::A || id > 0)] pub struct P { #[key] id: i64, kind: Kind }",
        );
    }

    #[test]
    fn another_path_is_none() {
        refused(
            "#[Database::enumeration] pub enum Kind { A, B }
             #[Database::table] #[check(kind != Kind::C && id < i64::MAX)] pub struct P { #[key] id: i64, kind: Kind,
                 #[column(backfill = Kind::D)] sort: Kind }",
            expect![[r#"
                error[unknown-value]: this names no value of an enumeration
                 --> src/main.rs:3:49
                  |
                3 |              #[Database::table] #[check(kind != Kind::C && id < i64::MAX)] pub struct P { #[key] id: i64, kind: Kind,
                  |                                                 ^^^^^^^
                  |
                  = help: write a column's name, a literal, or a value such as `Category::Book`

                error[unknown-value]: this names no value of an enumeration
                 --> src/main.rs:3:65
                  |
                3 |              #[Database::table] #[check(kind != Kind::C && id < i64::MAX)] pub struct P { #[key] id: i64, kind: Kind,
                  |                                                                 ^^^^^^^^
                  |
                  = help: write a column's name, a literal, or a value such as `Category::Book`

                error[unknown-value]: this names no value of an enumeration
                 --> src/main.rs:4:38
                  |
                4 |                  #[column(backfill = Kind::D)] sort: Kind }
                  |                                      ^^^^^^^
                  |
                  = help: write a column's name, a literal, or a value such as `Category::Book`

            "#]],
        );
    }
}
