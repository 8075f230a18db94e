//! One package's `Cargo.toml`, its readme and the size of its sources. The manifest is a stranger's: every part is checked.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use cell::prelude::*;
use serde::Deserialize;

use super::readme;
use crate::registry::{DependencyKind, Edition};

/// More than any real manifest has.
const MAX_BYTES: u64 = 4 << 20;

/// What the catalogue keeps of a package.
#[derive(Debug)]
pub(super) struct Manifest {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) edition: Edition,
    pub(super) rust_version: Option<String>,
    pub(super) description: Option<String>,
    pub(super) license: Option<String>,
    pub(super) repository: Option<String>,
    pub(super) keywords: BTreeSet<String>,
    pub(super) dependencies: Vec<Dependency>,
    pub(super) size_kib: Decimal,
    pub(super) readme: String,
}

#[derive(Debug)]
pub(super) struct Dependency {
    pub(super) name: String,
    pub(super) requirement: String,
    pub(super) kind: DependencyKind,
    pub(super) optional: bool,
}

impl Manifest {
    pub(super) fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("Cargo.toml");
        if fs::metadata(&path)?.len() > MAX_BYTES {
            return Err(Error::message("the manifest is larger than 4 MiB"));
        }
        let file: File = toml::from_str(&fs::read_to_string(&path)?)?;
        let package = file.package;
        let readme = readme::read(folder, package.readme.as_ref());
        let mut dependencies = Vec::new();
        collect(file.dependencies, DependencyKind::Normal, &mut dependencies);
        collect(file.build_dependencies, DependencyKind::Build, &mut dependencies);
        collect(file.dev_dependencies, DependencyKind::Dev, &mut dependencies);
        for target in file.target.into_values() {
            collect(target.dependencies, DependencyKind::Normal, &mut dependencies);
        }
        Ok(Self {
            name: package.name,
            version: package.version,
            edition: edition(package.edition.as_deref()),
            rust_version: package.rust_version,
            description: package.description.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ")),
            license: package.license,
            repository: package.repository,
            keywords: package.keywords.into_iter().collect(),
            dependencies,
            // Thousandths of a KiB, from whole bytes: exact enough, and no float in between.
            size_kib: Decimal::new(i64::try_from(rust_bytes(folder)?.saturating_mul(1000) / 1024)?, 3),
            readme,
        })
    }
}

/// The parts of `Cargo.toml` that are read. cargo writes published manifests in this normal form.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct File {
    package: Package,
    #[serde(default)]
    dependencies: BTreeMap<String, Entry>,
    #[serde(default)]
    build_dependencies: BTreeMap<String, Entry>,
    #[serde(default)]
    dev_dependencies: BTreeMap<String, Entry>,
    #[serde(default)]
    target: BTreeMap<String, Target>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Package {
    name: String,
    version: String,
    edition: Option<String>,
    rust_version: Option<String>,
    description: Option<String>,
    license: Option<String>,
    repository: Option<String>,
    #[serde(default)]
    keywords: Vec<String>,
    readme: Option<readme::Said>,
}

#[derive(Deserialize)]
struct Target {
    #[serde(default)]
    dependencies: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Requirement(String),
    Table {
        version: Option<String>,
        package: Option<String>,
        #[serde(default)]
        optional: bool,
    },
}

fn collect(entries: BTreeMap<String, Entry>, kind: DependencyKind, dependencies: &mut Vec<Dependency>) {
    dependencies.extend(entries.into_iter().map(|(key, entry)| match entry {
        Entry::Requirement(requirement) => Dependency { name: key, requirement, kind, optional: false },
        Entry::Table { version, package, optional } => Dependency {
            name: package.unwrap_or(key),
            requirement: version.unwrap_or_else(|| "*".to_owned()),
            kind,
            optional,
        },
    }));
}

fn edition(text: Option<&str>) -> Edition {
    match text {
        Some("2018") => Edition::E2018,
        Some("2021") => Edition::E2021,
        Some("2024") => Edition::E2024,
        _ => Edition::E2015,
    }
}

/// The bytes of the Rust sources below a folder. Links are not followed.
fn rust_bytes(folder: &Path) -> Result<u64> {
    let mut bytes: u64 = 0;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir()? {
            let entry = entry?;
            let kind = entry.file_type()?;
            let path = entry.path();
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() && path.extension().is_some_and(|extension| extension == "rs") {
                bytes = bytes.saturating_add(entry.metadata()?.len());
            }
        }
    }
    Ok(bytes)
}
