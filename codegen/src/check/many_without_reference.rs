//! `#[many(lines: Line)]` of a table that does not refer to this one, or does so more than once.

use cell_syntax::decl::Decl;
use cell_syntax::suggest;
use syn::spanned::Spanned as _;

use super::{Context, Findings, Rule};
use crate::lower::row::Row;
use crate::program::Resolved;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    let tables: Vec<String> = Row::all(context.program).map(|row| row.table.ident.to_string()).collect();
    for row in Row::all(context.program) {
        let here = &row.table.ident;
        for many in &row.table.many {
            let name = many.row.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
            let place = row.place(many.row.span());
            let other = match context.program.resolve_path(row.declared.module, &many.row) {
                Resolved::Decl(target) => Row::all(context.program).find(|other| other.declared.id == target),
                _ => None,
            };
            let Some(other) = other else {
                let help = match suggest::nearest(&name, tables.iter().map(String::as_str)) {
                    Some(near) if near != name => format!("did you mean `{near}`?"),
                    _ => format!("name a struct with `#[Database::table]`, imported by `use` where `{here}` is"),
                };
                findings.push(Rule::ManyWithoutReference.at(place, format!("`{name}` is no table")).help(help));
                continue;
            };
            let refers = other.table.references.iter().filter(|reference| {
                let target = context.program.resolve_path(other.declared.module, &reference.target);
                reference.columns.len() == 1
                    && matches!(target, Resolved::Decl(target)
                        if target == row.declared.id && matches!(context.program.declared(target).decl, Decl::Table(_)))
            });
            let refers: Vec<_> = refers.collect();
            // One that leads to nothing may be the one that is meant, and has an error of its own.
            let is_unclear = other.table.references.iter().any(|reference| {
                !matches!(context.program.resolve_path(other.declared.module, &reference.target), Resolved::Decl(_))
            });
            if is_unclear {
                continue;
            }
            let found = match refers.as_slice() {
                [_] => continue,
                [] => Rule::ManyWithoutReference
                    .at(place, format!("`{name}` does not refer to `{here}`"))
                    .help(format!("put `#[references({here})]` on the field of `{name}` that holds its key")),
                [first, ..] => Rule::ManyWithoutReference
                    .at(place, format!("`{name}` refers to `{here}` by several fields"))
                    .related(other.place(first.span), "one of them is here")
                    .help(format!("remove it, and filter the table of `{name}` by the field that is meant")),
            };
            findings.push(found);
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused};

    #[test]
    fn a_table_that_refers_to_this_one_once_is_one_of_its_many() {
        accepted(
            "#[Database::table] #[many(lines: Line)] pub struct Order { #[key] id: i64 }
             #[Database::table] pub struct Line { #[key] id: i64, #[references(Order)] order: i64 }
             #[Database::sqlite(file = \"a.db\")] pub struct Shop { orders: Table<Order>, lines: Table<Line> }",
        );
    }

    #[test]
    fn another_is_not() {
        refused(
            "#[Database::table] #[many(lines: Lin, notes: Note, moves: Move)] pub struct Order { #[key] id: i64 }
             #[Database::table] pub struct Line { #[key] id: i64, #[references(Order)] order: i64 }
             #[Database::table] pub struct Note { #[key] id: i64 }
             #[Database::table] pub struct Move {
                 #[key] id: i64, #[references(Order)] from: i64, #[references(Order)] to: i64,
             }
             #[Database::sqlite(file = \"a.db\")] pub struct Shop {
                 orders: Table<Order>, lines: Table<Line>, notes: Table<Note>, moves: Table<Move>,
             }",
            expect![[r#"
                error[many-without-reference]: `Lin` is no table
                 --> src/main.rs:2:34
                  |
                2 | #[Database::table] #[many(lines: Lin, notes: Note, moves: Move)] pub struct Order { #[key] id: i64 }
                  |                                  ^^^
                  |
                  = help: did you mean `Line`?

                error[many-without-reference]: `Note` does not refer to `Order`
                 --> src/main.rs:2:46
                  |
                2 | #[Database::table] #[many(lines: Lin, notes: Note, moves: Move)] pub struct Order { #[key] id: i64 }
                  |                                              ^^^^
                  |
                  = help: put `#[references(Order)]` on the field of `Note` that holds its key

                error[many-without-reference]: `Move` refers to `Order` by several fields
                 --> src/main.rs:2:59
                  |
                2 | #[Database::table] #[many(lines: Lin, notes: Note, moves: Move)] pub struct Order { #[key] id: i64 }
                  |                                                           ^^^^
                ...
                6 |                  #[key] id: i64, #[references(Order)] from: i64, #[references(Order)] to: i64,
                  |                                  -------------------- one of them is here
                  |
                  = help: remove it, and filter the table of `Move` by the field that is meant

            "#]],
        );
    }
}
