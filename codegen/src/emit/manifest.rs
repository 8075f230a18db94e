//! From the model and a topology to a manifest: `manifest.json`, or `manifest.<env>.json`.

use std::collections::BTreeMap;

use cell_manifest::{
    Cell, Database, DatabaseReplica, Engine, FORMAT, Handler, Http, Manifest, Needs, Placement, Process, Replica,
};
use cell_schema::history::History;

use super::{caches, fingerprint, indexes};
use crate::model::{self, CellId, Model};
use crate::placement::{self, Spot, place};
use crate::topology::Topology;

/// The manifest of an application in one of its topologies.
#[must_use]
pub fn of(model: &Model, histories: &BTreeMap<String, History>, topology: &Topology) -> Manifest {
    let placed = place(model, topology);
    let cells = model.cells.iter().enumerate().map(|(at, cell)| self::cell(model, cell, placed.spot(CellId(at))));
    Manifest {
        format: FORMAT,
        application: model.application.clone(),
        features: model.features.clone(),
        databases: model.databases.iter().map(|database| self::database(database, histories)).collect(),
        indexes: indexes::of(model),
        caches: caches::of(model),
        cells: cells.collect(),
        types: model.types.clone(),
        processes: placed.processes.iter().map(|process| self::process(model, process)).collect(),
        topology: topology.hash.clone(),
    }
}

/// The manifest's text.
pub(super) fn text(manifest: &Manifest) -> String {
    // Every key of a manifest is text, so serde_json cannot fail.
    manifest.to_json().unwrap_or_default()
}

fn process(model: &Model, process: &placement::Process) -> Process {
    Process {
        name: process.name.clone(),
        cells: process.cells.iter().map(|cell| model.cell(*cell).name.clone()).collect(),
        regions: process.spot.regions.clone(),
        replicas: process.spot.replicas,
    }
}

fn database(database: &model::Database, histories: &BTreeMap<String, History>) -> Database {
    let history = histories.get(&database.name);
    // The accepted schema: its columns stand as databases hold them, which a moved field does not change.
    let schema = history.map_or(&database.schema, |history| &history.snapshot);
    let schema = serde_json::to_vec(schema).unwrap_or_default();
    let chain = history.and_then(|history| history.migrations.last()).map(|migration| migration.chain.to_string());
    let replicas = database.replicas.iter();
    Database {
        name: database.name.clone(),
        engine: match database.engine {
            cell_schema::Engine::Sqlite => Engine::Sqlite,
            cell_schema::Engine::Postgres => Engine::Postgres,
        },
        folder: database.folder.clone(),
        file: database.file.clone(),
        env: database.url_env.iter().cloned().collect(),
        primary: database.primary.clone(),
        replicas: replicas
            .map(|replica| DatabaseReplica { region: replica.region.clone(), env: replica.url_env.clone() })
            .collect(),
        schema: blake3::hash(&schema).to_hex().to_string(),
        chain,
    }
}

fn cell(model: &Model, cell: &model::Cell, spot: &Spot) -> Cell {
    let copies = spot.regions.iter().flat_map(|region| (0..spot.replicas).map(move |_| region));
    Cell {
        name: cell.name.clone(),
        needs: Needs {
            databases: cell.databases.iter().map(|id| model.database(*id).name.clone()).collect(),
            cells: cell.cells.iter().map(|id| model.cell(*id).name.clone()).collect(),
        },
        placement: cell
            .placement
            .as_ref()
            .map(|placement| Placement { regions: placement.region_names(), replicas: placement.replicas }),
        replicas: copies.map(|region| Replica { region: region.clone() }).collect(),
        handlers: cell
            .handlers
            .iter()
            .map(|handler| Handler {
                name: handler.name.clone(),
                hash: fingerprint::of(&handler.signature, &model.types),
                shape: handler.signature.clone(),
                idempotent: handler.idempotent,
                http: handler
                    .http
                    .as_ref()
                    .map(|door| Http { method: door.method.as_str().to_owned(), path: door.path.clone() }),
            })
            .collect(),
    }
}
