//! `max_len` on a column that is neither text nor bytes.

use cell_schema::schema::Type;

use super::{Context, Findings, Rule};
use crate::lower::row::Row;
use crate::lower::types::Kind;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for row in Row::all(context.program) {
        for column in &row.table.columns {
            let (Some(length), Ok(stored)) = (&column.max_len, row.stored(column)) else { continue };
            if !matches!(stored.kind, Kind::Plain(Type::Text { .. } | Type::Bytes { .. })) {
                findings.push(
                    Rule::MaxLenOnAnotherType
                        .at(row.place(length.span), format!("`{}` has no length", column.ident))
                        .help("remove `max_len`; only text (in characters) and bytes have a length"),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused};

    #[test]
    fn text_and_bytes_have_a_length() {
        accepted(
            "#[Database::table] pub struct P {
                 #[key] id: i64,
                 #[column(max_len = 8)] sku: String,
                 #[column(max_len = 16)] hash: Option<Vec<u8>>,
             }",
        );
    }

    #[test]
    fn numbers_have_none() {
        refused(
            "#[Database::table] pub struct P { #[key] id: i64, #[column(max_len = 8)] stock: i64 }",
            expect![[r#"
            error[max-len-on-another-type]: `stock` has no length
             --> src/main.rs:2:70
              |
            2 | #[Database::table] pub struct P { #[key] id: i64, #[column(max_len = 8)] stock: i64 }
              |                                                                      ^
              |
              = help: remove `max_len`; only text (in characters) and bytes have a length

        "#]],
        );
    }
}
