//! Two placements of one cell.

use std::collections::BTreeMap;

use super::{Context, Findings, Rule};
use crate::lower::cells;
use crate::model::Place;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    let mut seen = BTreeMap::new();
    for (declared, placement, service) in cells::placements(context.program) {
        let Some(service) = service else { continue };
        if seen.insert(service, ()).is_some() {
            // Both stand on one struct, whose name is the place of both.
            let place = Place { file: declared.file, span: placement.ident.span() };
            findings.push(
                Rule::DuplicatePlacement
                    .at(place, format!("`{}` has two placements", placement.ident))
                    .help("make one of them: `#[Placement(regions = [\"…\", \"…\"], replicas = 2)]`"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, refused};

    #[test]
    fn two_cells_of_one_name_in_two_modules_have_a_placement_each() {
        accepted(
            "#[Placement(replicas = 2)] #[service] pub struct Tax;
             mod other {
                 use cell::prelude::*;
                 #[Placement(replicas = 2)] #[service(name = \"duty\")] pub struct Tax;
             }",
        );
    }

    #[test]
    fn a_second_placement_is_refused() {
        refused(
            "#[Placement(replicas = 2)] #[service] #[Placement(region = \"local\")] pub struct Tax;",
            expect![[r#"
                error[duplicate-placement]: `Tax` has two placements
                 --> src/main.rs:2:81
                  |
                2 | #[Placement(replicas = 2)] #[service] #[Placement(region = "local")] pub struct Tax;
                  |                                                                                 ^^^
                  |
                  = help: make one of them: `#[Placement(regions = ["…", "…"], replicas = 2)]`

            "#]],
        );
    }
}
