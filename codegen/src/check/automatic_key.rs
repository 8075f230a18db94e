//! A key that the engine is to number, but whose type it cannot number.

use cell_schema::schema::Type;
use cell_syntax::decl::Numbering;

use super::{Context, Findings, Rule};
use crate::lower::row::Row;
use crate::lower::types::Kind;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for row in Row::all(context.program).filter(|row| row.table.numbering == Numbering::Automatic) {
        for column in row.table.columns.iter().filter(|column| row.table.key.contains(&column.ident)) {
            match row.stored(column) {
                Ok(stored) if stored.kind != Kind::Plain(Type::I64) => findings.push(
                    Rule::AutomaticKey
                        .at(row.place(column.ident.span()), format!("the engine cannot number `{}`", column.ident))
                        .help("give it the type `i64`, or a `#[Database::value]` over `i64`; or remove `automatic`"),
                ),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused};

    #[test]
    fn a_value_over_i64_can_be_numbered() {
        accepted(
            "#[Database::value] pub struct ProductId(i64);
             #[Database::table] pub struct Product { #[key(automatic)] id: ProductId }",
        );
    }

    #[test]
    fn a_text_cannot_be_numbered() {
        refused(
            "#[Database::table] pub struct Product { #[key(automatic)] id: String }",
            expect![[r#"
            error[automatic-key]: the engine cannot number `id`
             --> src/main.rs:2:59
              |
            2 | #[Database::table] pub struct Product { #[key(automatic)] id: String }
              |                                                           ^^
              |
              = help: give it the type `i64`, or a `#[Database::value]` over `i64`; or remove `automatic`

        "#]],
        );
    }
}
