//! From a Cargo manifest to a [`Program`]: what is declared in the sources of an application and its path dependencies.
//! In: cargo's options. Out: packages, modules, names and declarations, and what is wrong, each with its place.
//! Cargo and rustc are asked first; then [`read`] reads files, [`parse`] parses them and [`candidates`] finds what may concern
//! Cell in them, each apart from the others; [`declare`] makes declarations of it.
//! Absent: whether the declarations fit together; macros' output, which the records in the binary show.

mod application;
mod bodies;
mod candidates;
mod cfg;
mod crates;
mod declare;
mod directory;
mod features;
mod includes;
#[cfg(any(test, feature = "memory"))]
mod memory;
mod parse;
mod queries;
mod read;
mod sources;
mod walk;
mod workspace;

use std::path::PathBuf;

#[cfg(any(test, feature = "memory"))]
pub use memory::from_sources;
pub(crate) use read::place;

use crate::program::{Located, Program};
use candidates::Collector;
#[cfg(any(test, feature = "memory"))]
use cfg::Cfg;
use sources::Sources;
use walk::Walk;
use workspace::Workspace;

/// The codes of the diagnostics that a scan may give, besides those of the attributes' grammar.
pub const CODES: &[&str] = &[
    "ambiguous-module",
    "cyclic-module",
    "module-not-found",
    "no-application",
    "not-utf8",
    "schema-depends-on-cfg",
    "several-applications",
    "syntax-error",
    "unknown-attribute",
    "unreadable-file",
];

/// Which application to scan, and how it is built: cargo's own options.
#[derive(Clone, Debug)]
pub struct Options {
    /// `--manifest-path`: a package's or a workspace's `Cargo.toml`.
    pub manifest_path: PathBuf,
    /// `--package`
    pub package: Option<String>,
    /// `--features`
    pub features: Vec<String>,
    /// `--all-features`
    pub all_features: bool,
    /// `--no-default-features`
    pub no_default_features: bool,
    /// `--target`
    pub target: Option<String>,
    /// `--profile`: `dev`, `release` or one of the workspace's own.
    pub profile: String,
    /// `--locked`
    pub locked: bool,
    /// `--offline`
    pub offline: bool,
    /// `--target-dir`; only the build needs it.
    pub target_dir: Option<PathBuf>,
}

impl Options {
    /// What cargo does for this manifest when nothing else is said.
    #[must_use]
    pub fn new(manifest_path: impl Into<PathBuf>) -> Self {
        Self {
            manifest_path: manifest_path.into(),
            package: None,
            features: Vec::new(),
            all_features: false,
            no_default_features: false,
            target: None,
            profile: "dev".to_owned(),
            locked: false,
            offline: false,
            target_dir: None,
        }
    }
}

/// What a scan gives.
#[derive(Debug)]
pub struct Scanned {
    /// What was found, as far as it could be read.
    pub program: Program,
    /// What is wrong, sorted by place. Where it is not empty, no later stage should run.
    pub diagnostics: Vec<Located>,
}

/// Why nothing could be scanned at all.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// There is no such manifest.
    #[error("there is no manifest at `{}`; name one with `--manifest-path`", .0.display())]
    Manifest(PathBuf),
    /// `cargo metadata` failed; these are its words.
    #[error("cargo cannot read the workspace: {0}")]
    Metadata(String),
    /// `rustc` could not be asked for its `cfg`; these are its words.
    #[error("rustc does not say what it compiles for: {0}")]
    Rustc(String),
}

/// Scans an application.
///
/// # Errors
/// Where cargo or rustc cannot be asked. What is wrong in the sources is among [`Scanned::diagnostics`].
pub fn scan(options: &Options) -> Result<Scanned, ScanError> {
    let workspace = Workspace::load(options)?;
    let mut sources = Sources::new(workspace.metadata.workspace_root.as_std_path());
    let mut program =
        Program { workspace: workspace.metadata.workspace_root.clone().into_std_path_buf(), ..Program::default() };

    if let Some(application) = application::find(&workspace, options, &mut sources) {
        let roots = crates::plan(&workspace, &application, &mut program, &mut sources);
        read_crates(&mut program, &mut sources, &roots);
    }
    Ok(finish(program, sources))
}

/// Walks the crates from their roots, and makes declarations of what is found.
fn read_crates(program: &mut Program, sources: &mut Sources, roots: &[crates::Root]) {
    let collector = Collector { modules: &mut program.modules, names: &mut program.names, candidates: Vec::new() };
    let mut walk = Walk {
        sources,
        collector,
        walked: Default::default(),
        includes: Vec::new(),
        invocations: Vec::new(),
        bodies: Default::default(),
    };
    for root in roots {
        walk.krate(&root.cfg, root.krate, root.module, root.file);
    }
    let (candidates, invocations) = (walk.collector.candidates, walk.invocations);
    program.walked = walk.walked;
    program.includes = walk.includes;
    program.bodies = walk.bodies;
    let items = program.names.scopes.clone();
    crate::resolve::complete(&program.modules, &program.crates, &mut program.names, &items);
    let found = declare::declare(program, candidates);
    crate::resolve::add_inserts(program, items);
    sources.diagnostics.extend(found);
    sources.diagnostics.extend(queries::declare(program, invocations));
}

fn finish(mut program: Program, mut sources: Sources) -> Scanned {
    let diagnostics = sources.sorted_diagnostics();
    program.files = sources.files;
    Scanned { program, diagnostics }
}
