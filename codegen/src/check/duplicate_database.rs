//! Two databases of one name: their files would be the same.

use super::{Context, Findings, Rule};

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for pair in context.model.databases.windows(2) {
        let [first, second] = pair else { continue };
        if first.name == second.name {
            findings.push(
                Rule::DuplicateDatabase
                    .at(second.place, format!("two databases are called `{}`", second.name))
                    .related(first.place, "the other is here")
                    .help("rename one of the structs; a database is called as its struct, in snake case"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused};

    #[test]
    fn one_struct_may_be_a_table_of_two_databases() {
        accepted(
            "#[Database::table] pub struct Note { #[key] id: i64 }
             #[Database::sqlite(file = \"a.db\")] pub struct First { notes: Table<Note> }
             #[Database::sqlite(file = \"b.db\")] pub struct Second { notes: Table<Note> }",
        );
    }

    #[test]
    fn two_databases_of_one_name_are_refused() {
        refused(
            "#[Database::sqlite(file = \"a.db\")] pub struct Shop {}
             mod other {
                 use cell::prelude::*;
                 #[Database::sqlite(file = \"b.db\")] pub struct Shop {}
             }",
            expect![[r#"
                error[duplicate-database]: two databases are called `shop`
                 --> src/main.rs:5:64
                  |
                2 | #[Database::sqlite(file = "a.db")] pub struct Shop {}
                  |                                               ---- the other is here
                ...
                5 |                  #[Database::sqlite(file = "b.db")] pub struct Shop {}
                  |                                                                ^^^^
                  |
                  = help: rename one of the structs; a database is called as its struct, in snake case

            "#]],
        );
    }
}
