//! A name in an expression that is no column of the table.

use cell_syntax::suggest;

use super::{Context, Findings, Rule, faults};
use crate::lower::expression::Fault;
use crate::lower::indexes;
use crate::lower::row::Row;
use crate::model::Place;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    let of_expressions = faults::all(context).into_iter().filter_map(|(row, fault)| match fault {
        Fault::UnknownField { span, name } => Some((row, row.place(span), name)),
        _ => None,
    });
    for (row, place, name) in of_expressions.chain(included(context)) {
        let columns: Vec<String> = row.table.columns.iter().map(|column| column.ident.to_string()).collect();
        let help = if row.table.skipped.iter().any(|skipped| *skipped == name) {
            "this field is skipped, so it is not stored; write the name of a column".to_owned()
        } else {
            suggest::nearest(&name, columns.iter().map(String::as_str)).map_or_else(
                || format!("write the field's name; the columns are {}", list(&columns)),
                |near| format!("did you mean `{near}`?"),
            )
        };
        findings
            .push(Rule::UnknownColumn.at(place, format!("`{}` has no column `{name}`", row.table.ident)).help(help));
    }
}

/// The fields of other tables that a search index includes, and which are not there.
fn included<'a>(context: &Context<'a>) -> impl Iterator<Item = (Row<'a>, Place, String)> {
    indexes::all(context.program).filter_map(|(_, index, row)| Some((index, row?))).flat_map(|(index, row)| {
        let targets = index.includes.iter().filter_map(move |include| Some((include, indexes::target(&row, include)?)));
        targets.flat_map(move |(include, target)| {
            let unknown = include.fields.iter().filter(move |(ident, _)| target.column(ident).is_none());
            unknown.map(move |(ident, _)| (target, row.place(ident.span()), ident.to_string()))
        })
    })
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
    fn a_field_that_an_index_includes_is_one_of_the_other_table() {
        refused(
            "#[Database::table] pub struct Brand { #[key] id: i64, name: String, #[skip] seen: bool }
             #[Database::table] #[Search::index] pub struct P { #[key] id: i64,
                 #[references(Brand)] #[include(nam(text), seen(filter), name(facet))] brand_id: i64 }
             #[Database::sqlite(file = \"s.db\")] pub struct Shop { brands: Table<Brand>, ps: Table<P> }",
            expect![[r#"
                error[unknown-column]: `Brand` has no column `nam`
                 --> src/main.rs:4:49
                  |
                4 |                  #[references(Brand)] #[include(nam(text), seen(filter), name(facet))] brand_id: i64 }
                  |                                                 ^^^
                  |
                  = help: did you mean `name`?

                error[unknown-column]: `Brand` has no column `seen`
                 --> src/main.rs:4:60
                  |
                4 |                  #[references(Brand)] #[include(nam(text), seen(filter), name(facet))] brand_id: i64 }
                  |                                                            ^^^^
                  |
                  = help: this field is skipped, so it is not stored; write the name of a column

            "#]],
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
