//! Two tables of one SQL name in a database. SQLite compares names without regard to case, so Cell does on every engine.

use std::collections::BTreeMap;

use super::sql_names::shown;
use super::{Context, Findings, Rule};

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for tables in &context.databases {
        let mut seen = BTreeMap::new();
        for member in &tables.members.tables {
            match seen.get(&member.name.to_ascii_lowercase()) {
                // One struct under two fields is `table-twice`'s.
                Some((_, decl)) if *decl == member.decl => {}
                Some((first, _)) => findings.push(
                    Rule::DuplicateTable
                        .at(
                            member.field,
                            format!("`{}` has two tables `{}`", tables.database.ident, shown(&member.name)),
                        )
                        .related(*first, "the other is here")
                        .help(
                            "a table is called as the database's field, unless `#[Database::table(name = \"…\")]` says \
                             otherwise; upper and lower case make no difference in SQL",
                        ),
                ),
                None => {
                    seen.insert(member.name.to_ascii_lowercase(), (member.field, member.decl));
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
    fn fields_of_different_names_are_different_tables() {
        accepted(
            "#[Database::table] pub struct Product { #[key] id: i64 }
             #[Database::table] pub struct Order { #[key] id: i64 }
             #[Database::sqlite(file = \"s.db\")] pub struct Shop { product: Table<Product>, order: Table<Order> }",
        );
    }

    #[test]
    fn a_name_that_is_said_may_not_be_anothers() {
        refused(
            "#[Database::table] pub struct Product { #[key] id: i64 }
             #[Database::table(name = \"Products\")] pub struct Order { #[key] id: i64 }
             #[Database::sqlite(file = \"s.db\")] pub struct Shop { products: Table<Product>, orders: Table<Order> }",
            expect![[r#"
                error[duplicate-table]: `Shop` has two tables `Products`
                 --> src/main.rs:4:93
                  |
                4 |              #[Database::sqlite(file = "s.db")] pub struct Shop { products: Table<Product>, orders: Table<Order> }
                  |                                                                   --------                  ^^^^^^
                  |                                                                   |
                  |                                                                   the other is here
                  |
                  = help: a table is called as the database's field, unless `#[Database::table(name = "…")]` says otherwise; upper and lower case make no difference in SQL

            "#]],
        );
    }
}
