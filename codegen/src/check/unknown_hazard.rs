//! A word in `allow(…)` that is no hazard which needs to be allowed.

use cell_schema::hazard::{Consent, HazardKind};
use cell_syntax::suggest;

use super::{Context, Findings, Rule};
use crate::lower::row::Row;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    let known: Vec<String> = HazardKind::ALL
        .into_iter()
        .filter(|kind| kind.consent() == Consent::Needed)
        .map(|kind| kind.code().replace('-', "_"))
        .collect();
    for row in Row::all(context.program) {
        for word in row.table.columns.iter().flat_map(|column| &column.allow) {
            let name = word.to_string();
            if !known.contains(&name) {
                findings.push(
                    Rule::UnknownHazard
                        .at(row.place(word.span()), format!("`{name}` is no hazard that can be allowed"))
                        .help(suggest::help(&name, known.iter().map(String::as_str))),
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
    fn what_needs_consent_can_be_allowed() {
        accepted(
            "#[Database::table] pub struct P { #[key] id: i64, #[column(allow(lossy_cast, cast_may_fail))] n: i64 }",
        );
    }

    #[test]
    fn another_word_is_refused() {
        refused(
            "#[Database::table] pub struct P { #[key] id: i64, #[column(allow(lossy_casts))] n: i64 }",
            expect![[r#"
                error[unknown-hazard]: `lossy_casts` is no hazard that can be allowed
                 --> src/main.rs:2:66
                  |
                2 | #[Database::table] pub struct P { #[key] id: i64, #[column(allow(lossy_casts))] n: i64 }
                  |                                                                  ^^^^^^^^^^^
                  |
                  = help: did you mean `lossy_cast`?

            "#]],
        );
    }
}
