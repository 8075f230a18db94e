//! A SQLite database whose copies of cells may run on two nodes of a region: each node would have a database of its own.

use cell_schema::Engine;

use super::{Context, Findings, Rule};
use crate::model::{CellId, DatabaseId};

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for (at, database) in context.model.databases.iter().enumerate() {
        if database.engine != Engine::Sqlite {
            continue;
        }
        let users: Vec<CellId> = context.users(DatabaseId(at)).collect();
        let Some((cell, region, nodes, file)) = users.iter().find_map(|cell| {
            context.placed.iter().find_map(|(topology, placed)| {
                let spot = placed.spot(*cell);
                let region = spot.regions.first().filter(|_| spot.replicas > 1)?;
                let mut nodes = topology.nodes_of(region).map(|(name, _)| name.to_owned());
                Some((*cell, region.clone(), (nodes.next()?, nodes.next()?), topology.file.clone()))
            })
        }) else {
            continue;
        };
        let cell = context.model.cell(cell);
        let message = format!(
            "the SQLite database `{}` could be used on two nodes of `{region}`, `{}` and `{}`: `{}` runs in several copies",
            database.name, nodes.0, nodes.1, cell.name
        );
        findings.push(
            Rule::SqliteOnTwoNodes
                .at(cell.placement.as_ref().map_or(cell.place, |placement| placement.place), message)
                .label(format!("by `{file}`"))
                .related(database.place, "the database is here")
                .help("run one copy, or hold it on a server: `#[Database::postgres(url = env(\"…\"))]`"),
        );
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted_in, refused_in};

    const NODES: [(&str, &str); 1] = [(
        "cell/topology.toml",
        "format = 1
[regions.us]
[regions.eu]
[nodes.one]
region = \"us\"
address = \"192.0.2.1:7700\"
key = \"k\"
[nodes.two]
region = \"us\"
address = \"192.0.2.2:7700\"
key = \"k\"
[nodes.three]
region = \"eu\"
address = \"192.0.2.3:7700\"
key = \"k\"
",
    )];

    #[test]
    fn copies_on_one_node_share_the_file() {
        accepted_in(
            &NODES,
            "#[Database::sqlite(file = \"shop.db\")] pub struct Shop {}
             #[Database::sqlite(file = \"notes.db\")] pub struct Notes {}
             #[service] #[Placement(region = \"eu\", replicas = 2)] pub struct Orders { shop: Shop }
             #[service] pub struct Tax { notes: Notes }",
        );
    }

    #[test]
    fn copies_on_two_nodes_are_refused() {
        refused_in(
            &NODES,
            "#[Database::sqlite(file = \"shop.db\")] pub struct Shop {}
#[service] #[Placement(replicas = 2)] pub struct Orders { shop: Shop }",
            expect![[r#"
                error[sqlite-on-two-nodes]: the SQLite database `shop` could be used on two nodes of `us`, `one` and `two`: `orders` runs in several copies
                 --> src/main.rs:3:35
                  |
                2 | #[Database::sqlite(file = "shop.db")] pub struct Shop {}
                  |                                                  ---- the database is here
                3 | #[service] #[Placement(replicas = 2)] pub struct Orders { shop: Shop }
                  |                                   ^ by `cell/topology.toml`
                  |
                  = help: run one copy, or hold it on a server: `#[Database::postgres(url = env("…"))]`

            "#]],
        );
    }
}
