//! A generated column, or a backfill, over a generated one: PostgreSQL has no order in which to compute them.

use super::{Context, Findings, Rule};
use crate::lower::expression;
use crate::lower::row::{Row, sql_name};

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for row in Row::all(context.program) {
        for column in &row.table.columns {
            let generated = column.generated.iter().map(|said| (said, "computed"));
            let said = generated.chain(column.backfill.iter().map(|said| (said, "filled")));
            for (said, how) in said {
                let Ok((_, names)) = expression::rule(&row, &said.value) else { continue };
                let source = row.table.columns.iter().find(|other| {
                    (other.generated.is_some() || (how == "computed" && other.ident == column.ident))
                        && names.contains(&sql_name(other))
                });
                if let Some(source) = source {
                    findings.push(
                        Rule::GeneratedFromGenerated
                            .at(row.place(said.span), format!("`{}` is {how} from `{}`", column.ident, source.ident))
                            .related(row.place(source.ident.span()), "this column is computed by the database")
                            .help("write the expression over columns that are stored"),
                    );
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
    fn a_column_may_be_computed_from_stored_ones() {
        accepted("#[Database::table] pub struct P { #[key] id: i64, a: i64, #[generated(a * 2)] twice: i64 }");
    }

    #[test]
    fn a_column_may_not_be_computed_from_a_computed_one() {
        refused(
            "#[Database::table] pub struct P {
                 #[key] id: i64,
                 a: i64,
                 #[generated(a * 2)] twice: i64,
                 #[generated(twice + a)] thrice: i64,
             }",
            expect![[r#"
                error[generated-from-generated]: `thrice` is computed from `twice`
                 --> src/main.rs:6:18
                  |
                5 |                  #[generated(a * 2)] twice: i64,
                  |                                      ----- this column is computed by the database
                6 |                  #[generated(twice + a)] thrice: i64,
                  |                  ^^^^^^^^^^^^^^^^^^^^^^^
                  |
                  = help: write the expression over columns that are stored

            "#]],
        );
    }

    #[test]
    fn a_backfill_is_not_made_of_a_computed_column() {
        refused(
            "#[Database::table] pub struct P {
                 #[key] id: i64,
                 a: String,
                 #[generated(lower(a))] folded: String,
                 #[column(backfill = folded)] label: String,
             }",
            expect![[r#"
                error[generated-from-generated]: `label` is filled from `folded`
                 --> src/main.rs:6:38
                  |
                5 |                  #[generated(lower(a))] folded: String,
                  |                                         ------ this column is computed by the database
                6 |                  #[column(backfill = folded)] label: String,
                  |                                      ^^^^^^
                  |
                  = help: write the expression over columns that are stored

            "#]],
        );
    }
}
