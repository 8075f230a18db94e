//! A cell's field that Cell cannot fill.

use syn::spanned::Spanned as _;

use super::{Context, Findings, Rule};
use crate::lower::cells::{self, Need};
use crate::model::Place;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for (declared, service) in cells::services(context.program) {
        for field in &service.fields {
            let place = Place { file: declared.file, span: field.ty.span() };
            match cells::need(context.program, declared.module, &field.ty) {
                Need::Unknown if service.start.is_none() => findings.push(
                    Rule::UnknownCellField.at(place, format!("Cell does not know how to make `{}`", field.ident)).help(
                        "a field is a database, `Synapse<T>` of a cell, `Config<T>` or `Secret<…>`; for anything else \
                             make the cell yourself: `#[service(start = path)]`",
                    ),
                ),
                Need::SynapseOfNothing => findings.push(
                    Rule::UnknownCellField
                        .at(place, format!("`{}` is a synapse to no cell", field.ident))
                        .help("name a struct with `#[service]`"),
                ),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused};

    #[test]
    fn cells_may_call_each_other_in_a_circle() {
        accepted(
            "#[Database::sqlite(file = \"s.db\")] pub struct Shop {}
             #[service] pub struct Tax { shop: Shop, orders: Synapse<Orders> }
             #[service] pub struct Orders { tax: Synapse<Tax>, limits: Config<u32> }
             #[service(start = begin)] pub struct Other { anything: std::sync::Mutex<i64> }",
        );
    }

    #[test]
    fn anything_else_needs_a_start() {
        refused(
            "pub struct Plain;
             #[service] pub struct Tax { cache: std::sync::Mutex<i64>, plain: Synapse<Plain> }",
            expect![[r#"
                error[unknown-cell-field]: Cell does not know how to make `cache`
                 --> src/main.rs:3:49
                  |
                3 |              #[service] pub struct Tax { cache: std::sync::Mutex<i64>, plain: Synapse<Plain> }
                  |                                                 ^^^^^^^^^^^^^^^^^^^^^
                  |
                  = help: a field is a database, `Synapse<T>` of a cell, `Config<T>` or `Secret<…>`; for anything else make the cell yourself: `#[service(start = path)]`

                error[unknown-cell-field]: `plain` is a synapse to no cell
                 --> src/main.rs:3:79
                  |
                3 |              #[service] pub struct Tax { cache: std::sync::Mutex<i64>, plain: Synapse<Plain> }
                  |                                                                               ^^^^^^^^^^^^^^
                  |
                  = help: name a struct with `#[service]`

            "#]],
        );
    }
}
