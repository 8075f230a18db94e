//! The bundle of a release: the program, everything under `cell/` but the topology, and `release.json`, in one archive.
//! In: a compiled application and the program built from it. Out: the archive's place and index.
//! Absent: the archive's form, which `cell_node` has.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cell_codegen::compile::Compiled;
use cell_codegen::emit;
use cell_manifest::Manifest;
use cell_node::bundle::{self, Executable, Index, Release};
use cell_node::digest::Digest;
use cell_node::host::{self, Libc};

use crate::stop::{Mistake, Stop};

/// A bundle on this machine.
#[derive(Debug)]
pub(crate) struct Bundled {
    pub(crate) archive: PathBuf,
    pub(crate) index: Index,
    /// What a machine must be to run it.
    pub(crate) needs: (String, Libc),
}

/// Makes the bundle beside the program.
///
/// # Errors
/// A file cannot be read or written, or the program is for no machine that a node may be.
pub(crate) fn bundle(
    compiled: &Compiled,
    executable: &Path,
    release: u32,
    (profile, target): (&str, &str),
) -> Result<Bundled, Stop> {
    let failed =
        |error: &dyn std::fmt::Display| Stop::from(Mistake::new(format!("the bundle cannot be made: {error}")));
    let requirement = host::requirement(executable).map_err(|error| failed(&error))?;
    let files = files(compiled)?;
    let application = &compiled.model.application;
    let hash = Digest::of_file(executable).map_err(|error| Mistake::file("read", executable, &error))?;
    let manifest = files.get(bundle::MANIFEST).map(Vec::as_slice).unwrap_or_default();
    let mut features = compiled.model.features.clone();
    features.sort_unstable();
    features.dedup();
    let release = Release {
        format: bundle::FORMAT,
        application: application.clone(),
        release,
        cell: env!("CARGO_PKG_VERSION").to_owned(),
        profile: profile.to_owned(),
        features,
        target: target.to_owned(),
        libc: requirement.libc,
        executable: Executable { path: Release::executable_of(application), hash },
        manifest: Digest::of(manifest),
    };
    let folder = executable.parent().unwrap_or(Path::new("."));
    let archive = folder.join(format!("{application}.bundle"));
    let index = bundle::pack(&release, executable, &files, &archive).map_err(|error| failed(&error))?;
    Ok(Bundled { archive, index, needs: (target.to_owned(), requirement.libc) })
}

/// What stands under `cell/` in the bundle. A database that another package declares has its folder there, too: on a node
/// there is no other package.
fn files(compiled: &Compiled) -> Result<BTreeMap<String, Vec<u8>>, Stop> {
    let mut files = BTreeMap::new();
    let folders: Vec<(&str, String)> = compiled
        .model
        .databases
        .iter()
        .map(|database| (database.folder.as_str(), format!("cell/{}", database.name)))
        .collect();
    for (path, bytes) in &compiled.artifacts.files {
        let moved =
            folders.iter().find_map(|(from, to)| Some(format!("{to}/{}", path.strip_prefix(from)?.strip_prefix('/')?)));
        let name = path.strip_prefix("cell/").unwrap_or(path);
        match moved {
            Some(path) => drop(files.insert(path, bytes.clone())),
            None if name.starts_with("manifest.") => drop(files.insert(path.clone(), manifest(bytes)?)),
            // Nodes come and go without a new bundle; times and prices are in the manifest's hash.
            None if name.starts_with("topology.") => {}
            None => drop(files.insert(path.clone(), bytes.clone())),
        }
    }
    let released = compiled.root.join(emit::RELEASED);
    let bytes = std::fs::read(&released).map_err(|error| Mistake::file("read", &released, &error))?;
    files.insert(emit::RELEASED.to_owned(), bytes);
    Ok(files)
}

fn manifest(bytes: &[u8]) -> Result<Vec<u8>, Stop> {
    let text = String::from_utf8_lossy(bytes);
    let bug = |error: &dyn std::fmt::Display| Stop::Bug(format!("the manifest just made cannot be read: {error}"));
    let mut manifest = Manifest::from_json(&text).map_err(|error| bug(&error))?;
    for database in &mut manifest.databases {
        database.folder = format!("cell/{}", database.name);
    }
    Ok(manifest.to_json().map_err(|error| bug(&error))?.into_bytes())
}
