//! `reads` or `ignores` of a cache names what is no table of the application.

use cell_syntax::decl::Memoized;
use cell_syntax::suggest;
use quote::ToTokens as _;
use syn::spanned::Spanned as _;

use super::{Context, Findings, Rule};
use crate::lower::caches;
use crate::model::Place;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    let databases = &context.model.databases;
    for (declared, memoize) in caches::all(context.program) {
        let Memoized::Function(function) = &memoize.of else { continue };
        for path in function.reads.iter().chain(&function.ignores) {
            if caches::named(context.program, databases, declared, path).is_some() {
                continue;
            }
            let tables = databases.iter().flat_map(|database| &database.tables);
            let mut names: Vec<String> = tables.map(|table| context.program.declared(table.decl).name()).collect();
            names.sort_unstable();
            names.dedup();
            let known: Vec<&str> = names.iter().map(String::as_str).collect();
            let last = path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default();
            let help = match suggest::nearest(&last, known.iter().copied()) {
                Some(near) if near != last => format!("did you mean `{near}`?"),
                _ if known.is_empty() => "remove it: the application has no tables".to_owned(),
                _ => format!("name the struct of a table; the application has {}", suggest::list(&known)),
            };
            let written = path.to_token_stream().to_string().replace(' ', "");
            findings.push(
                Rule::MemoizeOfUnknownTable
                    .at(
                        Place { file: declared.file, span: path.span() },
                        format!("`{written}` is no table of the application"),
                    )
                    .help(help),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused};

    #[test]
    fn tables_are_named_by_their_structs_from_anywhere() {
        accepted(
            "mod model { use cell::prelude::*; #[Database::table] pub struct Product { #[key] id: i64 } }
             #[Database::table] pub struct Log { #[key] id: i64 }
             #[Database::sqlite(file = \"s.db\")] pub struct Shop { products: Table<model::Product>, logs: Table<Log> }
             #[Cache::memoize(reads(model::Product), ignores(Log))] async fn f() -> Result<u64> { Ok(1) }",
        );
    }

    #[test]
    fn what_is_misspelt_no_table_or_in_no_database_is_refused() {
        refused(
            "#[Database::table] pub struct Product { #[key] id: i64 }
#[Database::table] pub struct Nowhere { #[key] id: i64 }
#[Database::sqlite(file = \"s.db\")] pub struct Shop { products: Table<Product> }
#[Cache::memoize(ttl = \"1s\", reads(Produkt, crate::Shop), ignores(Nowhere))] async fn f() -> Result<u64> { Ok(1) }",
            expect![[r#"
                error[memoize-of-unknown-table]: `Produkt` is no table of the application
                 --> src/main.rs:5:36
                  |
                5 | #[Cache::memoize(ttl = "1s", reads(Produkt, crate::Shop), ignores(Nowhere))] async fn f() -> Result<u64> { Ok(1) }
                  |                                    ^^^^^^^
                  |
                  = help: did you mean `Product`?

                error[memoize-of-unknown-table]: `crate::Shop` is no table of the application
                 --> src/main.rs:5:45
                  |
                5 | #[Cache::memoize(ttl = "1s", reads(Produkt, crate::Shop), ignores(Nowhere))] async fn f() -> Result<u64> { Ok(1) }
                  |                                             ^^^^^^^^^^^
                  |
                  = help: name the struct of a table; the application has `Product`

                error[memoize-of-unknown-table]: `Nowhere` is no table of the application
                 --> src/main.rs:5:67
                  |
                5 | #[Cache::memoize(ttl = "1s", reads(Produkt, crate::Shop), ignores(Nowhere))] async fn f() -> Result<u64> { Ok(1) }
                  |                                                                   ^^^^^^^
                  |
                  = help: name the struct of a table; the application has `Product`

            "#]],
        );
    }
}
