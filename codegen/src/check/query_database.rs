//! A statement of `sql!` that is for no database, or that does not say for which.

use super::{Context, Findings, Rule};
use crate::lower::queries::{self, Homeless};

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    let databases = &context.model.databases;
    let name = |decl| context.program.declared(decl).name();
    for query in context.program.queries() {
        let Err(homeless) = queries::database(context.program, databases, query) else { continue };
        let names: Vec<String> = databases.iter().map(|database| format!("`{}`", name(database.decl))).collect();
        let (message, help) = match homeless {
            Homeless::None => (
                "this statement is for no database: there is none".to_owned(),
                "declare one: a struct with `#[Database::sqlite(…)]` or `#[Database::postgres(…)]`".to_owned(),
            ),
            Homeless::Several => {
                let first = databases.first().map(|database| name(database.decl)).unwrap_or_default();
                (
                    format!("this statement does not say which database it is for: there are {}", names.join(", ")),
                    format!("name it in front: `sql!({first}, \"…\")`"),
                )
            }
            Homeless::Stranger => (
                "this is no database".to_owned(),
                match names.as_slice() {
                    [] => {
                        "declare one: a struct with `#[Database::sqlite(…)]` or `#[Database::postgres(…)]`".to_owned()
                    }
                    names => format!("name one of {}", names.join(", ")),
                },
            ),
        };
        findings.push(Rule::QueryDatabase.at(queries::place(query), message).help(help));
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused};

    #[test]
    fn one_database_need_not_be_named_and_a_macro_of_another_name_is_none_of_ours() {
        accepted(
            "#[Database::table] pub struct P { #[key] id: i64 }
             #[Database::sqlite(file = \"s.db\")] pub struct Shop { products: Table<P> }
             mod other { #[macro_export] macro_rules! query { ($t:literal) => { $t } } }
             use cell::sql as ask;
             fn f(id: i64) {
                 other::query!(\"select ?\");
                 vec![sql!(\"select {id}\"), cell::sql!(Shop, \"select {id}\"), ask!(crate::Shop, r#\"select {id}\"#)];
             }",
        );
    }

    #[test]
    fn a_statement_for_none_and_one_of_several_are_refused() {
        refused(
            "#[Database::table] pub struct P { #[key] id: i64 }
             #[Database::sqlite(file = \"s.db\")] pub struct Shop { products: Table<P> }
             #[Database::sqlite(file = \"t.db\")] pub struct Stock { products: Table<P> }
             fn f(id: i64) {
                 sql!(\"select {id}\");
                 println!(\"{:?}\", vec![sql!(P, \"select {id}\"), sql!(Shop, \"select {id}\")]);
             }",
            expect![[r#"
                error[query-database]: this statement does not say which database it is for: there are `Shop`, `Stock`
                 --> src/main.rs:6:23
                  |
                6 |                  sql!("select {id}");
                  |                       ^^^^^^^^^^^^^
                  |
                  = help: name it in front: `sql!(Shop, "…")`

                error[query-database]: this is no database
                 --> src/main.rs:7:45
                  |
                7 |                  println!("{:?}", vec![sql!(P, "select {id}"), sql!(Shop, "select {id}")]);
                  |                                             ^
                  |
                  = help: name one of `Shop`, `Stock`

            "#]],
        );
        refused(
            "fn f(id: i64) { println!(\"{:?}\", sql!(\"select '{id}'\")); }",
            expect![[r#"
                error[query-syntax]: `{id}` stands in quotes, where it is text
                 --> src/main.rs:2:48
                  |
                2 | fn f(id: i64) { println!("{:?}", sql!("select '{id}'")); }
                  |                                                ^^^^
                  |
                  = help: take the quotes away: the value is bound, and needs none; to mean the text, bind it

            "#]],
        );
        refused(
            "fn f() { sql!(\"select 1\"); }",
            expect![[r#"
            error[query-database]: this statement is for no database: there is none
             --> src/main.rs:2:15
              |
            2 | fn f() { sql!("select 1"); }
              |               ^^^^^^^^^^
              |
              = help: declare one: a struct with `#[Database::sqlite(…)]` or `#[Database::postgres(…)]`

        "#]],
        );
    }
}
