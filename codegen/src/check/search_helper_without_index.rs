//! A helper of `#[Search::index]` in a table that has none: nothing would read it.

use super::{Context, Findings, Rule};
use crate::lower::indexes;
use crate::lower::row::Row;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for row in Row::all(context.program) {
        // One is told for all: the index that is missing is the same.
        let Some(helper) = row.table.searched.first() else { continue };
        if !indexes::is_indexed(&row) {
            findings.push(
                Rule::SearchHelperWithoutIndex
                    .at(row.place(helper.span), format!("`#[{}]` does nothing here", helper.value))
                    .related(row.place(row.table.ident.span()), "this table has no search index")
                    .help("put `#[Search::index]` on the struct too, or remove the helper"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused};

    #[test]
    fn a_table_without_helpers_needs_no_index() {
        accepted("#[Database::table] pub struct Product { #[key] id: i64, name: String }");
    }

    #[test]
    fn helpers_of_an_index_that_is_not_there_are_refused() {
        refused(
            "#[Database::table] pub struct Product { #[key] id: i64, #[text] name: String, #[facet] stock: i64 }
#[Database::table] pub struct Note { #[key] id: i64, #[skip] #[stored] text: String }",
            expect![[r#"
                error[search-helper-without-index]: `#[text]` does nothing here
                 --> src/main.rs:2:57
                  |
                2 | #[Database::table] pub struct Product { #[key] id: i64, #[text] name: String, #[facet] stock: i64 }
                  |                               -------                   ^^^^^^^
                  |                               |
                  |                               this table has no search index
                  |
                  = help: put `#[Search::index]` on the struct too, or remove the helper

                error[search-helper-without-index]: `#[stored]` does nothing here
                 --> src/main.rs:3:62
                  |
                3 | #[Database::table] pub struct Note { #[key] id: i64, #[skip] #[stored] text: String }
                  |                               ----                           ^^^^^^^^^
                  |                               |
                  |                               this table has no search index
                  |
                  = help: put `#[Search::index]` on the struct too, or remove the helper

            "#]],
        );
    }
}
