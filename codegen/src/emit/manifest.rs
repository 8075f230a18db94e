//! From the model to `manifest.json`.

use std::collections::BTreeMap;

use cell_manifest::{Cell, Database, Engine, FORMAT, Handler, Http, Manifest, Needs, Process};
use cell_schema::history::History;

use super::fingerprint;
use crate::model::{self, Model};

/// The manifest's text.
pub(super) fn text(model: &Model, histories: &BTreeMap<String, History>, topology: String) -> String {
    let cells: Vec<Cell> = model.cells.iter().map(|cell| self::cell(model, cell)).collect();
    let processes = if cells.is_empty() {
        Vec::new()
    } else {
        // One process runs all cells until an application says otherwise.
        vec![Process { name: model.application.clone(), cells: cells.iter().map(|cell| cell.name.clone()).collect() }]
    };
    let manifest = Manifest {
        format: FORMAT,
        application: model.application.clone(),
        features: model.features.clone(),
        databases: model.databases.iter().map(|database| self::database(database, histories)).collect(),
        cells,
        types: model.types.clone(),
        processes,
        topology,
    };
    // Every key of a manifest is text, so serde_json cannot fail.
    manifest.to_json().unwrap_or_default()
}

fn database(database: &model::Database, histories: &BTreeMap<String, History>) -> Database {
    let history = histories.get(&database.name);
    // The accepted schema: its columns stand as databases hold them, which a moved field does not change.
    let schema = history.map_or(&database.schema, |history| &history.snapshot);
    let schema = serde_json::to_vec(schema).unwrap_or_default();
    let chain = history.and_then(|history| history.migrations.last()).map(|migration| migration.chain.to_string());
    Database {
        name: database.name.clone(),
        engine: match database.engine {
            cell_schema::Engine::Sqlite => Engine::Sqlite,
            cell_schema::Engine::Postgres => Engine::Postgres,
        },
        folder: database.folder.clone(),
        env: database.url_env.iter().cloned().collect(),
        primary: database.primary.clone(),
        schema: blake3::hash(&schema).to_hex().to_string(),
        chain,
    }
}

fn cell(model: &Model, cell: &model::Cell) -> Cell {
    Cell {
        name: cell.name.clone(),
        needs: Needs {
            databases: cell.databases.iter().map(|id| model.database(*id).name.clone()).collect(),
            cells: cell.cells.iter().map(|id| model.cell(*id).name.clone()).collect(),
        },
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
