//! Arguments that are read and would do nothing: an engine has no way to do what they promise. To pass over one would let its
//! author believe that a statement is limited.

use cell_syntax::decl::{Decl, Engine};

use super::{Context, Findings, Rule};
use crate::model::Place;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for declared in context.program.declarations() {
        let Decl::Database(database) = &declared.decl else { continue };
        if database.timeouts.statement.is_some() && matches!(database.engine, Engine::Sqlite { .. }) {
            let place = Place { file: declared.file, span: database.ident.span() };
            let message = "`timeouts(statement = …)` on SQLite does not work in this version of Cell";
            findings.push(
                Rule::ArgumentNotYet
                    .at(place, message)
                    .help("remove it; `acquire` and `lock` limit what is waited for"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused};

    #[test]
    fn a_name_and_a_limit_that_take_effect_are_accepted() {
        accepted(
            "#[Database::table(name = \"goods\")] pub struct Product { #[key] id: i64, #[column(name = \"s\")] stock: i64 }
             #[Database::sqlite(file = \"shop.db\", timeouts(acquire = \"5s\", lock = \"2s\", idle = \"1m\"))]
             pub struct Shop { pub products: Table<Product> }",
        );
        accepted(
            "#[Database::table] pub struct Product { #[key] id: i64 }
             #[Database::postgres(url = env(\"DATABASE_URL\"), timeouts(statement = \"5s\"))]
             pub struct Shop { pub products: Table<Product> }",
        );
    }

    #[test]
    fn what_is_limited_in_vain_is_refused() {
        refused(
            "#[Database::table] pub struct Product { #[key] id: i64, n: i64 }
#[Database::sqlite(file = \"shop.db\", timeouts(statement = \"5s\"))] pub struct Shop { pub products: Table<Product> }",
            expect![[r#"
                error[argument-not-yet]: `timeouts(statement = …)` on SQLite does not work in this version of Cell
                 --> src/main.rs:3:78
                  |
                3 | #[Database::sqlite(file = "shop.db", timeouts(statement = "5s"))] pub struct Shop { pub products: Table<Product> }
                  |                                                                              ^^^^
                  |
                  = help: remove it; `acquire` and `lock` limit what is waited for

            "#]],
        );
    }
}
