//! `#[Search::index]` on a struct that is no table.

use super::{Context, Findings, Rule};
use crate::lower::indexes;
use crate::model::Place;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for (declared, index, row) in indexes::all(context.program) {
        if row.is_some() {
            continue;
        }
        let place = Place { file: declared.file, span: index.ident.span() };
        findings.push(
            Rule::SearchIndexOfNothing
                .at(place, format!("`{}` is no table", index.ident))
                .help("put `#[Database::table]` on the struct too, or remove `#[Search::index]`: a search finds rows"),
        );
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused};

    #[test]
    fn a_table_is_searched_whichever_attribute_comes_first() {
        accepted(
            "#[Database::table] #[Search::index] pub struct Product { #[key] id: i64, #[text] name: String }
             #[Search::index] #[Database::table] pub struct Note { #[key] id: i64, #[text] text: String }
             #[Database::sqlite(file = \"s.db\")] pub struct Shop { products: Table<Product>, notes: Table<Note> }",
        );
    }

    #[test]
    fn a_message_and_a_plain_struct_have_no_rows() {
        refused(
            "#[message] #[Search::index] pub struct Order { #[text] name: String }
#[Search::index] pub struct Plain { #[text] name: String }",
            expect![[r#"
                error[search-index-of-nothing]: `Order` is no table
                 --> src/main.rs:2:40
                  |
                2 | #[message] #[Search::index] pub struct Order { #[text] name: String }
                  |                                        ^^^^^
                  |
                  = help: put `#[Database::table]` on the struct too, or remove `#[Search::index]`: a search finds rows

                error[search-index-of-nothing]: `Plain` is no table
                 --> src/main.rs:3:29
                  |
                3 | #[Search::index] pub struct Plain { #[text] name: String }
                  |                             ^^^^^
                  |
                  = help: put `#[Database::table]` on the struct too, or remove `#[Search::index]`: a search finds rows

            "#]],
        );
    }
}
