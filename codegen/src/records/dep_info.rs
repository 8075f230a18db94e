//! Compares the files that rustc read with those that were walked. In: rustc's dep-info. Out: files in one of them only.
//! A file that an `include!` names, and one under a `cfg` that a build script may set, is a note: should it declare
//! anything, the records say so. Any other difference is an error.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cell_syntax::diagnostic::Diagnostic;

use super::{BuiltCrate, ReadError};
use crate::program::{FileId, Include, Located, Program, Walked};
use crate::scan::place;

/// What differs.
#[derive(Debug, Default)]
pub struct Differences {
    /// What must be put right.
    pub errors: Vec<Located>,
    /// What is worth knowing.
    pub notes: Vec<Located>,
}

/// Compares the files of all crates.
///
/// # Errors
/// Where a dep-info file cannot be read.
pub fn compare_files(program: &Program, crates: &[BuiltCrate]) -> Result<Differences, ReadError> {
    let mut read: BTreeMap<PathBuf, &BuiltCrate> = BTreeMap::new();
    for built in crates {
        let text = std::fs::read(&built.dep_info)
            .map_err(|source| ReadError::File { path: built.dep_info.clone(), source })?;
        for dependency in parse(&String::from_utf8_lossy(&text)) {
            let path = program.workspace().join(dependency);
            if path.extension().is_some_and(|extension| extension == "rs") {
                read.entry(path.canonicalize().unwrap_or(path)).or_insert(built);
            }
        }
    }
    let mut differences = Differences::default();
    let walked: BTreeMap<&Path, (FileId, Walked)> =
        program.walked.iter().map(|(id, how)| (program.file(*id).path.as_path(), (*id, *how))).collect();
    for (path, built) in &read {
        match walked.get(path.as_path()) {
            Some((_, Walked::Always | Walked::Conditional)) => {}
            Some((file, Walked::Absent)) => {
                let message = "rustc compiles this file, under a `cfg` that the scan takes for false";
                differences.notes.push(note(*file, message));
            }
            None => unwalked(program, path, built, &mut differences),
        }
    }
    // Without the dep-info of every crate, a file may have been read by one of the others.
    let complete = program.crates().all(|(id, _)| crates.iter().any(|built| built.krate == id));
    for (path, (file, how)) in &walked {
        if !complete || read.contains_key(*path) {
            continue;
        }
        match how {
            Walked::Absent => {}
            Walked::Conditional => {
                let message = "rustc does not compile this file, under a `cfg` that the scan takes for true";
                differences.notes.push(note(*file, message));
            }
            Walked::Always => {
                let message = format!("a `mod` names `{}`, but rustc does not compile it", program.file(*file).name);
                let diagnostic = Diagnostic::new("unread-file", place(0, 1), message)
                    .help("build again; if this stays, a macro takes the `mod` away: write it outside of the macro");
                differences.errors.push(Located::new(*file, diagnostic));
            }
        }
    }
    Ok(differences)
}

fn note(file: FileId, message: &str) -> Located {
    let help = "a build script may set it; its declarations are compared by their records";
    Located::new(file, Diagnostic::new("unwalked-file", place(0, 1), message).help(help))
}

/// A file that rustc read and no `mod` names.
fn unwalked(program: &Program, path: &Path, built: &BuiltCrate, differences: &mut Differences) {
    let workspace = program.workspace().canonicalize().unwrap_or_else(|_| program.workspace().to_path_buf());
    let shown = path.strip_prefix(&workspace).unwrap_or(path).display().to_string().replace('\\', "/");
    let named = |include: &&Include| match &include.path {
        Some(literal) => {
            let folder = program.file(include.file).path.parent().unwrap_or(Path::new(""));
            folder.join(literal).canonicalize().is_ok_and(|included| included == path)
        }
        None => false,
    };
    // A path made by `concat!` and `env!` may be that of any file, most often of a generated one.
    let computed = |include: &&Include| include.path.is_none();
    match program.includes.iter().find(named).or_else(|| program.includes.iter().find(computed)) {
        Some(include) if include.code => {
            let message = format!("`{shown}` is included here; what it declares is not scanned");
            let help = "write tables, cells and messages in modules; their records are compared";
            let diagnostic = Diagnostic::new("unwalked-file", include.span, message).help(help);
            differences.notes.push(Located::new(include.file, diagnostic));
        }
        // Its text is data.
        Some(_) => {}
        None => {
            let root = program.module(program.krate(built.krate).root).file;
            let message = format!("rustc compiles `{shown}`, but no `mod` of this crate names it");
            let diagnostic = Diagnostic::new("unwalked-file", place(0, 1), message)
                .help("write the `mod` outside of the macro that makes it, so that its declarations can be seen");
            differences.errors.push(Located::new(root, diagnostic));
        }
    }
}

/// The files that a dep-info file names: those behind each `target:`, a space in a name escaped by a backslash.
pub(crate) fn parse(text: &str) -> BTreeSet<String> {
    let mut files = BTreeSet::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some((_, dependencies)) = line.split_once(": ") else { continue };
        let mut words = dependencies.split_whitespace();
        while let Some(word) = words.next() {
            let mut file = word.to_owned();
            while let Some(escaped) = file.strip_suffix('\\') {
                file = format!("{escaped} {}", words.next().unwrap_or_default());
            }
            files.insert(file);
        }
    }
    files
}

#[cfg(test)]
mod tests {
    #[test]
    fn files_are_read_with_escaped_spaces_and_without_comments() {
        let text = "target/a.d: src/main.rs src/with\\ two\\ spaces.rs\n\ntarget/a: src/main.rs src/other.rs\n\n\
                    src/main.rs:\nsrc/other.rs:\n\n# env-dep:HOME: x\n# checksum:blake3=0 file_len:1 src/main.rs\n";
        let files: Vec<String> = super::parse(text).into_iter().collect();
        assert_eq!(files, ["src/main.rs", "src/other.rs", "src/with two spaces.rs"]);
    }
}
