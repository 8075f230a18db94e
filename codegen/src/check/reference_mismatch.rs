//! A reference whose columns are not like the key they refer to, in number or type.

use cell_schema::schema::Type;
use cell_syntax::decl;

use super::{Context, Findings, Rule};
use crate::lower::row::Row;
use crate::program::Resolved;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for row in Row::all(context.program) {
        for reference in &row.table.references {
            let resolved = context.program.resolve_path(row.declared.module, &reference.target);
            let Resolved::Decl(target) = resolved else { continue };
            if let Some(target) = Row::of(context.program, context.program.declared(target)) {
                compare(&row, reference, &target, findings);
            }
        }
    }
}

fn compare(row: &Row<'_>, reference: &decl::Reference, target: &Row<'_>, findings: &mut Findings) {
    let (found, wanted) = (reference.columns.len(), target.table.key.len());
    if found != wanted {
        let key: Vec<String> = target.table.key.iter().map(ToString::to_string).collect();
        let finding = Rule::ReferenceMismatch.at(
            row.place(reference.span),
            format!("the key of `{}` has {}, but the reference names {found}", target.table.ident, columns(wanted)),
        );
        findings.push(
            finding.related(target.place(target.table.ident.span()), format!("its key is ({})", key.join(", "))).help(
                format!(
                    "name a column for each of the key's, in its order: `#[references({}, …)]` on the struct",
                    target.table.ident
                ),
            ),
        );
        return;
    }
    for (field, key) in reference.columns.iter().zip(&target.table.key) {
        let (Some(column), Some(key)) = (row.column(field), target.column(key)) else { continue };
        let (Some(ty), Some(wanted)) = (row.column_type(column), target.column_type(key)) else { continue };
        if comparable(&ty) != comparable(&wanted) {
            findings.push(
                Rule::ReferenceMismatch
                    .at(
                        row.place(syn::spanned::Spanned::span(&column.ty)),
                        format!("`{field}` has another type than the key `{}` of `{}`", key.ident, target.table.ident),
                    )
                    .related(target.place(syn::spanned::Spanned::span(&key.ty)), "the key's type")
                    .help("give both the same type"),
            );
        }
    }
}

fn columns(number: usize) -> String {
    if number == 1 { "1 column".to_owned() } else { format!("{number} columns") }
}

/// The greatest length of a text does not matter to a reference.
fn comparable(ty: &Type) -> Type {
    match ty {
        Type::Text { .. } => Type::Text { max_len: None },
        Type::Bytes { .. } => Type::Bytes { max_len: None },
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused};

    #[test]
    fn a_value_refers_to_what_it_wraps_and_null_to_nothing() {
        accepted(
            "#[Database::value] pub struct CustomerId(i64);
             #[Database::table] pub struct Customer { #[key(automatic)] id: CustomerId }
             #[Database::table] #[key(a, b)] pub struct Pair { a: i64, #[column(max_len = 3)] b: String }
             #[Database::table] #[references(Pair, c, d)]
             pub struct Order { #[key] id: i64, #[references(Customer)] customer: Option<i64>, c: i64, d: String }
             #[Database::sqlite(file = \"s.db\")]
             pub struct Shop { customers: Table<Customer>, pairs: Table<Pair>, orders: Table<Order> }",
        );
    }

    #[test]
    fn another_number_or_type_is_refused() {
        refused(
            "#[Database::table] pub struct Customer { #[key] id: i64 }
             #[Database::table] #[key(a, b)] pub struct Pair { a: i64, b: String }
             #[Database::table]
             pub struct Order { #[key] id: i64, #[references(Customer)] customer: i32, #[references(Pair)] pair: i64 }
             #[Database::sqlite(file = \"s.db\")]
             pub struct Shop { customers: Table<Customer>, pairs: Table<Pair>, orders: Table<Order> }",
            expect![[r#"
                error[reference-mismatch]: `customer` has another type than the key `id` of `Customer`
                 --> src/main.rs:5:83
                  |
                2 | #[Database::table] pub struct Customer { #[key] id: i64 }
                  |                                                     --- the key's type
                ...
                5 |              pub struct Order { #[key] id: i64, #[references(Customer)] customer: i32, #[references(Pair)] pair: i64 }
                  |                                                                                   ^^^
                  |
                  = help: give both the same type

                error[reference-mismatch]: the key of `Pair` has 2 columns, but the reference names 1
                 --> src/main.rs:5:88
                  |
                3 |              #[Database::table] #[key(a, b)] pub struct Pair { a: i64, b: String }
                  |                                                         ---- its key is (a, b)
                4 |              #[Database::table]
                5 |              pub struct Order { #[key] id: i64, #[references(Customer)] customer: i32, #[references(Pair)] pair: i64 }
                  |                                                                                        ^^^^^^^^^^^^^^^^^^^
                  |
                  = help: name a column for each of the key's, in its order: `#[references(Pair, …)]` on the struct

            "#]],
        );
    }
}
