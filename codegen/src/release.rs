//! What a release seals, and what differs from the last one. In: a compiled application, and `cell/released.json`. Out: the
//! record of the next release with the files that seal it, or a [`Difference`]. Absent: writing files; deciding whether what
//! differs may be deployed.

mod difference;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use cell_manifest::{Environment, Released, ReleasedCell, ReleasedDatabase, ReleasedError};
use cell_schema::history::{self, History};

use crate::compile::Compiled;
use crate::emit::{self, Artifacts, Previous};
use crate::model::Model;
use crate::topology::Topologies;

pub use difference::{
    CacheChange, CellChange, DatabaseChange, Difference, HandlerChange, IndexChange, Kind, PendingMigration,
    ProcessChange, TypeChange, between, index_changes,
};

/// The record of a release, and all files that it leaves under `cell/`.
#[derive(Clone, Debug)]
pub struct Sealed {
    /// The record. Its number is the last one's where nothing differs from it.
    pub released: Released,
    /// Everything under `cell/`, with the seals and the record.
    pub artifacts: Artifacts,
}

/// The record of the last release, where there was one.
///
/// # Errors
/// The file is none.
pub fn last(previous: &Previous) -> Result<Option<Released>, ReleasedError> {
    let Some(bytes) = previous.get(emit::RELEASED) else { return Ok(None) };
    // What is not UTF-8 is no JSON either, and the error says where.
    Released::from_json(&String::from_utf8_lossy(bytes)).map(Some)
}

/// The record of an application as it is, which would be the release after `last`.
#[must_use]
pub fn next(
    model: &Model,
    histories: &BTreeMap<String, History>,
    topologies: &Topologies,
    last: Option<&Released>,
) -> Released {
    let mut next = Released {
        format: Released::FORMAT,
        application: model.application.clone(),
        release: last.map_or(1, |last| last.release),
        databases: Vec::new(),
        indexes: emit::indexes::of(model),
        caches: emit::caches::of(model),
        cells: Vec::new(),
        types: model.types.clone(),
        environments: Vec::new(),
    };
    for topology in topologies.iter() {
        let manifest = emit::manifest::of(model, histories, topology);
        next.environments.push(Environment { topology: topology.file.clone(), processes: manifest.processes });
        // Databases and interfaces are the same in every environment.
        let count = |name: &str| histories.get(name).map_or(0, |history| history.migrations.len());
        next.databases = manifest
            .databases
            .into_iter()
            .map(|database| ReleasedDatabase {
                migrations: u32::try_from(count(&database.name)).unwrap_or(u32::MAX),
                name: database.name,
                engine: database.engine,
                schema: database.schema,
                chain: database.chain,
            })
            .collect();
        next.cells = manifest
            .cells
            .into_iter()
            .map(|cell| ReleasedCell { name: cell.name, placement: cell.placement, handlers: cell.handlers })
            .collect();
    }
    match last {
        Some(last) if *last != next => Released { release: last.release.saturating_add(1), ..next },
        _ => next,
    }
}

/// Seals an application: every migration that there is, its interfaces, and who runs where.
#[must_use]
pub fn seal(compiled: &Compiled, last: Option<&Released>) -> Sealed {
    let Compiled { model, histories, topologies, previous, .. } = compiled;
    let released = next(model, histories, topologies, last);
    let sealed: BTreeMap<String, History> =
        histories.iter().map(|(name, history)| (name.clone(), history::seal(history))).collect();
    let mut artifacts = emit::emit(model, &sealed, topologies, previous);
    // Every key is text, so serde_json cannot fail.
    artifacts.files.insert(emit::RELEASED.to_owned(), released.to_json().unwrap_or_default().into_bytes());
    Sealed { released, artifacts }
}
