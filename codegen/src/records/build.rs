//! Runs `cargo build` for the application. In: the options that were scanned with. Out: the executable, and rustc's dep-info
//! of each scanned crate. Absent: what cargo and rustc print, which goes to the caller as it comes.

use std::collections::BTreeMap;
use std::io::{BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cargo_metadata::{Artifact, Message, TargetKind};

use super::Reproducible;
use crate::program::{CrateId, Program};
use crate::scan::Options;

/// What a build made.
#[derive(Clone, Debug)]
pub struct BuildOutcome {
    /// The application.
    pub executable: PathBuf,
    /// The scanned crates whose dep-info was found.
    pub crates: Vec<BuiltCrate>,
}

/// A scanned crate as it was built.
#[derive(Clone, Debug)]
pub struct BuiltCrate {
    /// The crate.
    pub krate: CrateId,
    /// Where rustc listed the files that it read.
    pub dep_info: PathBuf,
}

/// Why there is no build.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The scan found no application.
    #[error("there is no application to build")]
    NoApplication,
    /// Cargo could not be run.
    #[error("cargo cannot be run: {0}")]
    Cargo(#[source] std::io::Error),
    /// Cargo's messages could not be read.
    #[error("cargo's messages cannot be read: {0}")]
    Messages(#[source] std::io::Error),
    /// Cargo or rustc refused; they said why.
    #[error("`cargo build` failed")]
    Failed {
        /// Cargo's exit code; `None` where a signal ended it.
        code: Option<i32>,
    },
    /// Cargo built, but named no executable.
    #[error("cargo built no executable for the binary `{0}`")]
    NoExecutable(String),
}

/// How an application is built.
#[derive(Clone, Copy, Debug)]
pub enum How<'a> {
    /// As cargo does, with more in the environment: what its macros are to know. Such variables of others are taken away.
    Usual(&'a BTreeMap<String, String>),
    /// So that the program is the same from every checkout. What macros know of `sql!` depends on the engines that are at hand.
    Reproducible(&'a Reproducible),
}

/// What the names of variables begin with that macros read.
const LEARNT: &str = "CELL_SQL_";

/// Builds the application. `stderr` gets what cargo and rustc print, as it comes; `color`
/// says whether that has colours.
///
/// # Errors
/// Where the build fails, or cargo cannot be run.
pub fn build(
    program: &Program,
    options: &Options,
    how: &How<'_>,
    color: bool,
    stderr: &mut dyn FnMut(&[u8]),
) -> Result<BuildOutcome, BuildError> {
    let application = program.application().ok_or(BuildError::NoApplication)?;
    let target = program.krate(application).target.clone();
    let mut command = command(program, options, &target, color);
    match how {
        How::Reproducible(plan) => plan.apply(&mut command),
        How::Usual(learnt) => {
            command.envs(*learnt);
            if let Some(folder) = &options.target_dir {
                command.arg("--target-dir").arg(folder);
            }
        }
    }
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(BuildError::Cargo)?;
    let stdout = child.stdout.take();
    let mut errors = child.stderr.take();
    // Both pipes are emptied at once: cargo stops when one is full.
    let messages = std::thread::scope(|scope| {
        let reader = scope.spawn(move || -> std::io::Result<Vec<Message>> {
            match stdout {
                Some(stdout) => Message::parse_stream(BufReader::new(stdout)).collect(),
                None => Ok(Vec::new()),
            }
        });
        let mut chunk = [0; 4096];
        while let Some(pipe) = &mut errors {
            match pipe.read(&mut chunk) {
                Ok(0) => break,
                Ok(length) => stderr(chunk.get(..length).unwrap_or_default()),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        reader.join().unwrap_or_else(|_| Err(std::io::Error::other("the reader ended early")))
    });
    let status = child.wait().map_err(BuildError::Cargo)?;
    if !status.success() {
        return Err(BuildError::Failed { code: status.code() });
    }
    let artifacts: Vec<Artifact> = messages
        .map_err(BuildError::Messages)?
        .into_iter()
        .filter_map(|message| if let Message::CompilerArtifact(artifact) = message { Some(artifact) } else { None })
        .collect();
    outcome(program, application, &artifacts).ok_or(BuildError::NoExecutable(target))
}

fn command(program: &Program, options: &Options, target: &str, color: bool) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        // What cargo says about a package to a program that it runs: a build script that watches one of these would run again,
        // and much be compiled again, whenever a build by `cargo cell` follows one by cargo itself.
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") || name.starts_with(LEARNT) {
            command.env_remove(&*name);
        }
    }
    command.args(["build", "--message-format", "json-render-diagnostics", "--bin", target]);
    command.args(["--color", if color { "always" } else { "never" }]);
    command.args(["--profile", &options.profile]);
    // The application's own manifest, so that features are its features.
    let manifest = program.application_package().map_or(&options.manifest_path, |package| &package.manifest_path);
    command.arg("--manifest-path").arg(manifest);
    if !options.features.is_empty() {
        command.args(["--features", &options.features.join(",")]);
    }
    if let Some(target) = &options.target {
        command.args(["--target", target]);
    }
    let flags = [
        (options.all_features, "--all-features"),
        (options.no_default_features, "--no-default-features"),
        (options.locked, "--locked"),
        (options.offline, "--offline"),
    ];
    command.args(flags.iter().filter(|(set, _)| *set).map(|(_, flag)| flag));
    command
}

fn outcome(program: &Program, application: CrateId, artifacts: &[Artifact]) -> Option<BuildOutcome> {
    let of = |id: CrateId| {
        let krate = program.krate(id);
        let package = program.package(krate.package);
        artifacts.iter().filter(move |artifact| {
            artifact.package_id.repr == package.cargo_id
                && artifact.target.name == krate.target
                && artifact.target.is_kind(TargetKind::Bin) == krate.binary
        })
    };
    let executable = of(application).find_map(|artifact| artifact.executable.clone())?.into_std_path_buf();
    let mut crates = Vec::new();
    for (id, krate) in program.crates().filter(|(_, krate)| !krate.binary) {
        let dep_info = of(id).flat_map(|artifact| &artifact.filenames).find_map(|file| {
            // `libname-hash.rmeta` beside `name-hash.d`.
            let stem = file.file_stem()?;
            let stem = stem.strip_prefix("lib").filter(|stem| stem.starts_with(&krate.name)).unwrap_or(stem);
            let dep_info = file.parent()?.join(format!("{stem}.d")).into_std_path_buf();
            (stem != krate.name && dep_info.is_file()).then_some(dep_info)
        });
        crates.extend(dep_info.map(|dep_info| BuiltCrate { krate: id, dep_info }));
    }
    let folders: Vec<PathBuf> = std::iter::once(executable.parent().map(|folder| folder.join("deps")))
        .chain(crates.iter().map(|built| built.dep_info.parent().map(Path::to_path_buf)))
        .flatten()
        .collect();
    let name = &program.krate(application).name;
    if let Some(dep_info) = folders.iter().find_map(|folder| dep_info_of(&executable, name, folder)) {
        crates.push(BuiltCrate { krate: application, dep_info });
    }
    Some(BuildOutcome { executable, crates })
}

/// The dep-info of an executable. Cargo names the executable without the hash that its dep-info has, and leaves those of
/// earlier builds beside it; ours belongs to the file that is the same.
fn dep_info_of(executable: &Path, name: &str, folder: &Path) -> Option<PathBuf> {
    let content = std::fs::read(executable).ok()?;
    let prefix = format!("{name}-");
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .ok()?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "d"))
        .filter(|path| path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(&prefix)))
        .filter(|path| {
            let same = |built: PathBuf| {
                std::fs::metadata(&built).is_ok_and(|metadata| metadata.len() == content.len() as u64)
                    && std::fs::read(&built).is_ok_and(|built| built == content)
            };
            same(path.with_extension("")) || same(path.with_extension(std::env::consts::EXE_EXTENSION))
        })
        .collect();
    found.sort();
    found.pop()
}
