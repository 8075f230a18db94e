//! A reference to what is no table, or no table of any database.

use cell_syntax::decl::Decl;
use cell_syntax::suggest;
use syn::spanned::Spanned as _;

use super::{Context, Findings, Rule};
use crate::lower::row::Row;
use crate::program::Resolved;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    let tables: Vec<String> = Row::all(context.program).map(|row| row.table.ident.to_string()).collect();
    for row in Row::all(context.program) {
        for reference in &row.table.references {
            let name = reference.target.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
            let place = row.place(reference.target.span());
            match context.program.resolve_path(row.declared.module, &reference.target) {
                Resolved::Decl(target) if matches!(context.program.declared(target).decl, Decl::Table(_)) => {
                    // A table that no database has, referring to another one, hurts nobody.
                    if let Some(here) = context.databases_of(row.declared.id).next()
                        && context.databases_of(target).next().is_none()
                    {
                        findings.push(
                            Rule::ReferenceToNothing
                                .at(place, format!("`{name}` is a table of no database"))
                                .help(format!("add a field `Table<{name}>` to `{}`", here.database.ident)),
                        );
                    }
                }
                resolved => {
                    let help = match (resolved, suggest::nearest(&name, tables.iter().map(String::as_str))) {
                        (Resolved::Unknown, Some(near)) if near != name => format!("did you mean `{near}`?"),
                        (Resolved::Unknown, Some(_)) => {
                            format!("import it: there is a table `{name}` in another module")
                        }
                        _ => format!(
                            "name a struct with `#[Database::table]`, imported by `use` where `{}` is",
                            row.table.ident
                        ),
                    };
                    findings.push(Rule::ReferenceToNothing.at(place, format!("`{name}` is no table")).help(help));
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
    fn a_table_may_refer_to_itself_and_to_one_behind_a_rename() {
        accepted(
            "mod people { use cell::prelude::*; #[Database::table] pub struct Customer { #[key] pub id: i64 } }
             use people::Customer as Person;
             #[Database::table] pub struct Order {
                 #[key] id: i64,
                 #[references(Order)] before: Option<i64>,
                 #[references(Person)] by: i64,
                 #[references(people::Customer)] to: i64,
             }
             #[Database::sqlite(file = \"s.db\")] pub struct Shop { orders: Table<Order>, people: Table<Person> }",
        );
    }

    #[test]
    fn what_is_no_table_of_a_database_is_refused() {
        refused(
            "#[Database::table] pub struct Customer { #[key] id: i64 }
             #[Database::table] pub struct Ghost { #[key] id: i64 }
             pub struct Plain;
             #[Database::table] pub struct Order {
                 #[key] id: i64,
                 #[references(Custmer)] a: i64,
                 #[references(Plain)] b: i64,
                 #[references(Ghost)] c: i64,
             }
             #[Database::sqlite(file = \"s.db\")] pub struct Shop { orders: Table<Order>, customers: Table<Customer> }",
            expect![[r#"
                error[reference-to-nothing]: `Custmer` is no table
                 --> src/main.rs:7:31
                  |
                7 |                  #[references(Custmer)] a: i64,
                  |                               ^^^^^^^
                  |
                  = help: did you mean `Customer`?

                error[reference-to-nothing]: `Plain` is no table
                 --> src/main.rs:8:31
                  |
                8 |                  #[references(Plain)] b: i64,
                  |                               ^^^^^
                  |
                  = help: name a struct with `#[Database::table]`, imported by `use` where `Order` is

                error[reference-to-nothing]: `Ghost` is a table of no database
                 --> src/main.rs:9:31
                  |
                9 |                  #[references(Ghost)] c: i64,
                  |                               ^^^^^
                  |
                  = help: add a field `Table<Ghost>` to `Shop`

            "#]],
        );
    }
}
