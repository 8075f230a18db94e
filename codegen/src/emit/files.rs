//! The files under `cell/`: read before, compared, written after. The only place of the compiler that writes files.
//!
//! [`write()`] changes everything or nothing: first every new text is written and synced beside its place, then each is renamed
//! into it. Where a rename or a removal fails, what was done is undone from memory. What no program can promise is that power
//! never fails between two renames: then `cargo cell build` says which file does not fit, and git has the ones before.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::{Artifacts, RELEASED, caches, indexes};
use crate::model::Model;
use crate::topology;

/// The folder of all that is emitted, relative to the application's.
const CELL: &str = "cell";

/// Deeper than any history's folders; a link that leads back to itself ends here.
const MAX_DEPTH: usize = 8;

/// The files that are there, by their path relative to the application's folder, with `/`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Previous {
    files: BTreeMap<String, Vec<u8>>,
}

/// A file that cannot be read or written.
#[derive(Debug)]
pub struct FileError {
    /// Its path, relative to the application's folder.
    pub path: String,
    /// What was tried: `read` or `written`.
    pub tried: &'static str,
    /// What the system says.
    pub error: io::Error,
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` cannot be {}: {}", self.path, self.tried, self.error)
    }
}

impl std::error::Error for FileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

/// A file that is not as it would be emitted now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outdated {
    /// Its path, relative to the application's folder.
    pub path: String,
    /// What differs.
    pub difference: Difference,
}

/// How a file differs from what would be emitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// It is not there.
    Missing,
    /// It is there, and would be no more.
    Unneeded,
    /// It differs, first in this line.
    Line(usize),
}

impl fmt::Display for Outdated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.difference {
            Difference::Missing => write!(f, "`{}` is missing", self.path),
            Difference::Unneeded => write!(f, "`{}` is no longer needed", self.path),
            Difference::Line(line) => write!(f, "`{}` differs from line {line} on", self.path),
        }
    }
}

impl Previous {
    /// Files that are given, not read.
    #[must_use]
    pub fn new(files: BTreeMap<String, Vec<u8>>) -> Self {
        Self { files }
    }

    /// A file.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path).map(Vec::as_slice)
    }

    /// The files in a folder and below, by their path relative to it.
    pub fn under<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        self.files
            .iter()
            .filter_map(move |(path, bytes)| Some((path.strip_prefix(folder)?.strip_prefix('/')?, bytes.as_slice())))
    }
}

/// Reads the topologies that are there, by their paths: they are needed before there is a model. `root` is the
/// application's folder.
///
/// # Errors
/// A file that is there but cannot be read.
pub fn topologies(root: &Path) -> Result<BTreeMap<String, Vec<u8>>, FileError> {
    in_folder(root, CELL, topology::is_topology)
}

/// Reads what is there for a model. `root` is the application's folder.
///
/// # Errors
/// A file that is there but cannot be read.
pub fn read(root: &Path, model: &Model) -> Result<Previous, FileError> {
    let mut files = in_folder(root, CELL, |path| {
        let manifest = path.starts_with("cell/manifest.") && path.ends_with(".json");
        manifest || path == RELEASED || path == caches::FILE || topology::is_topology(path)
    })?;
    files.extend(in_folder(root, indexes::FOLDER, |path| path.ends_with(".json"))?);
    for database in &model.databases {
        walk(root, &database.folder, 0, &mut files)?;
    }
    Ok(Previous { files })
}

/// The files that lie in a folder itself and are wanted.
fn in_folder(root: &Path, folder: &str, wanted: impl Fn(&str) -> bool) -> Result<BTreeMap<String, Vec<u8>>, FileError> {
    let wrong = |error| FileError { path: folder.to_owned(), tried: "read", error };
    let entries = match fs::read_dir(root.join(folder)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(wrong(error)),
    };
    let mut files = BTreeMap::new();
    for entry in entries {
        // A name that is not UTF-8 is none of ours.
        let Ok(name) = entry.map_err(wrong)?.file_name().into_string() else { continue };
        let path = format!("{folder}/{name}");
        if wanted(&path)
            && let Some(bytes) = content(root, &path)?
        {
            files.insert(path, bytes);
        }
    }
    Ok(files)
}

fn walk(root: &Path, folder: &str, depth: usize, files: &mut BTreeMap<String, Vec<u8>>) -> Result<(), FileError> {
    let wrong = |error| FileError { path: folder.to_owned(), tried: "read", error };
    let entries = match fs::read_dir(root.join(folder)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(wrong(error)),
    };
    for entry in entries {
        let entry = entry.map_err(wrong)?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else {
            return Err(wrong(io::Error::other("a name in it is not UTF-8")));
        };
        let path = format!("{folder}/{name}");
        if entry.file_type().map_err(wrong)?.is_dir() {
            if depth < MAX_DEPTH {
                walk(root, &path, depth + 1, files)?;
            }
        } else if !name.starts_with('.')
            && let Some(bytes) = content(root, &path)?
        {
            // Hidden files are editors' and file managers', and a killed build's own: no part of a history.
            files.insert(path, bytes);
        }
    }
    Ok(())
}

fn content(root: &Path, path: &str) -> Result<Option<Vec<u8>>, FileError> {
    match fs::read(root.join(path)) {
        Ok(bytes) => Ok(Some(bytes)),
        // A folder of the file's name is no file either; writing reports it.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::IsADirectory) => Ok(None),
        Err(error) => Err(FileError { path: path.to_owned(), tried: "read", error }),
    }
}

/// The files that are not as they would be emitted, by path. `root` is the application's folder.
///
/// # Errors
/// A file that is there but cannot be read.
pub fn outdated(root: &Path, artifacts: &Artifacts) -> Result<Vec<Outdated>, FileError> {
    let mut found = Vec::new();
    for (path, next) in &artifacts.files {
        let difference = match content(root, path)? {
            None => Difference::Missing,
            Some(previous) if previous == *next => continue,
            Some(previous) => Difference::Line(first_difference(&previous, next)),
        };
        found.push(Outdated { path: path.clone(), difference });
    }
    for path in &artifacts.removals {
        if content(root, path)?.is_some() {
            found.push(Outdated { path: path.clone(), difference: Difference::Unneeded });
        }
    }
    found.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(found)
}

fn first_difference(previous: &[u8], next: &[u8]) -> usize {
    let same = previous.iter().zip(next).take_while(|(left, right)| left == right);
    same.filter(|(byte, _)| **byte == b'\n').count() + 1
}

/// Writes what differs, all or nothing, and returns the paths that changed. `root` is the application's folder.
///
/// # Errors
/// A file that cannot be written or removed. Then nothing has changed.
pub fn write(root: &Path, artifacts: &Artifacts) -> Result<Vec<String>, FileError> {
    let mut staged = Vec::new();
    let mut made = Folders::default();
    for outdated in outdated(root, artifacts)? {
        let path = outdated.path;
        let result = match artifacts.files.get(&path) {
            Some(bytes) => stage(&root.join(&path), bytes, &mut made).map(Some),
            None => Ok(None),
        };
        match result {
            Ok(file) => staged.push((path, file)),
            Err(error) => {
                drop(staged);
                made.remove();
                return Err(FileError { path, tried: "written", error });
            }
        }
    }
    let mut done = Vec::new();
    for (path, file) in staged {
        let target = root.join(&path);
        match replace(&target, file) {
            Ok(previous) => done.push((path, previous)),
            Err(error) => {
                undo(root, done);
                made.remove();
                return Err(FileError { path, tried: "written", error });
            }
        }
    }
    for path in &artifacts.removals {
        remove_empty_folders(root, path);
    }
    Ok(done.into_iter().map(|(path, _)| path).collect())
}

/// Folders that were made for files, the outermost first.
#[derive(Default)]
struct Folders(Vec<PathBuf>);

impl Folders {
    fn make(&mut self, folder: &Path) -> io::Result<()> {
        let missing: Vec<&Path> = folder.ancestors().take_while(|ancestor| !ancestor.exists()).collect();
        for folder in missing.into_iter().rev() {
            fs::create_dir(folder)?;
            self.0.push(folder.to_owned());
        }
        Ok(())
    }

    /// Best effort: a folder that meanwhile holds something stays.
    fn remove(&self) {
        for folder in self.0.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Writes a text beside its place. It vanishes where it is dropped.
fn stage(target: &Path, bytes: &[u8], made: &mut Folders) -> io::Result<NamedTempFile> {
    let folder = target.parent().unwrap_or(Path::new("."));
    made.make(folder)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".cell-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // What the umask leaves of it, as for every file that a developer makes.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// Puts a staged file in its place, or removes what is there. Out: what was there before.
fn replace(target: &Path, file: Option<NamedTempFile>) -> io::Result<Option<Vec<u8>>> {
    let previous = match fs::read(target) {
        Ok(bytes) => Some(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    match file {
        Some(file) => file.persist(target).map(drop).map_err(|error| error.error)?,
        None => fs::remove_file(target)?,
    }
    Ok(previous)
}

fn undo(root: &Path, done: Vec<(String, Option<Vec<u8>>)>) {
    for (path, previous) in done.into_iter().rev() {
        let target = root.join(path);
        // Best effort: the first error is the one to report, and git has the files too.
        let _ = match previous {
            Some(bytes) => fs::write(target, bytes),
            None => fs::remove_file(target),
        };
    }
}

/// Removes the folders that a removed file leaves empty, up to the database's.
fn remove_empty_folders(root: &Path, path: &str) {
    let mut folder = path;
    while let Some((outer, _)) = folder.rsplit_once('/') {
        if outer.ends_with("/migrations") || fs::remove_dir(root.join(outer)).is_err() {
            return;
        }
        folder = outer;
    }
}
