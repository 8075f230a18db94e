//! Arguments that are read and would do nothing: what they promise arrives with the migration engine, or never on an engine.
//! To pass over one would let its author believe that a column is renamed, a hazard allowed or a statement limited.

use cell_syntax::decl::{Decl, Engine};
use proc_macro2::Span;

use super::{Context, Findings, Rule};
use crate::lower::row::Row;
use crate::model::Place;

const RENAME: &str =
    "remove it; a rename takes effect with the migration engine, and until then keep the SQL name with `name = \"…\"`";
const VALUE: &str =
    "remove it; a rename takes effect with the migration engine, and until then keep the value's previous name";

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    let mut refuse = |place: Place, what: &str, help: &str| {
        let message = format!("{what} does not work in this version of Cell");
        findings.push(Rule::ArgumentNotYet.at(place, message).help(help));
    };
    for row in Row::all(context.program) {
        if let Some(name) = &row.table.renamed_from {
            refuse(row.place(name.span), "`renamed_from`", RENAME);
        }
        for column in &row.table.columns {
            if let Some(name) = &column.renamed_from {
                refuse(row.place(name.span), "`renamed_from`", RENAME);
            }
            if let Some(hazard) = column.allow.first() {
                let help =
                    "remove it; a change that could lose anything is refused in this version, whatever is allowed";
                refuse(row.place(hazard.span()), "`allow`", help);
            }
        }
    }
    for declared in context.program.declarations() {
        let place = |span: Span| Place { file: declared.file, span };
        match &declared.decl {
            Decl::Enumeration(enumeration) => {
                for name in enumeration.values.iter().filter_map(|value| value.renamed_from.as_ref()) {
                    refuse(place(name.span), "`renamed_from`", VALUE);
                }
            }
            Decl::Database(database)
                if database.timeouts.statement.is_some() && matches!(database.engine, Engine::Sqlite { .. }) =>
            {
                let help = "remove it; `acquire` and `lock` limit what is waited for";
                refuse(place(database.ident.span()), "`timeouts(statement = …)` on SQLite", help);
            }
            _ => {}
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
    fn a_rename_is_refused_wherever_it_stands() {
        refused(
            "#[Database::table(renamed_from = \"goods\")] pub struct Product { #[key] id: i64, #[column(renamed_from = \"s\")] n: Kind }
#[Database::enumeration] pub enum Kind { #[renamed_from = \"tome\"] Book }",
            expect![[r#"
                error[argument-not-yet]: `renamed_from` does not work in this version of Cell
                 --> src/main.rs:2:34
                  |
                2 | #[Database::table(renamed_from = "goods")] pub struct Product { #[key] id: i64, #[column(renamed_from = "s")] n: Kind }
                  |                                  ^^^^^^^
                  |
                  = help: remove it; a rename takes effect with the migration engine, and until then keep the SQL name with `name = "…"`

                error[argument-not-yet]: `renamed_from` does not work in this version of Cell
                 --> src/main.rs:2:105
                  |
                2 | #[Database::table(renamed_from = "goods")] pub struct Product { #[key] id: i64, #[column(renamed_from = "s")] n: Kind }
                  |                                                                                                         ^^^
                  |
                  = help: remove it; a rename takes effect with the migration engine, and until then keep the SQL name with `name = "…"`

                error[argument-not-yet]: `renamed_from` does not work in this version of Cell
                 --> src/main.rs:3:59
                  |
                3 | #[Database::enumeration] pub enum Kind { #[renamed_from = "tome"] Book }
                  |                                                           ^^^^^^
                  |
                  = help: remove it; a rename takes effect with the migration engine, and until then keep the value's previous name

            "#]],
        );
    }

    #[test]
    fn what_is_allowed_and_limited_in_vain_is_refused() {
        refused(
            "#[Database::table] pub struct Product { #[key] id: i64, #[column(allow(lossy_cast))] n: i64 }
#[Database::sqlite(file = \"shop.db\", timeouts(statement = \"5s\"))] pub struct Shop { pub products: Table<Product> }",
            expect![[r#"
                error[argument-not-yet]: `allow` does not work in this version of Cell
                 --> src/main.rs:2:72
                  |
                2 | #[Database::table] pub struct Product { #[key] id: i64, #[column(allow(lossy_cast))] n: i64 }
                  |                                                                        ^^^^^^^^^^
                  |
                  = help: remove it; a change that could lose anything is refused in this version, whatever is allowed

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
