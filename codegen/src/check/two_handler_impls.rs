//! Two impls with `#[handler]` for one cell: each would make the cell's client.

use std::collections::BTreeMap;

use syn::spanned::Spanned as _;

use super::{Context, Findings, Rule};
use crate::lower::cells;
use crate::model::Place;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    let mut seen = BTreeMap::new();
    for (declared, handlers, service) in cells::handlers(context.program) {
        let Some(service) = service else { continue };
        let place = Place { file: declared.file, span: handlers.cell.span() };
        match seen.get(&service) {
            Some(first) => findings.push(
                Rule::TwoHandlerImpls
                    .at(place, "this cell has two impls with `#[handler]`")
                    .related(*first, "the other is here")
                    .help("move the calls into one of them; other methods may stand in an impl without the attribute"),
            ),
            None => {
                seen.insert(service, place);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused};

    #[test]
    fn an_impl_beside_the_handlers_is_fine() {
        accepted(
            "#[service] pub struct Shop;
             impl Shop { pub fn plain(&self) {} }
             #[handler] impl Shop { pub async fn a(&self) -> Result<()> { Ok(()) } }",
        );
    }

    #[test]
    fn two_impls_of_handlers_are_refused() {
        refused(
            "#[service] pub struct Shop;
             #[handler] impl Shop { pub async fn a(&self) -> Result<()> { Ok(()) } }
             #[handler] impl Shop { pub async fn b(&self) -> Result<()> { Ok(()) } }",
            expect![[r#"
                error[two-handler-impls]: this cell has two impls with `#[handler]`
                 --> src/main.rs:4:30
                  |
                3 |              #[handler] impl Shop { pub async fn a(&self) -> Result<()> { Ok(()) } }
                  |                              ---- the other is here
                4 |              #[handler] impl Shop { pub async fn b(&self) -> Result<()> { Ok(()) } }
                  |                              ^^^^
                  |
                  = help: move the calls into one of them; other methods may stand in an impl without the attribute

            "#]],
        );
    }
}
