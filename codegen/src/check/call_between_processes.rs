//! A cell that needs one which another process runs: calls between processes do not work in this version.

use std::collections::BTreeSet;

use syn::spanned::Spanned as _;

use super::{Context, Findings, Rule};
use crate::lower::cells::{self, Need};
use crate::model::{CellId, Place};

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    let id = |decl| context.model.cells.iter().position(|cell| cell.decl == decl).map(CellId);
    for (declared, service) in cells::services(context.program) {
        let Some(caller) = id(declared.id) else { continue };
        let mut told = BTreeSet::new();
        for field in &service.fields {
            let Need::Cell(needed) = cells::need(context.program, declared.module, &field.ty) else { continue };
            let Some(needed) = id(needed).filter(|needed| told.insert(*needed)) else { continue };
            let apart = context.placed.iter().find(|(_, placed)| placed.spot(caller) != placed.spot(needed));
            let Some((topology, placed)) = apart else { continue };
            let (from, to) = (context.model.cell(caller), context.model.cell(needed));
            let message = format!("`{}` calls `{}`, which another process runs", from.name, to.name);
            let place = Place { file: declared.file, span: field.ty.span() };
            let runs = |cell: CellId| format!("runs in {}", placed.spot(cell));
            findings.push(
                Rule::CallBetweenProcesses
                    .at(place, message)
                    .related(from.place, format!("{}, by `{}`", runs(caller), topology.file))
                    .related(to.place, runs(needed))
                    .help("give both the same placement: calls between processes do not work in this version of Cell"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted_in, refused_in};

    const TWO: [(&str, &str); 2] = [
        ("cell/topology.toml", "format = 1\n[regions.us]\n[regions.eu]\n"),
        ("cell/topology.east.toml", "format = 1\n[regions.eu]\n[regions.us]\n"),
    ];

    #[test]
    fn cells_of_one_placement_call_each_other() {
        accepted_in(
            &TWO,
            "#[service] #[Placement(regions = [\"us\", \"eu\"])] pub struct Tax { orders: Synapse<Orders> }
             #[Placement(regions = [\"eu\", \"us\"], replicas = 1)] #[service] pub struct Orders { tax: Synapse<Tax> }
             #[service] #[Placement(replicas = 2)] pub struct Alone;",
        );
    }

    #[test]
    fn a_call_to_another_region_is_refused_once() {
        refused_in(
            &TWO,
            "#[service] #[Placement(region = \"us\")] pub struct Tax;
#[Placement(region = \"eu\")] #[service] pub struct Orders { tax: Synapse<Tax>, again: Synapse<Tax> }",
            expect![[r#"
                error[call-between-processes]: `orders` calls `tax`, which another process runs
                 --> src/main.rs:3:65
                  |
                2 | #[service] #[Placement(region = "us")] pub struct Tax;
                  |                                                   --- runs in `us`
                3 | #[Placement(region = "eu")] #[service] pub struct Orders { tax: Synapse<Tax>, again: Synapse<Tax> }
                  |                                                   ------        ^^^^^^^^^^^^
                  |                                                   |
                  |                                                   runs in `eu`, by `cell/topology.toml`
                  |
                  = help: give both the same placement: calls between processes do not work in this version of Cell

            "#]],
        );
    }

    #[test]
    fn a_call_that_only_one_topology_parts_is_refused_by_that_topology() {
        refused_in(
            &TWO,
            "#[service] #[Placement(region = \"us\")] pub struct Tax;
#[service] pub struct Orders { tax: Synapse<Tax> }",
            expect![[r#"
                error[call-between-processes]: `orders` calls `tax`, which another process runs
                 --> src/main.rs:3:37
                  |
                2 | #[service] #[Placement(region = "us")] pub struct Tax;
                  |                                                   --- runs in `us`
                3 | #[service] pub struct Orders { tax: Synapse<Tax> }
                  |                       ------        ^^^^^^^^^^^^
                  |                       |
                  |                       runs in `eu`, by `cell/topology.east.toml`
                  |
                  = help: give both the same placement: calls between processes do not work in this version of Cell

            "#]],
        );
    }
}
