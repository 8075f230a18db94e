//! Which crates are scanned: the application's binary, and the libraries that it is built with by path.
//! In: the application. Out: the program's packages and crates, each with its root module and the crates it can name.
//! Absent: the runtime and its own dependencies, registries' and git's crates, procedural macros.

use std::collections::BTreeMap;

use cargo_metadata::{Package, PackageId as CargoId, Target, TargetKind};
use cell_syntax::diagnostic::Diagnostic;

use super::application::Application;
use super::cfg::Cfg;
use super::features::Features;
use super::read::place;
use super::sources::Sources;
use super::workspace::{Workspace, is_runtime};
use crate::program::names::{Definition, Scope};
use crate::program::{self, Crate, CrateId, FileId, Module, ModuleId, PackageId, Program};
use crate::resolve::RUNTIME;

/// Where a walk begins.
pub(super) struct Root {
    pub(super) krate: CrateId,
    pub(super) module: ModuleId,
    pub(super) file: FileId,
    pub(super) cfg: Cfg,
}

/// Enters the packages and crates into the program.
pub(super) fn plan(
    workspace: &Workspace,
    application: &Application<'_>,
    program: &mut Program,
    sources: &mut Sources,
) -> Vec<Root> {
    let features = &application.features;
    let packages = reachable(application.package, features);
    let mut libraries: BTreeMap<&CargoId, ModuleId> = BTreeMap::new();
    let mut roots = Vec::new();
    let mut packages_of_crates = Vec::new();
    for package in packages {
        let id = PackageId(program.packages.len());
        let enabled = features.of(&package.id);
        let cfg = workspace.cfg.with_features(&enabled);
        program.packages.push(described(package, enabled));
        let binary = (package.id == application.package.id).then_some(application.target);
        for target in library(package).into_iter().chain(binary) {
            let Some(file) = open(sources, package, target) else { continue };
            let krate = CrateId(program.crates.len());
            let module = ModuleId(program.modules.len());
            let name = target.name.replace('-', "_");
            let binary = target.is_kind(TargetKind::Bin);
            if !binary {
                libraries.insert(&package.id, module);
            } else {
                program.application = Some(krate);
            }
            program.modules.push(Module { krate, parent: None, block: false, path: name.clone(), file });
            program.names.scopes.push(Scope::default());
            program.names.macro_crates.push(Vec::new());
            program.crates.push(Crate { package: id, name, target: target.name.clone(), binary, root: module });
            packages_of_crates.push((package, binary));
            roots.push(Root { krate, module, file, cfg: cfg.clone() });
        }
    }
    for (package, binary) in packages_of_crates {
        let mut externs: BTreeMap<String, Definition> = features
            .crates(&package.id)
            .map(|(name, target)| (name.to_owned(), meaning(target, name, &libraries)))
            .collect();
        if let (true, Some(library), Some(root)) = (binary, library(package), libraries.get(&package.id)) {
            externs.insert(library.name.replace('-', "_"), Definition::Module(*root));
        }
        program.names.externs.push(externs);
    }
    roots
}

/// The application's package and its path dependencies, those of the runtime left out, by name.
fn reachable<'a>(application: &'a Package, features: &Features<'a>) -> Vec<&'a Package> {
    let mut found = BTreeMap::new();
    let mut open = vec![application];
    while let Some(package) = open.pop() {
        if found.insert((package.name.as_str(), &package.id), package).is_none() {
            let dependencies = features.crates(&package.id).map(|(_, package)| package);
            open.extend(
                dependencies
                    .filter(|package| package.source.is_none() && !is_runtime(package) && library(package).is_some()),
            );
        }
    }
    found.into_values().collect()
}

/// A package's library, if it has one that can be linked.
fn library(package: &Package) -> Option<&Target> {
    let kinds = [TargetKind::Lib, TargetKind::RLib, TargetKind::DyLib];
    package.targets.iter().find(|target| kinds.iter().any(|kind| target.is_kind(kind.clone())))
}

fn described(package: &Package, features: Vec<String>) -> program::Package {
    let manifest_path = package.manifest_path.clone().into_std_path_buf();
    program::Package {
        name: package.name.to_string(),
        version: package.version.to_string(),
        root: manifest_path.parent().map(std::path::Path::to_path_buf).unwrap_or_default(),
        manifest_path,
        features,
        cargo_id: package.id.repr.clone(),
    }
}

/// What a crate's name means: a scanned root, or a canonical foreign name.
fn meaning(package: &Package, name: &str, libraries: &BTreeMap<&CargoId, ModuleId>) -> Definition {
    if is_runtime(package) {
        return Definition::External(RUNTIME.to_owned());
    }
    if let Some(root) = libraries.get(&package.id) {
        return Definition::Module(*root);
    }
    let target = package.targets.iter().find(|target| target.is_kind(TargetKind::Lib));
    Definition::External(target.map_or_else(|| name.to_owned(), |target| target.name.replace('-', "_")))
}

fn open(sources: &mut Sources, package: &Package, target: &Target) -> Option<FileId> {
    match sources.open(target.src_path.as_std_path()) {
        Ok(file) => Some(file),
        Err(error) => {
            if let Ok(manifest) = sources.open(package.manifest_path.as_std_path()) {
                let shown = sources.shown(target.src_path.as_std_path());
                let message = format!("the target `{}` has no readable file `{shown}`: {error}", target.name);
                let diagnostic = Diagnostic::new("unreadable-file", place(0, 1), message)
                    .help("create the file, or correct the target's `path`");
                sources.report(manifest, diagnostic);
            }
            None
        }
    }
}
