//! One struct as two tables of a database: its type would not say which table is meant.

use super::{Context, Findings, Rule};

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for tables in &context.databases {
        for (at, member) in tables.members.tables.iter().enumerate() {
            let first = tables.members.tables.iter().take(at).find(|first| first.decl == member.decl);
            if let Some(first) = first {
                findings.push(
                    Rule::TableTwice
                        .at(member.field, format!("two tables of `{}` have the same rows", tables.database.ident))
                        .related(first.field, "the other is here")
                        .help("give each table a struct of its own"),
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
    fn each_table_has_its_struct() {
        accepted(
            "#[Database::table] pub struct P { #[key] id: i64 }
             #[Database::table] pub struct Q { #[key] id: i64 }
             #[Database::sqlite(file = \"s.db\")] pub struct Shop { p: Table<P>, q: Table<Q> }",
        );
    }

    #[test]
    fn two_tables_of_one_struct_are_refused() {
        refused(
            "#[Database::table] pub struct P { #[key] id: i64 }
             #[Database::sqlite(file = \"s.db\")] pub struct Shop { p: Table<P>, q: Table<P> }",
            expect![[r#"
                error[table-twice]: two tables of `Shop` have the same rows
                 --> src/main.rs:3:80
                  |
                3 |              #[Database::sqlite(file = "s.db")] pub struct Shop { p: Table<P>, q: Table<P> }
                  |                                                                   -            ^
                  |                                                                   |
                  |                                                                   the other is here
                  |
                  = help: give each table a struct of its own

            "#]],
        );
    }
}
