//! A small made-up registry of cargo's, and a database for what is imported from it.

use std::fs;
use std::path::{Path, PathBuf};

use catalog::importer::Importer;
use catalog::registry::Registry;
use cell::prelude::*;
use cell::testing::{self, Fresh};

/// Unpacks a made-up crate as cargo would. Out: its folder.
pub(crate) fn unpack(sources: &Path, name: &str, version: &str, manifest: &str) -> PathBuf {
    let folder = sources.join("registry-0123").join(format!("{name}-{version}"));
    fs::create_dir_all(folder.join("src")).expect("a folder");
    fs::write(folder.join("src/lib.rs"), "//! Made up.\n".repeat(128)).expect("a source");
    let package = format!("[package]\nname = \"{name}\"\nversion = \"{version}\"\n{manifest}");
    fs::write(folder.join("Cargo.toml"), package).expect("a manifest");
    fs::write(folder.join(".cargo-ok"), "").expect("a mark");
    folder
}

/// Sources, and where they are imported to.
pub(crate) struct World {
    pub(crate) sources: tempfile::TempDir,
    pub(crate) registry: Fresh<Registry>,
}

impl World {
    pub(crate) async fn empty() -> Result<Self> {
        Ok(Self { sources: tempfile::tempdir()?, registry: testing::database().await? })
    }

    pub(crate) fn importer(&self) -> Importer {
        Importer::over(self.registry.clone(), self.sources.path())
    }
}
