//! `backfill = …`: not in this version. To pass over it would leave rows with nulls that were to have values.

use super::{Context, Findings, Rule};
use crate::lower::row::Row;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for row in Row::all(context.program) {
        for backfill in row.table.columns.iter().filter_map(|column| column.backfill.as_ref()) {
            findings.push(
                Rule::BackfillNotYet
                    .at(row.place(backfill.span), "`backfill` does not work in this version of Cell")
                    .help("give the column a `default`: rows that are there get it too"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused};

    #[test]
    fn a_default_fills_the_rows_that_are_there() {
        accepted("#[Database::table] pub struct Product { #[key] id: i64, #[column(default = 1)] stock: i64 }");
    }

    #[test]
    fn a_backfill_is_refused() {
        refused(
            "#[Database::table] pub struct Product { #[key] id: i64, #[column(backfill = id)] sort: i64 }",
            expect![[r#"
                error[backfill-not-yet]: `backfill` does not work in this version of Cell
                 --> src/main.rs:2:77
                  |
                2 | #[Database::table] pub struct Product { #[key] id: i64, #[column(backfill = id)] sort: i64 }
                  |                                                                             ^^
                  |
                  = help: give the column a `default`: rows that are there get it too

            "#]],
        );
    }
}
