//! A SQLite database that cells use in two regions: it is a file on one node, so each would have a database of its own.

use cell_schema::Engine;

use super::{Context, Findings, Rule};
use crate::model::{Cell, CellId, DatabaseId};

pub(super) fn check(context: &Context<'_>, findings: &mut Findings) {
    for (at, database) in context.model.databases.iter().enumerate() {
        if database.engine != Engine::Sqlite {
            continue;
        }
        let users: Vec<CellId> = context.users(DatabaseId(at)).collect();
        // One topology shows the mistake; the others would only repeat it.
        let apart = context.placed.iter().find_map(|(topology, placed)| {
            let mut used =
                users.iter().flat_map(|cell| placed.spot(*cell).regions.iter().map(move |region| (*cell, region)));
            let (first, region) = used.next()?;
            let (second, other) = used.find(|(_, other)| *other != region)?;
            Some((topology, (first, region.clone()), (second, other.clone())))
        });
        let Some((topology, (first, region), (second, other))) = apart else { continue };
        let (first, second) = (context.model.cell(first), context.model.cell(second));
        let message = format!(
            "the SQLite database `{}` is used in two regions: by `{}` in `{region}` and by `{}` in `{other}`",
            database.name, first.name, second.name
        );
        let named = |cell: &Cell, region: &str| {
            let regions = cell.placement.iter().flat_map(|placement| &placement.regions);
            regions.filter(|(name, _)| name == region).map(|(_, place)| *place).next()
        };
        let place = named(second, &other).or_else(|| named(first, &region)).unwrap_or(second.place);
        findings.push(
            Rule::SqliteInTwoRegions
                .at(place, message)
                .label(format!("by `{}`", topology.file))
                .related(database.place, "the database is here")
                .help("run them in one region, or hold it on a server: `#[Database::postgres(url = env(\"…\"))]`"),
        );
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::check::tests::{accepted_in, refused_in};

    const TWO: [(&str, &str); 1] = [("cell/topology.toml", "format = 1\n[regions.us]\n[regions.eu]\n")];

    #[test]
    fn a_server_is_used_from_anywhere_and_a_file_in_one_region() {
        accepted_in(
            &TWO,
            "#[Database::postgres(url = env(\"DATABASE_URL\"))] pub struct Shop {}
             #[Database::sqlite(file = \"notes.db\")] pub struct Notes {}
             #[service] #[Placement(region = \"us\")] pub struct Tax { shop: Shop, notes: Notes }
             #[service] #[Placement(region = \"eu\")] pub struct Orders { shop: Shop }
             #[service] #[Placement(replicas = 2)] pub struct Desk { notes: Notes }",
        );
    }

    #[test]
    fn two_cells_in_two_regions_are_named() {
        refused_in(
            &TWO,
            "#[Database::sqlite(file = \"shop.db\")] pub struct Shop {}
#[service] pub struct Orders { shop: Shop }
#[service] #[Placement(region = \"eu\")] pub struct Tax { shop: Shop }",
            expect![[r#"
                error[sqlite-in-two-regions]: the SQLite database `shop` is used in two regions: by `orders` in `us` and by `tax` in `eu`
                 --> src/main.rs:4:33
                  |
                2 | #[Database::sqlite(file = "shop.db")] pub struct Shop {}
                  |                                                  ---- the database is here
                3 | #[service] pub struct Orders { shop: Shop }
                4 | #[service] #[Placement(region = "eu")] pub struct Tax { shop: Shop }
                  |                                 ^^^^ by `cell/topology.toml`
                  |
                  = help: run them in one region, or hold it on a server: `#[Database::postgres(url = env("…"))]`

            "#]],
        );
    }

    #[test]
    fn one_cell_in_two_regions_is_enough() {
        refused_in(
            &TWO,
            "#[Database::sqlite(file = \"shop.db\")] pub struct Shop {}
#[service] #[Placement(regions = [\"us\", \"eu\"])] pub struct Orders { shop: Shop }",
            expect![[r#"
                error[sqlite-in-two-regions]: the SQLite database `shop` is used in two regions: by `orders` in `eu` and by `orders` in `us`
                 --> src/main.rs:3:35
                  |
                2 | #[Database::sqlite(file = "shop.db")] pub struct Shop {}
                  |                                                  ---- the database is here
                3 | #[service] #[Placement(regions = ["us", "eu"])] pub struct Orders { shop: Shop }
                  |                                   ^^^^ by `cell/topology.toml`
                  |
                  = help: run them in one region, or hold it on a server: `#[Database::postgres(url = env("…"))]`

            "#]],
        );
    }
}
