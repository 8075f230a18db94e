//! Reads the folder `cell/<database>/` and hands its files to `cell_schema::history`.
//! Absent: understanding them. Links are not followed, and no file or number of files is read that no history has.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use cell_schema::history::{self, History};

use crate::MigrateError;

/// The largest file and the largest sum: a history of thousands of migrations stays far below.
const MAX_BYTES: u64 = 64 << 20;

/// The most files.
const MAX_FILES: usize = 100_000;

/// Folders in folders: `migrations/0001_name/file`.
const MAX_DEPTH: usize = 3;

/// The history in `folder`, or `None` where there is no such folder.
///
/// # Errors
/// A file cannot be read, is a link, or is too large; the files are not a history.
pub fn read_history(folder: &Path) -> Result<Option<History>, MigrateError> {
    match fs::metadata(folder) {
        Ok(metadata) if metadata.is_dir() => {}
        Ok(_) => return Err(refused(folder, "it is not a folder")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(refused(folder, &error.to_string())),
    }
    let mut reading = Reading { files: BTreeMap::new(), bytes: 0 };
    reading.folder(folder, "", 0)?;
    if reading.files.is_empty() {
        return Ok(None);
    }
    Ok(Some(history::read(&reading.files)?))
}

struct Reading {
    files: BTreeMap<String, Vec<u8>>,
    bytes: u64,
}

impl Reading {
    fn folder(&mut self, folder: &Path, prefix: &str, depth: usize) -> Result<(), MigrateError> {
        let entries = fs::read_dir(folder).map_err(|error| refused(folder, &error.to_string()))?;
        for entry in entries {
            let entry = entry.map_err(|error| refused(folder, &error.to_string()))?;
            let path = entry.path();
            let kind = entry.file_type().map_err(|error| refused(&path, &error.to_string()))?;
            let Ok(name) = entry.file_name().into_string() else {
                return Err(refused(&path, "its name is not UTF-8"));
            };
            // Hidden files are editors' and file managers', and a killed build's own: no part of a history.
            if name.starts_with('.') {
                continue;
            }
            let relative = format!("{prefix}{name}");
            if kind.is_dir() && depth < MAX_DEPTH {
                self.folder(&path, &format!("{relative}/"), depth + 1)?;
            } else if kind.is_file() {
                self.file(&path, relative)?;
            } else {
                return Err(refused(&path, "a history holds files and folders only, no links and nothing deeper"));
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &Path, relative: String) -> Result<(), MigrateError> {
        let failed = |error: io::Error| refused(path, &error.to_string());
        let mut content = Vec::new();
        // One byte more than is left tells a file that is too large from one that just fits.
        let left = MAX_BYTES - self.bytes;
        File::open(path).map_err(failed)?.take(left + 1).read_to_end(&mut content).map_err(failed)?;
        let length = content.len() as u64;
        if length > left || self.files.len() == MAX_FILES {
            return Err(refused(path, "the history is larger than any that a build writes"));
        }
        self.bytes += length;
        self.files.insert(relative, content);
        Ok(())
    }
}

fn refused(path: &Path, message: &str) -> MigrateError {
    MigrateError::Read { path: path.to_owned(), message: message.to_owned() }
}
