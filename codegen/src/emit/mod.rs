//! What `cell/` is to hold. In: the model, and the files that are there. Out: [`Artifacts`], in memory, the same bytes for the
//! same sources from any checkout; [`files`] alone reads and writes. Absent: decisions about the schema, and files of
//! databases that are declared no more: their history is kept until someone removes it.

pub mod caches;
pub mod files;
mod fingerprint;
mod histories;
pub mod indexes;
pub mod manifest;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use cell_schema::history::{self, History};

use crate::model::Model;
use crate::topology::{self, Topologies};

pub use files::{FileError, Outdated, Previous, outdated, read, topologies, write};
pub use histories::histories;

/// Where the manifest of the environment without a name is, relative to the application's folder.
pub const MANIFEST: &str = "cell/manifest.json";

/// Where the record of the last release is.
pub const RELEASED: &str = "cell/released.json";

/// Where the manifest of an environment is.
#[must_use]
pub fn manifest_of(environment: Option<&str>) -> String {
    environment.map_or_else(|| MANIFEST.to_owned(), |name| format!("cell/manifest.{name}.json"))
}

/// Files under `cell/`, by their path relative to the application's folder, with `/`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Artifacts {
    /// What is to be there.
    pub files: BTreeMap<String, Vec<u8>>,
    /// What is there and is to go: files of an open migration that is now another, never one that no build wrote.
    pub removals: BTreeSet<String>,
}

/// The files of an application, whose databases have these histories (by the database's name) and which runs in these
/// topologies.
#[must_use]
pub fn emit(
    model: &Model,
    histories: &BTreeMap<String, History>,
    topologies: &Topologies,
    previous: &Previous,
) -> Artifacts {
    let mut artifacts = Artifacts::default();
    for database in &model.databases {
        let Some(history) = histories.get(&database.name) else { continue };
        for (path, bytes) in history::write(history) {
            artifacts.files.insert(format!("{}/{path}", database.folder), bytes);
        }
        let known = previous.under(&database.folder).filter(|(path, _)| history::is_migration_file(path));
        let stale = known.map(|(path, _)| format!("{}/{path}", database.folder));
        artifacts.removals.extend(stale.filter(|path| !artifacts.files.contains_key(path)));
    }
    artifacts.files.extend(indexes::files(model));
    artifacts.removals.extend(indexes::written(previous).filter(|path| !artifacts.files.contains_key(path)));
    match caches::file(model) {
        Some(file) => artifacts.files.extend([file]),
        None => artifacts.removals.extend(caches::is_written(previous).then(|| caches::FILE.to_owned())),
    }
    // Regions, times and prices are the developer's: a topology that is there stays as it is.
    if previous.get(topology::DEFAULT).is_none() {
        artifacts.files.insert(topology::DEFAULT.to_owned(), topology::LOCAL.as_bytes().to_vec());
    }
    for topology in topologies.iter() {
        let path = manifest_of(topology.environment.as_deref());
        artifacts.files.insert(path, manifest::text(&manifest::of(model, histories, topology)).into_bytes());
    }
    let stale = previous.under("cell").filter(|(path, bytes)| is_manifest(path, bytes));
    let stale = stale.map(|(path, _)| format!("cell/{path}"));
    artifacts.removals.extend(stale.filter(|path| !artifacts.files.contains_key(path)));
    artifacts
}

/// Whether a file in `cell/` is one that [`emit`] makes for some environment: by its name, and by what it says.
fn is_manifest(path: &str, bytes: &[u8]) -> bool {
    let name = path.strip_prefix("manifest.").and_then(|rest| rest.strip_suffix(".json"));
    name.is_some_and(topology::is_environment)
        && std::str::from_utf8(bytes).is_ok_and(|text| cell_manifest::Manifest::from_json(text).is_ok())
}
