//! Two columns of one SQL name. SQLite compares names without regard to case, so Cell does on every engine.

use std::collections::BTreeMap;

use super::sql_names::shown;
use super::{Context, Findings, Rule};
use crate::lower::row::{Row, name_span, sql_name};

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for row in Row::all(context.program) {
        let mut seen = BTreeMap::new();
        for column in &row.table.columns {
            let name = sql_name(column);
            let place = row.place(name_span(column));
            match seen.get(&name.to_ascii_lowercase()) {
                Some(first) => findings.push(
                    Rule::DuplicateColumn
                        .at(place, format!("`{}` has two columns `{}`", row.table.ident, shown(&name)))
                        .related(*first, "the other is here")
                        .help("name one of them otherwise; upper and lower case make no difference in SQL"),
                ),
                None => {
                    seen.insert(name.to_ascii_lowercase(), place);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused};

    #[test]
    fn keywords_and_quotes_are_names_as_any() {
        accepted(
            "#[Database::table] pub struct P { #[key] id: i64, r#type: String, #[column(name = \"group by \\\"x\\\"\")] g: i64 }",
        );
    }

    #[test]
    fn names_that_differ_in_case_alone_are_refused() {
        refused(
            "#[Database::table] pub struct P { #[key] id: i64, #[column(name = \"ID\")] other: i64 }",
            expect![[r#"
            error[duplicate-column]: `P` has two columns `ID`
             --> src/main.rs:2:67
              |
            2 | #[Database::table] pub struct P { #[key] id: i64, #[column(name = "ID")] other: i64 }
              |                                          -- the other is here     ^^^^
              |
              = help: name one of them otherwise; upper and lower case make no difference in SQL

        "#]],
        );
    }
}
