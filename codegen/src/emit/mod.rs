//! What `cell/` is to hold. In: the model, and the files that are there. Out: [`Artifacts`], in memory, the same bytes for the
//! same sources from any checkout; [`files`] alone reads and writes. Absent: decisions about the schema, and files of
//! databases that are declared no more: their history is kept until someone removes it.

pub mod files;
mod fingerprint;
mod histories;
mod manifest;
#[cfg(test)]
mod tests;
mod topology;

use std::collections::{BTreeMap, BTreeSet};

use cell_schema::history::{self, History};

use crate::model::Model;

pub use files::{FileError, Outdated, Previous, outdated, read, write};
pub use histories::histories;
pub use topology::TopologyError;

/// Where the manifest is, relative to the application's folder.
pub const MANIFEST: &str = "cell/manifest.json";
/// Where the topology is.
pub const TOPOLOGY: &str = "cell/topology.toml";

/// Files under `cell/`, by their path relative to the application's folder, with `/`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Artifacts {
    /// What is to be there.
    pub files: BTreeMap<String, Vec<u8>>,
    /// What is there and is to go: files of an open migration that is now another, never one that no build wrote.
    pub removals: BTreeSet<String>,
}

/// The files of an application, whose databases have these histories (by the database's name).
///
/// # Errors
/// A topology that is there cannot be read.
pub fn emit(
    model: &Model,
    histories: &BTreeMap<String, History>,
    previous: &Previous,
) -> Result<Artifacts, TopologyError> {
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
    let topology = match previous.get(TOPOLOGY) {
        // Regions, times and prices are the developer's: what is there stays as it is.
        Some(bytes) => topology::hash(bytes)?,
        None => {
            artifacts.files.insert(TOPOLOGY.to_owned(), topology::LOCAL.as_bytes().to_vec());
            topology::hash(topology::LOCAL.as_bytes())?
        }
    };
    artifacts.files.insert(MANIFEST.to_owned(), manifest::text(model, histories, topology).into_bytes());
    Ok(artifacts)
}
