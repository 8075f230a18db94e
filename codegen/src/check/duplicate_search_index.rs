//! Two search indexes of one name in a database, or of one table. Their files stand beside each other on systems that fold case too.

use std::collections::{BTreeMap, BTreeSet};

use super::{Context, Findings, Rule};
use crate::lower::indexes;
use crate::model::{Index, Place};

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    let mut tables = BTreeSet::new();
    for (declared, index, row) in indexes::all(context.program) {
        if row.is_some_and(|row| !tables.insert(row.declared.id)) {
            // Both stand on one struct, whose name is the place of both.
            let place = Place { file: declared.file, span: index.ident.span() };
            findings.push(
                Rule::DuplicateSearchIndex
                    .at(place, format!("`{}` has two search indexes", index.ident))
                    .help("make one of them: an index holds as many fields as it has helpers"),
            );
        }
    }
    let mut names: BTreeMap<String, &Index> = BTreeMap::new();
    for index in &context.model.indexes {
        let name = &index.definition.name;
        match names.get(&name.to_ascii_lowercase()) {
            // Two of one table were reported above.
            Some(first) if first.definition.table == index.definition.table => {}
            Some(first) => findings.push(
                Rule::DuplicateSearchIndex
                    .at(index.place, format!("two search indexes are called `{name}`"))
                    .related(first.place, "the other is here")
                    .help(
                        "an index is called as its table, unless `#[Search::index(name = \"…\")]` says otherwise; upper and \
                         lower case make no difference",
                    ),
            ),
            None => {
                names.insert(name.to_ascii_lowercase(), index);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused};

    #[test]
    fn one_struct_in_two_databases_has_an_index_in_each() {
        accepted(
            "#[Database::table] #[Search::index] pub struct Product { #[key] id: i64, #[text] name: String }
             #[Database::table] #[Search::index(name = \"goods\")] pub struct Good { #[key] id: i64, #[text] name: String }
             #[Database::sqlite(file = \"s.db\")] pub struct Shop { products: Table<Product>, stock: Table<Good> }
             #[Database::sqlite(file = \"a.db\")] pub struct Archive { products: Table<Product> }",
        );
    }

    #[test]
    fn a_name_that_is_said_may_not_be_anothers() {
        refused(
            "#[Database::table] #[Search::index] pub struct Product { #[key] id: i64, #[text] name: String }
#[Database::table] #[Search::index(name = \"Products\")] pub struct Note { #[key] id: i64, #[text] name: String }
#[Database::sqlite(file = \"s.db\")] pub struct Shop { products: Table<Product>, notes: Table<Note> }",
            expect![[r#"
                error[duplicate-search-index]: two search indexes are called `shop.products`
                 --> src/main.rs:2:48
                  |
                2 | #[Database::table] #[Search::index] pub struct Product { #[key] id: i64, #[text] name: String }
                  |                                                ^^^^^^^
                3 | #[Database::table] #[Search::index(name = "Products")] pub struct Note { #[key] id: i64, #[text] name: String }
                  |                                           ---------- the other is here
                  |
                  = help: an index is called as its table, unless `#[Search::index(name = "…")]` says otherwise; upper and lower case make no difference

            "#]],
        );
    }

    #[test]
    fn a_second_index_of_a_table_is_refused() {
        refused(
            "#[Database::table] #[Search::index] #[Search::index(name = \"goods\")]
pub struct Product { #[key] id: i64, #[text] name: String }
#[Database::sqlite(file = \"s.db\")] pub struct Shop { products: Table<Product> }",
            expect![[r#"
                error[duplicate-search-index]: `Product` has two search indexes
                 --> src/main.rs:3:12
                  |
                3 | pub struct Product { #[key] id: i64, #[text] name: String }
                  |            ^^^^^^^
                  |
                  = help: make one of them: an index holds as many fields as it has helpers

            "#]],
        );
    }
}
