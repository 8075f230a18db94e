//! `#[handler]` on the impl of a type that is no cell.

use super::{Context, Findings, Rule};
use crate::lower::cells;
use crate::model::Place;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for (declared, handlers, service) in cells::handlers(context.program) {
        if service.is_some() {
            continue;
        }
        let name = handlers.cell.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
        let place = Place { file: declared.file, span: syn::spanned::Spanned::span(&handlers.cell) };
        findings.push(
            Rule::HandlerOfNothing
                .at(place, format!("`{name}` is no cell"))
                .help(format!("put `#[service]` on the struct `{name}`")),
        );
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused};

    #[test]
    fn the_impl_of_a_service_has_handlers() {
        accepted(
            "#[service] pub struct Shop; #[handler] impl Shop { pub async fn ping(&self) -> Result<()> { Ok(()) } }",
        );
    }

    #[test]
    fn the_impl_of_another_struct_has_none() {
        refused(
            "pub struct Shop; #[handler] impl Shop { pub async fn ping(&self) -> Result<()> { Ok(()) } }",
            expect![[r#"
                error[handler-of-nothing]: `Shop` is no cell
                 --> src/main.rs:2:34
                  |
                2 | pub struct Shop; #[handler] impl Shop { pub async fn ping(&self) -> Result<()> { Ok(()) } }
                  |                                  ^^^^
                  |
                  = help: put `#[service]` on the struct `Shop`

            "#]],
        );
    }
}
