//! A region that a topology lacks: of a placement, or of a database's primary or replica. Every environment must have it.

use cell_syntax::decl::Engine;
use cell_syntax::suggest;

use super::{Context, Findings, Rule};
use crate::model::Place;
use crate::topology::Topology;

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    let placed = context.model.cells.iter().filter_map(|cell| cell.placement.as_ref());
    let mut named: Vec<(&str, Place)> =
        placed.flat_map(|placement| placement.regions.iter().map(|(name, place)| (name.as_str(), *place))).collect();
    for database in &context.databases {
        if let Engine::Postgres { primary, replicas, .. } = &database.database.engine {
            let regions = primary.iter().chain(replicas);
            named.extend(
                regions.map(|region| (&*region.value, Place { file: database.declared.file, span: region.span })),
            );
        }
    }
    for (name, place) in named {
        let lacking: Vec<&Topology> =
            context.topologies.iter().filter(|topology| topology.region(name).is_none()).collect();
        let Some(first) = lacking.first() else { continue };
        let files: Vec<&str> = lacking.iter().map(|topology| topology.file.as_str()).collect();
        let known = first.regions.iter().map(|region| region.name.as_str());
        let help = match suggest::nearest(name, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("add `[regions.{name}]` to {}", suggest::list(&files)),
        };
        let message = format!("there is no region `{name}` in {}", suggest::list(&files));
        findings.push(Rule::UnknownRegion.at(place, message).help(help));
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted, accepted_in, refused, refused_in};

    const TOPOLOGIES: [(&str, &str); 2] = [
        ("cell/topology.toml", "format = 1\n[regions.us]\n[regions.eu]\n"),
        ("cell/topology.staging.toml", "format = 1\n[regions.us]\n"),
    ];

    #[test]
    fn a_region_that_every_topology_has_is_known() {
        accepted("#[service] #[Placement(region = \"local\")] pub struct Tax;");
        accepted_in(
            &TOPOLOGIES,
            "#[service] #[Placement(region = \"us\")] pub struct Tax;
             #[Database::postgres(url = env(\"DATABASE_URL\"), primary = \"us\", replicas = [\"us\"])] pub struct Shop {}",
        );
    }

    #[test]
    fn a_region_that_one_topology_lacks_is_refused_by_its_name() {
        refused_in(
            &TOPOLOGIES,
            "#[Placement(regions = [\"us\", \"eu\"])] #[service] pub struct Tax;",
            expect![[r#"
            error[unknown-region]: there is no region `eu` in `cell/topology.staging.toml`
             --> src/main.rs:2:30
              |
            2 | #[Placement(regions = ["us", "eu"])] #[service] pub struct Tax;
              |                              ^^^^
              |
              = help: add `[regions.eu]` to `cell/topology.staging.toml`

        "#]],
        );
    }

    #[test]
    fn a_region_that_no_topology_has_is_refused_once() {
        refused_in(
            &TOPOLOGIES,
            "#[Placement(region = \"mars\")] #[service] pub struct Tax;
             #[Database::postgres(url = env(\"DATABASE_URL\"), primary = \"uss\", replicas = [\"us\", \"eu\"])] pub struct Shop {}",
            expect![[r#"
                error[unknown-region]: there is no region `mars` in `cell/topology.toml` and `cell/topology.staging.toml`
                 --> src/main.rs:2:22
                  |
                2 | #[Placement(region = "mars")] #[service] pub struct Tax;
                  |                      ^^^^^^
                  |
                  = help: add `[regions.mars]` to `cell/topology.toml` and `cell/topology.staging.toml`

                error[unknown-region]: there is no region `uss` in `cell/topology.toml` and `cell/topology.staging.toml`
                 --> src/main.rs:3:72
                  |
                3 |              #[Database::postgres(url = env("DATABASE_URL"), primary = "uss", replicas = ["us", "eu"])] pub struct Shop {}
                  |                                                                        ^^^^^
                  |
                  = help: did you mean `us`?

                error[unknown-region]: there is no region `eu` in `cell/topology.staging.toml`
                 --> src/main.rs:3:97
                  |
                3 |              #[Database::postgres(url = env("DATABASE_URL"), primary = "uss", replicas = ["us", "eu"])] pub struct Shop {}
                  |                                                                                                 ^^^^
                  |
                  = help: add `[regions.eu]` to `cell/topology.staging.toml`

            "#]],
        );
    }

    #[test]
    fn without_a_topology_there_is_one_region() {
        refused(
            "#[Placement(region = \"us\")] #[service] pub struct Tax;",
            expect![[r#"
            error[unknown-region]: there is no region `us` in `cell/topology.toml`
             --> src/main.rs:2:22
              |
            2 | #[Placement(region = "us")] #[service] pub struct Tax;
              |                      ^^^^
              |
              = help: add `[regions.us]` to `cell/topology.toml`

        "#]],
        );
    }
}
