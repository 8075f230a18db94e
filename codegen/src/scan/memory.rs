//! A program from texts, for the tests of every later stage: one binary crate, without cargo and without rustc.
//! The feature `memory` gives it to other packages' tests.

use std::collections::BTreeMap;

use super::crates::Root;
use super::{Cfg, Scanned, Sources, finish, read_crates};
use crate::program::names::{Definition, Scope};
use crate::program::{Crate, CrateId, Module, ModuleId, Package, PackageId, Program};

/// Crates that every source of a test may name.
const EXTERNS: [&str; 5] = ["cell", "chrono", "rust_decimal", "serde_json", "uuid"];

/// Scans texts by their paths; the first is the root of the crate `app`.
///
/// # Panics
/// Where no temporary folder can be written.
#[must_use]
pub fn from_sources(files: &[(&str, &str)]) -> Scanned {
    let folder = tempfile::tempdir().expect("a folder for the sources");
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a path below the folder")).expect("a folder for the source");
        std::fs::write(path, text).expect("a source");
    }
    let mut sources = Sources::new(folder.path());
    let file = sources.open(&folder.path().join(files[0].0)).expect("the root");
    let mut program = Program { workspace: folder.path().to_path_buf(), ..Program::default() };
    program.packages.push(Package {
        name: "app".to_owned(),
        version: "0.1.0".to_owned(),
        manifest_path: folder.path().join("Cargo.toml"),
        root: folder.path().to_path_buf(),
        features: Vec::new(),
        cargo_id: "app".to_owned(),
    });
    let (krate, module) = (CrateId(0), ModuleId(0));
    program.application = Some(krate);
    program.modules.push(Module { krate, parent: None, block: false, path: "app".to_owned(), file });
    let (name, target) = ("app".to_owned(), "app".to_owned());
    program.crates.push(Crate { package: PackageId(0), name, target, binary: true, root: module });
    program.names.scopes.push(Scope::default());
    program.names.macro_crates.push(Vec::new());
    let externs = EXTERNS.map(|name| (name.to_owned(), Definition::External(name.to_owned())));
    program.names.externs.push(BTreeMap::from(externs));
    read_crates(&mut program, &mut sources, &[Root { krate, module, file, cfg: Cfg::default() }]);
    finish(program, sources)
}
