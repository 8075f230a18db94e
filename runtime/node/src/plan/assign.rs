//! Which node of a region runs how many replicas of which process. In: the region's processes and its nodes. Out: for each
//! node, in the order given, what it runs.

use std::collections::BTreeSet;

use cell_manifest::{Engine, Manifest, Process};

use super::{Facts, databases};
use crate::protocol::{Refused, Wanted};

/// Spreads replicas evenly over the nodes; a process with a SQLite database stays where the database's file is.
pub(super) fn assign(
    manifest: &Manifest,
    processes: &[&Process],
    nodes: &[Facts],
) -> Result<Vec<Vec<Wanted>>, Vec<Refused>> {
    let mut refused = Vec::new();
    let mut assigned: Vec<Vec<Wanted>> = nodes.iter().map(|_| Vec::new()).collect();
    // Where the next replica goes: processes of one replica each do not all land on the first node.
    let mut next = 0;
    for process in processes {
        let wanted = |replicas| Wanted {
            name: process.name.clone(),
            cells: process.cells.clone(),
            replicas,
            doors: has_doors(manifest, process),
        };
        match home(manifest, process, nodes) {
            Err(refusal) => refused.push(refusal),
            Ok(Some(home)) => {
                assigned.iter_mut().skip(home).take(1).for_each(|node| node.push(wanted(process.replicas)))
            }
            Ok(None) => {
                let count = u32::try_from(nodes.len()).unwrap_or(u32::MAX).max(1);
                let (each, more) = (process.replicas / count, process.replicas % count);
                for (at, node) in (0..count).zip(&mut assigned) {
                    let turn = (at + count - next % count) % count;
                    let replicas = each + u32::from(turn < more);
                    if replicas > 0 {
                        node.push(wanted(replicas));
                    }
                }
                next += more;
            }
        }
    }
    for (node, wanted) in nodes.iter().zip(&assigned) {
        let doors: Vec<String> =
            wanted.iter().filter(|process| process.doors).map(|process| format!("`{}`", process.name)).collect();
        if doors.len() > 1 {
            let message =
                format!("the node `{}` has one address for doors, and {} have some", node.name, doors.join(" and "));
            let help = "place their cells alike, so that one process has all doors, or add a node to the region";
            refused.push(Refused::new("doors-of-two-processes", message).help(help));
        }
        if doors.len() == 1 && node.http.is_none() {
            let message = format!(
                "the process {} has HTTP doors, and the node `{}` has no address for them",
                doors.join(""),
                node.name
            );
            let help = format!("write `http = \"127.0.0.1:8080\"` into `[nodes.{}]` of the topology", node.name);
            refused.push(Refused::new("no-address-for-doors", message).help(help));
        }
    }
    if refused.is_empty() { Ok(assigned) } else { Err(refused) }
}

fn has_doors(manifest: &Manifest, process: &Process) -> bool {
    let cells = manifest.cells.iter().filter(|cell| process.cells.contains(&cell.name));
    cells.flat_map(|cell| &cell.handlers).any(|handler| handler.http.is_some())
}

/// The node that must run a process: the one with the file of its SQLite database, or the first where there is none yet.
fn home(manifest: &Manifest, process: &Process, nodes: &[Facts]) -> Result<Option<usize>, Refused> {
    let databases = databases::of(manifest, &process.cells);
    let files: Vec<&String> = databases
        .iter()
        .filter(|database| database.engine == Engine::Sqlite)
        .filter_map(|database| database.file.as_ref())
        .collect();
    if files.is_empty() {
        return Ok(None);
    }
    let holds = |node: &Facts| files.iter().any(|file| node.deployed.files.contains(file));
    let holders: BTreeSet<usize> = nodes.iter().enumerate().filter(|(_, node)| holds(node)).map(|(at, _)| at).collect();
    match (holders.first(), holders.last()) {
        (None, _) => Ok(Some(0)),
        (Some(first), Some(last)) if first == last => Ok(Some(*first)),
        _ => {
            let names: Vec<String> =
                holders.iter().filter_map(|at| nodes.get(*at)).map(|node| format!("`{}`", node.name)).collect();
            let message =
                format!("the SQLite databases of `{}` lie on several nodes: {}", process.name, names.join(", "));
            Err(Refused::new("database-on-two-nodes", message)
                .help("a SQLite database lives on one node: move the files of the others away"))
        }
    }
}
