//! A name in an expression that is no column of the table.

use cell_syntax::suggest;

use super::{Context, Findings, Rule, faults};
use crate::lower::expression::Fault;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for (row, fault) in faults::all(context) {
        let Fault::UnknownField { span, name } = fault else { continue };
        let columns: Vec<String> = row.table.columns.iter().map(|column| column.ident.to_string()).collect();
        let help = if row.table.skipped.iter().any(|skipped| *skipped == name) {
            "this field is skipped, so it is not stored; write the name of a column".to_owned()
        } else {
            suggest::nearest(&name, columns.iter().map(String::as_str)).map_or_else(
                || format!("write the field's name; the columns are {}", list(&columns)),
                |near| format!("did you mean `{near}`?"),
            )
        };
        findings.push(
            Rule::UnknownColumn.at(row.place(span), format!("`{}` has no column `{name}`", row.table.ident)).help(help),
        );
    }
}

fn list(columns: &[String]) -> String {
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    suggest::list(&columns)
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused};

    #[test]
    fn fields_are_named_not_columns() {
        accepted(
            "#[Database::table] #[check(price >= 0 && len(sku) == 8)] #[index(sku, where = price > 0)]
             pub struct P {
                 #[key] id: i64,
                 #[column(name = \"code\")] sku: String,
                 #[decimal(12, 2)] price: Decimal,
                 #[generated(lower(sku))] small: String,
             }",
        );
    }

    #[test]
    fn each_unknown_name_is_shown_at_its_place() {
        refused(
            "#[Database::table] #[check(prise >= 0 && zzz == cache)] #[index(id, where = ide > 0)]
             pub struct P { #[key] id: i64, price: i64, #[generated(pric * 2)] twice: i64, #[skip] cache: i64,
                 #[column(backfill = prices)] cost: i64 }",
            expect![[r#"
                error[unknown-column]: `P` has no column `prise`
                 --> src/main.rs:2:28
                  |
                2 | #[Database::table] #[check(prise >= 0 && zzz == cache)] #[index(id, where = ide > 0)]
                  |                            ^^^^^
                  |
                  = help: did you mean `price`?

                error[unknown-column]: `P` has no column `zzz`
                 --> src/main.rs:2:42
                  |
                2 | #[Database::table] #[check(prise >= 0 && zzz == cache)] #[index(id, where = ide > 0)]
                  |                                          ^^^
                  |
                  = help: write the field's name; the columns are `id`, `price`, `twice` and `cost`

                error[unknown-column]: `P` has no column `cache`
                 --> src/main.rs:2:49
                  |
                2 | #[Database::table] #[check(prise >= 0 && zzz == cache)] #[index(id, where = ide > 0)]
                  |                                                 ^^^^^
                  |
                  = help: this field is skipped, so it is not stored; write the name of a column

                error[unknown-column]: `P` has no column `ide`
                 --> src/main.rs:2:77
                  |
                2 | #[Database::table] #[check(prise >= 0 && zzz == cache)] #[index(id, where = ide > 0)]
                  |                                                                             ^^^
                  |
                  = help: did you mean `id`?

                error[unknown-column]: `P` has no column `pric`
                 --> src/main.rs:3:69
                  |
                3 |              pub struct P { #[key] id: i64, price: i64, #[generated(pric * 2)] twice: i64, #[skip] cache: i64,
                  |                                                                     ^^^^
                  |
                  = help: did you mean `price`?

                error[unknown-column]: `P` has no column `prices`
                 --> src/main.rs:4:38
                  |
                4 |                  #[column(backfill = prices)] cost: i64 }
                  |                                      ^^^^^^
                  |
                  = help: did you mean `price`?

            "#]],
        );
    }
}
