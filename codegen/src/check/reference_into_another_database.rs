//! A reference to a table that is in another database: no engine can hold it.

use super::{Context, Findings, Rule};
use crate::lower::row::Row;
use crate::program::Resolved;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for row in Row::all(context.program) {
        for reference in &row.table.references {
            let resolved = context.program.resolve_path(row.declared.module, &reference.target);
            let Resolved::Decl(target) = resolved else { continue };
            let Some(other) = context.databases_of(target).next() else { continue };
            let here = context.databases_of(row.declared.id);
            for tables in here.filter(|tables| tables.members.tables_of(target).next().is_none()) {
                let name =
                    &reference.target.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
                let other_place =
                    other.members.tables.iter().find(|member| member.decl == target).map(|member| member.field);
                let finding = Rule::ReferenceIntoAnotherDatabase
                    .at(
                        row.place(reference.span),
                        format!(
                            "`{}` is a table of `{}`, but `{name}` is one of `{}`",
                            row.table.ident, tables.database.ident, other.database.ident
                        ),
                    )
                    .help(format!(
                        "add a field `Table<{name}>` to `{}`, or remove the reference and keep the key as a plain column",
                        tables.database.ident
                    ));
                findings.push(match other_place {
                    Some(place) => finding.related(place, "the table is here"),
                    None => finding,
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused};

    const TABLES: &str = "#[Database::table] pub struct Customer { #[key] id: i64 }
#[Database::table] pub struct Order { #[key] id: i64, #[references(Customer)] customer: i64 }
";

    #[test]
    fn both_tables_may_be_in_both_databases() {
        accepted(&format!(
            "{TABLES}#[Database::sqlite(file = \"a.db\")] pub struct Shop {{ c: Table<Customer>, o: Table<Order> }}
             #[Database::sqlite(file = \"b.db\")] pub struct Archive {{ c: Table<Customer>, o: Table<Order> }}"
        ));
    }

    #[test]
    fn a_reference_stays_inside_one() {
        refused(
            &format!(
                "{TABLES}#[Database::sqlite(file = \"a.db\")] pub struct Shop {{ c: Table<Customer> }}
#[Database::sqlite(file = \"b.db\")] pub struct Archive {{ o: Table<Order> }}"
            ),
            expect![[r#"
                error[reference-into-another-database]: `Order` is a table of `Archive`, but `Customer` is one of `Shop`
                 --> src/main.rs:3:55
                  |
                3 | #[Database::table] pub struct Order { #[key] id: i64, #[references(Customer)] customer: i64 }
                  |                                                       ^^^^^^^^^^^^^^^^^^^^^^^
                4 | #[Database::sqlite(file = "a.db")] pub struct Shop { c: Table<Customer> }
                  |                                                      - the table is here
                  |
                  = help: add a field `Table<Customer>` to `Archive`, or remove the reference and keep the key as a plain column

            "#]],
        );
    }
}
