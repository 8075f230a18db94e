//! A database's field whose type is no table of Cell's.

use syn::spanned::Spanned as _;

use super::{Context, Findings, Rule};
use crate::lower::databases;
use crate::model::Place;
use crate::program::{Resolved, TypeKind};

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for tables in &context.databases {
        let (declared, database) = (tables.declared, tables.database);
        for field in &database.tables {
            if databases::row_of(context.program, declared, field).is_some() {
                continue;
            }
            let ty = context.program.resolve_type(declared.module, &field.ty);
            let is_table = matches!(
                &ty.kind,
                TypeKind::Named { resolved: Resolved::External(path), .. } if path == "cell::Table"
            );
            let at = |span, message| Rule::TableOfNothing.at(Place { file: declared.file, span }, message);
            findings.push(if is_table {
                at(field.row.span(), format!("the rows of `{}` are of no table", field.ident))
                    .help("name a struct with `#[Database::table]`")
            } else {
                at(field.ty.span(), "this `Table` is not Cell's".to_owned())
                    .help("import Cell's: `use cell::prelude::*;`, or write `cell::Table<…>`")
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused};

    #[test]
    fn a_path_to_cells_table_is_as_good_as_its_name() {
        accepted(
            "#[Database::table] pub struct P { #[key] id: i64 }
             #[Database::sqlite(file = \"s.db\")] pub struct Shop { products: cell::Table<P> }",
        );
    }

    #[test]
    fn a_struct_that_is_no_table_and_a_table_that_is_not_cells_are_refused() {
        refused(
            "pub struct P { id: i64 }
             mod own { pub struct Table<T>(T); }
             #[Database::table] pub struct Q { #[key] id: i64 }
             #[Database::sqlite(file = \"s.db\")] pub struct Shop { products: Table<P>, queues: own::Table<Q> }",
            expect![[r#"
                error[table-of-nothing]: the rows of `products` are of no table
                 --> src/main.rs:5:83
                  |
                5 |              #[Database::sqlite(file = "s.db")] pub struct Shop { products: Table<P>, queues: own::Table<Q> }
                  |                                                                                   ^
                  |
                  = help: name a struct with `#[Database::table]`

                error[table-of-nothing]: this `Table` is not Cell's
                 --> src/main.rs:5:95
                  |
                5 |              #[Database::sqlite(file = "s.db")] pub struct Shop { products: Table<P>, queues: own::Table<Q> }
                  |                                                                                               ^^^^^^^^^^^^^
                  |
                  = help: import Cell's: `use cell::prelude::*;`, or write `cell::Table<…>`

            "#]],
        );
    }
}
