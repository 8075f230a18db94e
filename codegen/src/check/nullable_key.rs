//! A key column that may be null.

use super::{Context, Findings, Rule};
use crate::lower::row::Row;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for row in Row::all(context.program) {
        for column in row.table.columns.iter().filter(|column| row.table.key.contains(&column.ident)) {
            if row.stored(column).is_ok_and(|stored| stored.nullable) {
                let place = row.place(syn::spanned::Spanned::span(&column.ty));
                findings.push(
                    Rule::NullableKey
                        .at(place, format!("`{}` is part of the key, but may be null", column.ident))
                        .help("remove `Option`; two nulls are not equal, so they tell no rows apart"),
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
    fn a_unique_column_may_be_null() {
        accepted("#[Database::table] pub struct P { #[key] id: i64, #[unique] sku: Option<String> }");
    }

    #[test]
    fn a_key_may_not() {
        refused(
            "#[Database::table] pub struct P { #[key] id: Option<i64> }",
            expect![[r#"
            error[nullable-key]: `id` is part of the key, but may be null
             --> src/main.rs:2:46
              |
            2 | #[Database::table] pub struct P { #[key] id: Option<i64> }
              |                                              ^^^^^^^^^^^
              |
              = help: remove `Option`; two nulls are not equal, so they tell no rows apart

        "#]],
        );
    }
}
