//! Which node migrates which database, and what the database lacks. In: the release's histories, what each node's databases
//! have. Out: for each node, its databases with the migrations to come.

use std::collections::{BTreeMap, BTreeSet};

use cell_manifest::{Database, Engine, Manifest, MigrationState, Process};

use super::{Facts, Migration, Wish};
use crate::protocol::{DatabaseState, Refused, Wanted};

/// What a node's databases lack; `None` where that is not known before.
type Pending = BTreeMap<String, Option<Vec<Migration>>>;

/// The databases that cells are built from, by name.
pub(super) fn of<'m, 'c>(manifest: &'m Manifest, cells: impl IntoIterator<Item = &'c String>) -> Vec<&'m Database> {
    let cells: BTreeSet<&String> = cells.into_iter().collect();
    let needed: BTreeSet<&String> = manifest
        .cells
        .iter()
        .filter(|cell| cells.contains(&cell.name))
        .flat_map(|cell| &cell.needs.databases)
        .collect();
    manifest.databases.iter().filter(|database| needed.contains(&database.name)).collect()
}

/// Plans the migrations. The first node that runs something with a database migrates it.
pub(super) fn plan(
    wish: &Wish,
    manifest: &Manifest,
    processes: &[&Process],
    assigned: &[Vec<Wanted>],
    nodes: &[Facts],
) -> Result<BTreeMap<String, Pending>, Vec<Refused>> {
    let (mut plans, mut refused) = (BTreeMap::new(), Vec::new());
    for database in of(manifest, processes.iter().flat_map(|process| &process.cells)) {
        let uses = |wanted: &[Wanted]| {
            let cells = wanted.iter().flat_map(|process| &process.cells);
            of(manifest, cells).iter().any(|used| used.name == database.name)
        };
        let Some((node, _)) = nodes.iter().zip(assigned).find(|(_, wanted)| uses(wanted)) else { continue };
        let migrations = wish.histories.get(&database.name).map(Vec::as_slice).unwrap_or_default();
        match pending(database, migrations, node, nodes) {
            Ok(pending) => {
                plans.entry(node.name.clone()).or_insert_with(Pending::new).insert(database.name.clone(), pending);
            }
            Err(refusal) => refused.push(refusal),
        }
    }
    if refused.is_empty() { Ok(plans) } else { Err(refused) }
}

fn pending(
    database: &Database,
    migrations: &[Migration],
    node: &Facts,
    nodes: &[Facts],
) -> Result<Option<Vec<Migration>>, Refused> {
    // A server is the same one for all; a file is this node's alone.
    let others = nodes.iter().filter(|_| database.engine == Engine::Postgres);
    let states = std::iter::once(node).chain(others).filter_map(|node| node.deployed.databases.get(&database.name));
    let mut heads = states.filter_map(|state| match state {
        DatabaseState::Head(head) => Some(head),
        DatabaseState::Unknown(_) => None,
    });
    match heads.next() {
        Some(None) => Ok(Some(migrations.to_vec())),
        Some(Some(head)) => {
            let applied = migrations.iter().find(|migration| migration.number == head.number);
            if let Some(other) = applied
                .filter(|migration| migration.hash != head.hash && migration.stands_for.as_ref() != Some(&head.hash))
            {
                let message = format!(
                    "the database `{}` has another migration {} than this release: `{}`, not `{}`",
                    database.name, head.number, head.name, other.name
                );
                return Err(Refused::new("history-diverged", message)
                    .help("deploy from a history that holds the migrations which the database has"));
            }
            // One that has begun is gone on with.
            let done = if head.state == MigrationState::Started { head.number.saturating_sub(1) } else { head.number };
            // A database that is ahead lacks nothing: what a later release added stays.
            Ok(Some(migrations.iter().filter(|migration| migration.number > done).cloned().collect()))
        }
        None => {
            let new = database.engine == Engine::Sqlite
                && database.file.as_ref().is_some_and(|file| !node.deployed.files.contains(file));
            Ok(new.then(|| migrations.to_vec()))
        }
    }
}
