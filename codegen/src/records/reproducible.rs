//! A build whose program is the same from every checkout and on every machine: no path of this one goes into it.
//! In: cargo's metadata, rustc, the environment. Out: what `cargo build` is told besides, and the paths that got in anyway.
//!
//! A wrapper around rustc adds `--remap-path-prefix`, so that flags of the user's own stay in force, and cargo, which hashes the
//! flags that it knows of, names and keeps what it built by none of these paths. It also keeps no record of them: a target
//! folder of its own holds these builds apart from all others.

use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::MetadataCommand;

use crate::scan::Options;

/// The environment variable that makes the command a wrapper around rustc: the flags to add, separated by [`SEPARATOR`].
pub const WRAPPER_FLAGS: &str = "CELL_RUSTC_WRAPPER";
/// The environment variable that holds the user's own wrapper, which is run by ours.
pub const WRAPPED: &str = "CELL_RUSTC_WRAPPED";
/// What separates flags; cargo separates them by it, too.
pub const SEPARATOR: char = '\u{1f}';

/// The folder in the target folder.
const FOLDER: &str = "cell-release";
/// How many paths are told of.
const MAX_TOLD: usize = 5;
/// How much of a path is told.
const MAX_LENGTH: usize = 160;

/// What makes a build reproducible.
#[derive(Clone, Debug)]
pub struct Reproducible {
    /// The target folder.
    pub target_dir: PathBuf,
    /// The program that adds the flags.
    pub wrapper: PathBuf,
    /// The folders of this machine and what stands for each, the shortest first: rustc takes the last that fits.
    remaps: Vec<(String, String)>,
    /// Of these, the folders that compilers of C are told of.
    in_c: Vec<(String, String)>,
}

impl Reproducible {
    /// What the build of an application needs. `wrapper` is a program that adds [`WRAPPER_FLAGS`] to rustc's.
    ///
    /// # Errors
    /// Cargo or rustc cannot be asked.
    pub fn plan(manifest: &Path, options: &Options, wrapper: PathBuf) -> Result<Self, String> {
        let mut command = MetadataCommand::new();
        command.manifest_path(manifest);
        let flags = [(options.locked, "--locked"), (options.offline, "--offline")];
        command.other_options(
            flags.iter().filter(|(set, _)| *set).map(|(_, flag)| (*flag).to_owned()).collect::<Vec<_>>(),
        );
        let metadata = command.exec().map_err(|error| error.to_string())?;
        let base = options.target_dir.clone().unwrap_or_else(|| metadata.target_directory.clone().into_std_path_buf());
        let target_dir = base.join(FOLDER);

        let workspace = (metadata.workspace_root.clone().into_std_path_buf(), "/workspace".to_owned());
        let mut folders = vec![(target_dir.clone(), "/target".to_owned())];
        folders.extend(cargo_home().map(|home| (home, "/cargo".to_owned())));
        // Build scripts watch the flags for C: with the checkout's path in them, checkouts that share a target folder would
        // compile each other's C again and again.
        let own = target_dir.starts_with(&workspace.0).then(|| workspace.clone());
        let in_c = remaps(folders.iter().cloned().chain(own).collect());
        folders.push(workspace);
        for package in metadata.packages.iter().filter(|package| package.source.is_none()) {
            let folder = package.manifest_path.parent().filter(|folder| !folder.starts_with(&metadata.workspace_root));
            folders.extend(folder.map(|folder| (folder.into(), format!("/local/{}", package.name))));
        }
        folders.extend(standard_library()?);
        Ok(Self { target_dir, wrapper, remaps: remaps(folders), in_c })
    }

    /// Tells cargo.
    pub(super) fn apply(&self, command: &mut Command) {
        let flags: Vec<String> =
            self.remaps.iter().map(|(folder, name)| format!("--remap-path-prefix={folder}={name}")).collect();
        command.env(WRAPPER_FLAGS, flags.join(&SEPARATOR.to_string()));
        let own = ["RUSTC_WRAPPER", "CARGO_BUILD_RUSTC_WRAPPER"].iter().find_map(std::env::var_os);
        match own.filter(|own| !own.is_empty()) {
            Some(own) => command.env(WRAPPED, own),
            None => command.env_remove(WRAPPED),
        };
        command.env("RUSTC_WRAPPER", &self.wrapper).env_remove("CARGO_BUILD_RUSTC_WRAPPER");
        // What is compiled in parts depends on what was compiled before.
        command.env("CARGO_INCREMENTAL", "0");
        if std::env::var_os("SOURCE_DATE_EPOCH").is_none() {
            command.env("SOURCE_DATE_EPOCH", "0");
        }
        if cfg!(not(windows)) {
            for variable in ["CFLAGS", "CXXFLAGS"] {
                command.env(variable, self.c_flags(&std::env::var(variable).unwrap_or_default()));
            }
        }
        command.arg("--target-dir").arg(&self.target_dir);
    }

    /// The flags for C that build scripts find, after the user's own.
    fn c_flags(&self, own: &str) -> String {
        let mut flags = own.trim().to_owned();
        // Spaces separate these flags, and nothing quotes them.
        let plain = |folder: &str| folder.bytes().all(|byte| byte.is_ascii_graphic() && !b"'\"\\$`".contains(&byte));
        for (folder, name) in self.in_c.iter().filter(|(folder, _)| plain(folder)) {
            if !flags.is_empty() {
                flags.push(' ');
            }
            flags.push_str(&format!("-ffile-prefix-map={folder}={name}"));
        }
        flags
    }

    /// The paths of this machine that a program holds: from code that keeps a path as text, as `env!("OUT_DIR")` does. A few
    /// of them, each once, in order.
    ///
    /// # Errors
    /// The program cannot be read.
    pub fn machine_paths(&self, executable: &Path) -> std::io::Result<Vec<String>> {
        let content = std::fs::read(executable)?;
        let mut found = Vec::new();
        for (at, _) in content.iter().enumerate().filter(|(_, byte)| matches!(byte, b'/' | b':')) {
            // `C:\…` begins a letter before its colon.
            let at = if content.get(at) == Some(&b':') { at.saturating_sub(1) } else { at };
            let rest = content.get(at..).unwrap_or_default();
            let begins = |folder: &str| {
                let end = rest.strip_prefix(folder.as_bytes()).map(|after| after.first().copied());
                end.is_some_and(|next| matches!(next, None | Some(0 | b'/' | b'\\')))
            };
            if self.remaps.iter().any(|(folder, _)| begins(folder)) {
                let path = rest.iter().take(MAX_LENGTH).take_while(|byte| byte.is_ascii_graphic());
                let path: String = path.map(|byte| char::from(*byte)).collect();
                if !found.contains(&path) {
                    found.push(path);
                }
                if found.len() == MAX_TOLD {
                    break;
                }
            }
        }
        found.sort();
        Ok(found)
    }
}

/// The shortest folder first, and a folder that is reached through a link by both its names.
fn remaps(folders: Vec<(PathBuf, String)>) -> Vec<(String, String)> {
    let mut remaps: Vec<(String, String)> = Vec::new();
    for (folder, name) in folders {
        for folder in [folder.canonicalize().ok(), Some(folder)].into_iter().flatten() {
            // A name that is not Unicode cannot be told here; what of it gets into the program is found there.
            if let Some(folder) = folder.to_str().filter(|folder| !folder.contains(SEPARATOR)) {
                remaps.push((folder.to_owned(), name.clone()));
            }
        }
    }
    remaps.sort_by(|left, right| (left.0.len(), left).cmp(&(right.0.len(), right)));
    remaps.dedup();
    remaps
}

fn cargo_home() -> Option<PathBuf> {
    let said = std::env::var_os("CARGO_HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    said.or_else(|| Some(std::env::home_dir()?.join(".cargo")))
}

/// Where the standard library's sources are, if they are installed: rustc then shows them by this path, and otherwise by the
/// name that they were built with.
fn standard_library() -> Result<Option<(PathBuf, String)>, String> {
    let rustc = |arguments: &[&str]| {
        let mut command = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
        let output = command.args(arguments).output().map_err(|error| format!("rustc cannot be run: {error}"))?;
        Ok::<_, String>(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let version = rustc(&["-vV"])?;
    let Some(hash) = version.lines().find_map(|line| line.strip_prefix("commit-hash: ")) else { return Ok(None) };
    let sources = Path::new(&rustc(&["--print", "sysroot"])?).join("lib/rustlib/src/rust");
    Ok(Some((sources, format!("/rustc/{hash}"))))
}

#[cfg(test)]
mod tests {
    use super::{Reproducible, remaps};

    fn plan(folders: &[(&str, &str)]) -> Reproducible {
        let folders = folders.iter().map(|(folder, name)| ((*folder).into(), (*name).to_owned())).collect();
        let remaps = remaps(folders);
        Reproducible { target_dir: "/t".into(), wrapper: "/w".into(), in_c: remaps.clone(), remaps }
    }

    #[test]
    fn a_folder_in_another_comes_after_it() {
        let plan = plan(&[("/no/where/deep", "/deep"), ("/no", "/no"), ("/no/where", "/where")]);
        let names: Vec<&str> = plan.remaps.iter().map(|(_, name)| name.as_str()).collect();
        assert_eq!(names, ["/no", "/where", "/deep"]);
    }

    #[test]
    fn flags_for_c_follow_the_users_own() {
        let plan = plan(&[("/no/where", "/where"), ("/a place", "/place")]);
        assert_eq!(plan.c_flags(" -O1 "), "-O1 -ffile-prefix-map=/no/where=/where");
        assert_eq!(plan.c_flags(""), "-ffile-prefix-map=/no/where=/where");
    }

    #[test]
    fn paths_of_the_machine_are_found_and_told_once() -> std::io::Result<()> {
        let plan = plan(&[("/no/where", "/where"), ("C:\\work", "/work")]);
        let folder = tempfile::tempdir()?;
        let program = folder.path().join("program");
        std::fs::write(
            &program,
            b"\x7fELF/no/where\0/no/wherever/x /no/where/src/a.rs\0\xff/no/where/src/a.rs\0/C:\\work\\b.rs\n",
        )?;
        assert_eq!(plan.machine_paths(&program)?, ["/no/where", "/no/where/src/a.rs", "C:\\work\\b.rs"]);
        std::fs::write(&program, b"/where/src/a.rs /no/wher")?;
        assert_eq!(plan.machine_paths(&program)?, [""; 0]);
        Ok(())
    }
}
