//! `on_delete = set_null` over a column that cannot be null.

use cell_syntax::decl::OnDelete;

use super::{Context, Findings, Rule};
use crate::lower::row::Row;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for row in Row::all(context.program) {
        for reference in row.table.references.iter().filter(|reference| reference.on_delete == Some(OnDelete::SetNull))
        {
            for column in reference.columns.iter().filter_map(|field| row.column(field)) {
                if row.stored(column).is_ok_and(|stored| !stored.nullable) {
                    let place = row.place(syn::spanned::Spanned::span(&column.ty));
                    findings.push(
                        Rule::SetNullOfRequired
                            .at(place, format!("`{}` cannot become null", column.ident))
                            .related(row.place(reference.span), "it would when its target is deleted")
                            .help("wrap the type in `Option`, or write `on_delete = cascade` or `refuse`"),
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
    fn an_optional_reference_may_become_null() {
        accepted(
            "#[Database::table] pub struct P { #[key] id: i64, #[references(P, on_delete = set_null)] up: Option<i64> }",
        );
    }

    #[test]
    fn a_required_one_may_not() {
        refused(
            "#[Database::table] pub struct P { #[key] id: i64, #[references(P, on_delete = set_null)] up: i64 }",
            expect![[r#"
                error[set-null-of-required]: `up` cannot become null
                 --> src/main.rs:2:94
                  |
                2 | #[Database::table] pub struct P { #[key] id: i64, #[references(P, on_delete = set_null)] up: i64 }
                  |                                                   --------------------------------------     ^^^
                  |                                                   |
                  |                                                   it would when its target is deleted
                  |
                  = help: wrap the type in `Option`, or write `on_delete = cascade` or `refuse`

            "#]],
        );
    }
}
