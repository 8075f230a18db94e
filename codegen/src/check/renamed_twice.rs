//! Two columns of a table, two tables of a database or two values that were renamed from the same.

use cell_syntax::decl::{Decl, Spanned};

use super::{Context, Findings, Rule};
use crate::lower::row::Row;
use crate::model::Place;

const HELP: &str = "keep `renamed_from` on the one that it has become";

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for row in Row::all(context.program) {
        let columns = row.table.columns.iter().filter_map(|column| column.renamed_from.as_ref());
        twice(columns.map(|from| (from, row.place(from.span))), "column", findings);
    }
    for database in &context.databases {
        let rows = database.members.tables.iter().filter_map(|member| {
            let row = Row::of(context.program, context.program.declared(member.decl))?;
            let from = row.table.renamed_from.as_ref()?;
            Some((from, row.place(from.span)))
        });
        twice(rows, "table", findings);
    }
    for declared in context.program.declarations() {
        let Decl::Enumeration(enumeration) = &declared.decl else { continue };
        let values = enumeration.values.iter().filter_map(|value| value.renamed_from.as_ref());
        twice(values.map(|from| (from, Place { file: declared.file, span: from.span })), "value", findings);
    }
}

fn twice<'a>(names: impl Iterator<Item = (&'a Spanned<String>, Place)>, what: &str, findings: &mut Findings) {
    let mut seen: Vec<(&str, Place)> = Vec::new();
    for (from, place) in names {
        match seen.iter().find(|(name, _)| *name == from.value) {
            Some((_, first)) => {
                let message = format!("`{}` was renamed to another one already", from.value);
                findings.push(
                    Rule::RenamedTwice
                        .at(place, message)
                        .related(*first, format!("the other {what} is here"))
                        .help(HELP),
                );
            }
            None => seen.push((&from.value, place)),
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused};

    #[test]
    fn each_has_a_name_of_its_own_that_it_had() {
        accepted(
            "#[Database::table] pub struct P { #[key] id: i64, #[column(renamed_from = \"b\")] a: i64, #[column(renamed_from = \"a\")] b: i64 }
             #[Database::table(renamed_from = \"x\")] pub struct Q { #[key] id: i64 }
             #[Database::table(renamed_from = \"x\")] pub struct R { #[key] id: i64 }
             #[Database::sqlite(file = \"one.db\")] pub struct One { pub q: Table<Q> }
             #[Database::sqlite(file = \"two.db\")] pub struct Two { pub r: Table<R> }",
        );
    }

    #[test]
    fn two_cannot_have_been_the_same() {
        refused(
            "#[Database::table] pub struct P { #[key] id: i64, #[column(renamed_from = \"x\")] a: i64, #[column(renamed_from = \"x\")] b: i64 }",
            expect![[r#"
                error[renamed-twice]: `x` was renamed to another one already
                 --> src/main.rs:2:113
                  |
                2 | #[Database::table] pub struct P { #[key] id: i64, #[column(renamed_from = "x")] a: i64, #[column(renamed_from = "x")] b: i64 }
                  |                                                                           --- the other column is here          ^^^
                  |
                  = help: keep `renamed_from` on the one that it has become

            "#]],
        );
    }

    #[test]
    fn nor_can_two_tables_of_a_database_or_two_values() {
        refused(
            "#[Database::table(renamed_from = \"x\")] pub struct P { #[key] id: i64 }
#[Database::table(renamed_from = \"x\")] pub struct Q { #[key] id: i64 }
#[Database::sqlite(file = \"shop.db\")] pub struct Shop { pub p: Table<P>, pub q: Table<Q> }
#[Database::enumeration] pub enum Kind { #[renamed_from = \"c\"] A, #[renamed_from = \"c\"] B }",
            expect![[r#"
                error[renamed-twice]: `x` was renamed to another one already
                 --> src/main.rs:3:34
                  |
                2 | #[Database::table(renamed_from = "x")] pub struct P { #[key] id: i64 }
                  |                                  --- the other table is here
                3 | #[Database::table(renamed_from = "x")] pub struct Q { #[key] id: i64 }
                  |                                  ^^^
                  |
                  = help: keep `renamed_from` on the one that it has become

                error[renamed-twice]: `c` was renamed to another one already
                 --> src/main.rs:5:84
                  |
                5 | #[Database::enumeration] pub enum Kind { #[renamed_from = "c"] A, #[renamed_from = "c"] B }
                  |                                                           ---                      ^^^
                  |                                                           |
                  |                                                           the other value is here
                  |
                  = help: keep `renamed_from` on the one that it has become

            "#]],
        );
    }
}
