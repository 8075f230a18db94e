//! `renamed_from` with the name that the thing has.

use cell_syntax::decl::{Decl, Spanned};

use super::{Context, Findings, Rule};
use crate::lower::row::{Row, sql_name};
use crate::model::Place;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    let mut refuse = |from: &Spanned<String>, place: Place, what: &str| {
        findings.push(
            Rule::RenamedFromItself
                .at(place, format!("`{}` is the name that the {what} has", from.value))
                .help("write the name that it had before, or remove `renamed_from`"),
        );
    };
    for row in Row::all(context.program) {
        if let Some(from) = &row.table.renamed_from {
            let id = row.declared.id;
            let mut names = context.databases_of(id).flat_map(|database| database.members.tables_of(id));
            if names.any(|name| name == from.value) {
                refuse(from, row.place(from.span), "table");
            }
        }
        for column in &row.table.columns {
            if let Some(from) = column.renamed_from.as_ref().filter(|from| from.value == sql_name(column)) {
                refuse(from, row.place(from.span), "column");
            }
        }
    }
    for declared in context.program.declarations() {
        let Decl::Enumeration(enumeration) = &declared.decl else { continue };
        for value in &enumeration.values {
            if let Some(from) = value.renamed_from.as_ref().filter(|from| from.value == value.text) {
                refuse(from, Place { file: declared.file, span: from.span }, "value");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused};

    #[test]
    fn an_earlier_name_is_accepted() {
        accepted(
            "#[Database::table(renamed_from = \"goods\")] pub struct P { #[key] id: i64, #[column(renamed_from = \"n\")] stock: i64 }
             #[Database::sqlite(file = \"shop.db\")] pub struct Shop { pub products: Table<P> }
             #[Database::enumeration] pub enum Kind { #[renamed_from = \"tome\"] Book }",
        );
    }

    #[test]
    fn the_name_that_it_has_is_refused() {
        refused(
            "#[Database::table(renamed_from = \"products\")] pub struct P { #[key] id: i64, #[column(renamed_from = \"n\")] n: i64 }
#[Database::sqlite(file = \"shop.db\")] pub struct Shop { pub products: Table<P> }
#[Database::enumeration] pub enum Kind { #[renamed_from = \"sheet_music\"] SheetMusic }",
            expect![[r#"
                error[renamed-from-itself]: `products` is the name that the table has
                 --> src/main.rs:2:34
                  |
                2 | #[Database::table(renamed_from = "products")] pub struct P { #[key] id: i64, #[column(renamed_from = "n")] n: i64 }
                  |                                  ^^^^^^^^^^
                  |
                  = help: write the name that it had before, or remove `renamed_from`

                error[renamed-from-itself]: `n` is the name that the column has
                 --> src/main.rs:2:102
                  |
                2 | #[Database::table(renamed_from = "products")] pub struct P { #[key] id: i64, #[column(renamed_from = "n")] n: i64 }
                  |                                                                                                      ^^^
                  |
                  = help: write the name that it had before, or remove `renamed_from`

                error[renamed-from-itself]: `sheet_music` is the name that the value has
                 --> src/main.rs:4:59
                  |
                4 | #[Database::enumeration] pub enum Kind { #[renamed_from = "sheet_music"] SheetMusic }
                  |                                                           ^^^^^^^^^^^^^
                  |
                  = help: write the name that it had before, or remove `renamed_from`

            "#]],
        );
    }
}
