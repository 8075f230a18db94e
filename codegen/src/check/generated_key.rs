//! A key column that the engine computes.

use super::{Context, Findings, Rule};
use crate::lower::row::Row;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for row in Row::all(context.program) {
        for column in row.table.columns.iter().filter(|column| row.table.key.contains(&column.ident)) {
            if let Some(generated) = &column.generated {
                findings.push(
                    Rule::GeneratedKey
                        .at(row.place(generated.span), format!("`{}` is part of the key, and computed", column.ident))
                        .help("store the key; SQLite can't compute it. A `#[unique]` column may be generated"),
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
    fn a_unique_column_may_be_computed() {
        accepted(
            "#[Database::table] pub struct P { #[key] id: String, #[unique] #[generated(lower(id))] small: String }",
        );
    }

    #[test]
    fn a_key_may_not_be_computed() {
        refused(
            "#[Database::table] pub struct P { a: String, #[key] #[generated(lower(a))] id: String }",
            expect![[r#"
            error[generated-key]: `id` is part of the key, and computed
             --> src/main.rs:2:53
              |
            2 | #[Database::table] pub struct P { a: String, #[key] #[generated(lower(a))] id: String }
              |                                                     ^^^^^^^^^^^^^^^^^^^^^^
              |
              = help: store the key; SQLite can't compute it. A `#[unique]` column may be generated

        "#]],
        );
    }
}
