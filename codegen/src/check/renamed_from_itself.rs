//! `renamed_from` with the name that the thing has.

use syn::ext::IdentExt as _;

use super::{Context, Findings, Rule};
use crate::lower::row::{Row, sql_name};

const HELP: &str = "write the name that it had before, or remove `renamed_from`";

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for row in Row::all(context.program) {
        for column in &row.table.columns {
            if let Some(from) = column.renamed_from.as_ref().filter(|from| from.value == sql_name(column)) {
                let message = format!("`{}` is the name that the column has", from.value);
                findings.push(Rule::RenamedFromItself.at(row.place(from.span), message).help(HELP));
            }
        }
        let Some(from) = &row.table.renamed_from else { continue };
        let fields = context.databases.iter().flat_map(|database| database.database.tables.iter());
        let named = row.table.name.as_ref().map(|name| name.value == from.value);
        let is_itself = named.unwrap_or_else(|| {
            let of_field = |field: &cell_syntax::decl::DatabaseField| field.ident.unraw() == from.value;
            let members =
                context.databases_of(row.declared.id).flat_map(|database| database.members.tables_of(row.declared.id));
            fields.clone().any(of_field) && members.into_iter().any(|name| name == from.value)
        });
        if is_itself {
            let message = format!("`{}` is the name that the table has", from.value);
            findings.push(Rule::RenamedFromItself.at(row.place(from.span), message).help(HELP));
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused};

    #[test]
    fn an_earlier_name_is_accepted() {
        accepted(
            "#[Database::table(renamed_from = \"goods\")] pub struct P { #[key] id: i64, #[column(renamed_from = \"n\")] stock: i64 }
             #[Database::sqlite(file = \"shop.db\")] pub struct Shop { pub products: Table<P> }",
        );
    }

    #[test]
    fn the_name_that_it_has_is_refused() {
        refused(
            "#[Database::table(renamed_from = \"products\")] pub struct P { #[key] id: i64, #[column(renamed_from = \"n\")] n: i64 }
#[Database::sqlite(file = \"shop.db\")] pub struct Shop { pub products: Table<P> }",
            expect![[r#"
                error[renamed-from-itself]: `products` is the name that the table has
                 --> src/main.rs:2:34
                  |
                2 | #[Database::table(renamed_from = "products")] pub struct P { #[key] id: i64, #[column(renamed_from = "n")] n: i64 }
                  |                                  ^^^^^^^^^^
                  |
                  = help: write the name that it had before, or remove `renamed_from`

                error[renamed-from-itself]: `n` is the name that the column has
                 --> src/main.rs:2:102
                  |
                2 | #[Database::table(renamed_from = "products")] pub struct P { #[key] id: i64, #[column(renamed_from = "n")] n: i64 }
                  |                                                                                                      ^^^
                  |
                  = help: write the name that it had before, or remove `renamed_from`

            "#]],
        );
    }
}
