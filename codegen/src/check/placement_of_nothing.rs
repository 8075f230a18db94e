//! `#[Placement]` on a struct that is no cell.

use super::{Context, Findings, Rule};
use crate::lower::cells;
use crate::model::Place;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for (declared, placement, service) in cells::placements(context.program) {
        if service.is_some() {
            continue;
        }
        let place = Place { file: declared.file, span: placement.ident.span() };
        findings.push(
            Rule::PlacementOfNothing
                .at(place, format!("`{}` is no cell", placement.ident))
                .help("put `#[service]` on the struct too, or remove `#[Placement]`: only cells run somewhere"),
        );
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused};

    #[test]
    fn a_service_is_placed_whichever_attribute_comes_first() {
        accepted(
            "#[service] #[Placement(replicas = 2)] pub struct Tax;
             #[Placement(replicas = 2)] #[service] pub struct Orders;",
        );
    }

    #[test]
    fn a_message_and_a_plain_struct_run_nowhere() {
        refused(
            "#[message] #[Placement(replicas = 2)] pub struct Order {}
#[Placement(replicas = 2)] pub struct Plain;
#[service] pub struct Desk;
#[handler] impl Desk { pub async fn take(&self, order: Order) -> Result<()> { Ok(()) } }",
            expect![[r#"
                error[placement-of-nothing]: `Order` is no cell
                 --> src/main.rs:2:50
                  |
                2 | #[message] #[Placement(replicas = 2)] pub struct Order {}
                  |                                                  ^^^^^
                  |
                  = help: put `#[service]` on the struct too, or remove `#[Placement]`: only cells run somewhere

                error[placement-of-nothing]: `Plain` is no cell
                 --> src/main.rs:3:39
                  |
                3 | #[Placement(replicas = 2)] pub struct Plain;
                  |                                       ^^^^^
                  |
                  = help: put `#[service]` on the struct too, or remove `#[Placement]`: only cells run somewhere

            "#]],
        );
    }
}
