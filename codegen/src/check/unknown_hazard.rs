//! A word in `allow(…)` that is no hazard which needs to be allowed, or none of a column's.

use cell_schema::hazard::{Consent, HazardKind};
use cell_syntax::suggest;

use super::{Context, Findings, Rule};
use crate::lower::row::Row;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    let known: Vec<String> = HazardKind::ALL.into_iter().filter(|kind| is_of_a_column(*kind)).map(written).collect();
    for row in Row::all(context.program) {
        for word in row.table.columns.iter().flat_map(|column| &column.allow) {
            let name = word.to_string();
            if known.contains(&name) {
                continue;
            }
            let (message, help) = if name == written(HazardKind::RowsDeleted) {
                let help = "pass `--allow rows-deleted=DATABASE.TABLE` when the table is declared no more";
                (format!("`{name}` happens to a table, not to a column"), help.to_owned())
            } else {
                let help = suggest::help(&name, known.iter().map(String::as_str));
                (format!("`{name}` is no hazard that can be allowed"), help)
            };
            findings.push(Rule::UnknownHazard.at(row.place(word.span()), message).help(help));
        }
    }
}

/// A table that is dropped has no field on which that could be allowed.
fn is_of_a_column(kind: HazardKind) -> bool {
    kind.consent() == Consent::Needed && kind != HazardKind::RowsDeleted
}

/// A hazard as `allow(…)` writes it.
fn written(kind: HazardKind) -> String {
    kind.code().replace('-', "_")
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
    fn another_word_is_refused_and_so_is_a_hazard_that_no_column_has() {
        refused(
            "#[Database::table] pub struct P {
                 #[key] id: i64,
                 #[column(allow(lossy_casts))] n: i64,
                 #[column(allow(table_locked, rows_deleted))] m: i64,
             }",
            expect![[r#"
                error[unknown-hazard]: `lossy_casts` is no hazard that can be allowed
                 --> src/main.rs:4:33
                  |
                4 |                  #[column(allow(lossy_casts))] n: i64,
                  |                                 ^^^^^^^^^^^
                  |
                  = help: did you mean `lossy_cast`?

                error[unknown-hazard]: `table_locked` is no hazard that can be allowed
                 --> src/main.rs:5:33
                  |
                5 |                  #[column(allow(table_locked, rows_deleted))] m: i64,
                  |                                 ^^^^^^^^^^^^
                  |
                  = help: it takes `cast_may_fail`, `lossy_cast`, `time_zone_assumed`, `value_removed`, `values_deleted` and `values_truncated`

                error[unknown-hazard]: `rows_deleted` happens to a table, not to a column
                 --> src/main.rs:5:47
                  |
                5 |                  #[column(allow(table_locked, rows_deleted))] m: i64,
                  |                                               ^^^^^^^^^^^^
                  |
                  = help: pass `--allow rows-deleted=DATABASE.TABLE` when the table is declared no more

            "#]],
        );
    }
}
