//! The importer: reads the crate sources of a cargo registry, and follows what is added.
//! In: folders `NAME-VERSION` with a `Cargo.toml`. Out: rows. Absent: the network; only what is on this machine is read.

mod manifest;
mod readme;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use cell::prelude::*;

use crate::registry::{Crate, NewDependency, NewKeyword, NewVersion, Readme, Registry};
use manifest::Manifest;

/// Brings the crates on this machine into the registry's tables.
#[service]
pub struct Importer {
    registry: Registry,
    /// The folder of registries; `$CARGO_HOME/registry/src` where it is not said.
    sources: Config<Option<String>>,
}

/// What one pass over the sources did.
#[cell::message]
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Imported {
    /// Versions that were new.
    pub versions: u64,
    /// Folders whose manifest could not be read; the log says why.
    pub unreadable: u64,
}

#[handler]
impl Importer {
    /// Looks for sources that were added since the last pass.
    #[task(every = "10s")]
    async fn follow(&self) -> Result<()> {
        let imported = self.import().await?;
        if imported != Imported::default() {
            tracing::info!(versions = imported.versions, unreadable = imported.unreadable, "imported");
        }
        Ok(())
    }

    /// Imports every version that is not there yet.
    #[http(POST, "/import")]
    #[idempotent]
    pub async fn import(&self) -> Result<Imported> {
        let mut known = self.known().await?;
        let mut imported = Imported::default();
        for folder in package_folders(&self.folder()?)? {
            let label = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            // Most folders were imported long ago: their name alone tells.
            if known.contains(&label) {
                continue;
            }
            match Manifest::read(&folder) {
                Ok(manifest) => {
                    known.insert(label);
                    if self.store(&manifest).await? {
                        imported.versions += 1;
                    }
                }
                Err(error) => {
                    tracing::debug!(folder = %folder.display(), %error, "skipped");
                    imported.unreadable += 1;
                }
            }
        }
        Ok(imported)
    }
}

impl Importer {
    /// An importer made by hand, as a test does: over this database, from this folder of registries.
    #[must_use]
    pub fn over(registry: Registry, sources: &Path) -> Self {
        Self { registry, sources: Config::new(Some(sources.display().to_string())) }
    }

    fn folder(&self) -> Result<PathBuf> {
        if let Some(folder) = self.sources.as_deref() {
            return Ok(folder.into());
        }
        let cargo_home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
        let cargo_home = cargo_home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
        match cargo_home {
            Some(home) => Ok(home.join("registry").join("src")),
            None => {
                Err(Error::message("no cargo home was found: set `IMPORTER_SOURCES` to the folder with the sources"))
            }
        }
    }

    /// The versions that are there already, as their folders are called; not those of crates that an earlier release imported
    /// without their readmes.
    async fn known(&self) -> Result<BTreeSet<String>> {
        let readmes = self.registry.readmes.select(|r| r.package).all().await?;
        let readmes: BTreeSet<String> = readmes.into_iter().collect();
        let versions = self.registry.versions.select(|v| (v.crate_name, v.number)).all().await?;
        let whole = versions.into_iter().filter(|(name, _)| readmes.contains(name));
        Ok(whole.map(|(name, number)| format!("{name}-{number}")).collect())
    }

    /// One version with all that belongs to it, or nothing of it. Out: whether it is new.
    async fn store(&self, manifest: &Manifest) -> Result<bool> {
        let readme = Readme { package: manifest.name.clone(), text: manifest.readme.clone() };
        self.registry
            .transaction(async |tx| {
                let same = tx.versions.filter(|v| v.crate_name.eq(&manifest.name) & v.number.eq(&manifest.version));
                // The task and a caller may both be importing.
                if same.exists().await? {
                    tx.readmes.upsert(&readme).await?;
                    return Ok(false);
                }
                let previous = tx.crates.get(&manifest.name).await?;
                let seen_at = previous.map_or_else(Utc::now, |previous| previous.seen_at);
                tx.crates
                    .upsert(&Crate {
                        name: manifest.name.clone(),
                        description: manifest.description.clone().unwrap_or_default(),
                        license: manifest.license.clone(),
                        source_url: manifest.repository.clone(),
                        seen_at,
                    })
                    .await?;
                tx.readmes.upsert(&readme).await?;
                let version = tx
                    .versions
                    .insert(NewVersion {
                        crate_name: manifest.name.clone(),
                        number: manifest.version.clone(),
                        edition: Some(manifest.edition),
                        rust_version: manifest.rust_version.clone(),
                        size_kib: manifest.size_kib,
                        imported_at: None,
                    })
                    .await?;
                tx.dependencies
                    .insert_many(manifest.dependencies.iter().map(|dependency| NewDependency {
                        version_id: version.id,
                        name: dependency.name.clone(),
                        requirement: dependency.requirement.clone(),
                        kind: dependency.kind,
                        optional: dependency.optional,
                    }))
                    .await?;
                tx.keywords.filter(|keyword| keyword.crate_name.eq(&manifest.name)).delete().await?;
                tx.keywords
                    .insert_many(
                        manifest
                            .keywords
                            .iter()
                            .map(|word| NewKeyword { crate_name: manifest.name.clone(), word: word.clone() }),
                    )
                    .await?;
                Ok(true)
            })
            .await
    }
}

/// The folders of packages below a folder of registries, ordered by name.
fn package_folders(sources: &Path) -> Result<Vec<PathBuf>> {
    let mut packages = Vec::new();
    if !sources.exists() {
        return Err(Error::message(format!(
            "there is no folder `{}`: build something with cargo first, or set `IMPORTER_SOURCES`",
            sources.display()
        )));
    }
    for registry in sources.read_dir()? {
        let registry = registry?.path();
        if !registry.is_dir() {
            continue;
        }
        for package in registry.read_dir()? {
            let package = package?.path();
            // cargo marks a source that it unpacked whole.
            if package.join(".cargo-ok").exists() {
                packages.push(package);
            }
        }
    }
    packages.sort();
    Ok(packages)
}
