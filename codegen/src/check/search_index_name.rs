//! A search index that is called as its table, by a name that no file can have everywhere.

use cell_syntax::name::{INDEX, is_index};

use super::sql_names::shown;
use super::{Context, Findings, Rule};
use crate::lower::indexes;
use crate::model::Place;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for (declared, index, row) in indexes::all(context.program) {
        let Some(row) = row else { continue };
        let tables = context.databases.iter().flat_map(|tables| tables.members.tables_of(row.declared.id));
        // What the attribute says itself is the syntax's to refuse.
        let wrong = tables.map(|table| indexes::name_in(index, table)).find(|name| !is_index(name));
        if let Some(name) = wrong {
            let place = Place { file: declared.file, span: index.ident.span() };
            findings.push(
                Rule::SearchIndexName
                    .at(place, format!("the table's name `{}` cannot be a search index's too", shown(name)))
                    .help(format!("say another: `#[Search::index(name = \"…\")]`; {INDEX}")),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused};

    #[test]
    fn a_table_of_any_name_has_an_index_that_is_named() {
        accepted(
            "#[Database::table(name = \"order lines\")] #[Search::index(name = \"lines\")]
             pub struct Line { #[key] id: i64, #[text] name: String }
             #[Database::sqlite(file = \"s.db\")] pub struct Shop { lines: Table<Line> }",
        );
    }

    #[test]
    fn a_name_with_a_space_is_refused() {
        refused(
            "#[Database::table(name = \"order lines\")] #[Search::index] pub struct Line { #[key] id: i64, #[text] name: String }
#[Database::sqlite(file = \"s.db\")] pub struct Shop { lines: Table<Line> }",
            expect![[r#"
                error[search-index-name]: the table's name `order lines` cannot be a search index's too
                 --> src/main.rs:2:70
                  |
                2 | #[Database::table(name = "order lines")] #[Search::index] pub struct Line { #[key] id: i64, #[text] name: String }
                  |                                                                      ^^^^
                  |
                  = help: say another: `#[Search::index(name = "…")]`; use letters of ASCII, digits, `-` and `_`, beginning with a letter or `_`, 63 bytes at the most

            "#]],
        );
    }
}
