//! A key of floating-point numbers or documents: whether two of them are equal is not for certain.

use cell_schema::schema::Type;

use super::{Context, Findings, Rule};
use crate::lower::row::Row;
use crate::lower::types::Kind;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for row in Row::all(context.program) {
        for column in row.table.columns.iter().filter(|column| row.table.key.contains(&column.ident)) {
            let what = match row.stored(column).map(|stored| stored.kind) {
                Ok(Kind::Plain(Type::F32 | Type::F64)) => "a floating-point number",
                Ok(Kind::Plain(Type::Json)) => "a document",
                _ => continue,
            };
            findings.push(
                Rule::KeyType
                    .at(row.place(syn::spanned::Spanned::span(&column.ty)), format!("{what} cannot be a key"))
                    .help("choose a column with exact values as the key, such as `i64`, `Uuid` or `String`"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused};

    #[test]
    fn exact_values_are_keys() {
        accepted("#[Database::table] #[key(a, b)] pub struct P { a: Uuid, b: NaiveDate }");
    }

    #[test]
    fn floats_and_documents_are_not() {
        refused(
            "#[Database::table] #[key(a, b)] pub struct P { a: f64, b: Json<Vec<i64>> }",
            expect![[r#"
            error[key-type]: a floating-point number cannot be a key
             --> src/main.rs:2:51
              |
            2 | #[Database::table] #[key(a, b)] pub struct P { a: f64, b: Json<Vec<i64>> }
              |                                                   ^^^
              |
              = help: choose a column with exact values as the key, such as `i64`, `Uuid` or `String`

            error[key-type]: a document cannot be a key
             --> src/main.rs:2:59
              |
            2 | #[Database::table] #[key(a, b)] pub struct P { a: f64, b: Json<Vec<i64>> }
              |                                                           ^^^^^^^^^^^^^^
              |
              = help: choose a column with exact values as the key, such as `i64`, `Uuid` or `String`

        "#]],
        );
    }
}
