//! `#[Cache::memoize]` on a struct that is no table.

use cell_syntax::decl::Memoized;

use super::{Context, Findings, Rule};
use crate::lower::caches;
use crate::model::Place;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for (declared, memoize) in caches::all(context.program) {
        let Memoized::Table(ident) = &memoize.of else { continue };
        if caches::row(context.program, declared).is_some() {
            continue;
        }
        findings.push(
            Rule::MemoizeOfNothing
                .at(Place { file: declared.file, span: ident.span() }, format!("`{ident}` is no table"))
                .help("put `#[Database::table]` on the struct too, or `#[Cache::memoize]` on a function: a cache holds rows or results"),
        );
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused};

    #[test]
    fn a_tables_rows_are_held_whichever_attribute_comes_first() {
        accepted(
            "#[Database::table] #[Cache::memoize] pub struct Product { #[key] id: i64 }
             #[Cache::memoize(ttl = \"1m\")] #[Database::table] pub struct Note { #[key] id: i64 }
             #[Database::sqlite(file = \"s.db\")] pub struct Shop { products: Table<Product>, notes: Table<Note> }",
        );
    }

    #[test]
    fn a_message_has_no_rows() {
        refused(
            "#[message] #[Cache::memoize] pub struct Order { name: String }",
            expect![[r#"
            error[memoize-of-nothing]: `Order` is no table
             --> src/main.rs:2:41
              |
            2 | #[message] #[Cache::memoize] pub struct Order { name: String }
              |                                         ^^^^^
              |
              = help: put `#[Database::table]` on the struct too, or `#[Cache::memoize]` on a function: a cache holds rows or results

        "#]],
        );
    }
}
