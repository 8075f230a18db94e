//! What was done on a node, by whom, and how it ended: lines that are added and never changed.
//! In: entries. Out: JSON lines, each with the hash of the one before, so that a line that is changed, moved or gone is found.
//! Absent: clocks, secrets, and a defence against one who may write the files and knows how they are made: for that, copy the last
//! hash elsewhere.

mod chain;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::durable;
use chain::{Head, MAX_LINE};

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// When, as the caller writes times.
    pub at: String,
    /// By whom: a public key, or `local`.
    pub who: String,
    /// What: `deploy`, `pair`, `rollback`.
    pub what: String,
    /// How it ended: `ok`, `refused`, or what failed.
    pub outcome: String,
    /// What else is to be known, such as the application and its release.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub details: BTreeMap<String, String>,
}

/// A log that is open for adding. One process has it open at a time.
#[derive(Debug)]
pub struct Audit {
    path: PathBuf,
    file: File,
    head: Head,
    /// The length of all whole lines, in bytes.
    end: u64,
    /// Something may stand behind the whole lines.
    torn: bool,
    /// The head is on the disk as it is here.
    noted: bool,
}

/// Why the log cannot be read or added to.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// A file cannot be read or written.
    #[error("`{path}`: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line is not the one that was written.
    #[error(
        "`{path}` is broken at line {line}: {reason}; keep the file to look into it, and move it away to begin another"
    )]
    BrokenAt {
        /// The log.
        path: PathBuf,
        /// The first line that is wrong; the first is 1.
        line: u64,
        /// What is wrong.
        reason: String,
    },
    /// An entry is too long.
    #[error("an entry of the audit log has {length} bytes, but {MAX_LINE} are the most")]
    TooLong {
        /// Its length.
        length: usize,
    },
}

impl Audit {
    /// Opens a log, which is made where it is not there, and checks all its lines. A last line that was not written to its end is
    /// replaced by one that says so, at the time `at`.
    ///
    /// # Errors
    /// A line is broken, or a file cannot be read or written.
    pub fn open(path: &Path, at: &str) -> Result<Self, AuditError> {
        let failed = |source| AuditError::Io { path: path.to_owned(), source };
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
        let file = file.map_err(failed)?;
        // The name of a file that was just made must last as its lines do.
        durable::sync_folder(durable::folder_of(path)).map_err(failed)?;
        let chain = chain::read(path, &file)?;
        let noted = chain.noted;
        let mut audit =
            Self { path: path.to_owned(), file, head: chain.head, end: chain.end, torn: !chain.torn.is_empty(), noted };
        if audit.torn {
            audit.append(&repair(at, &chain.torn))?;
        }
        Ok(audit)
    }

    /// Adds an entry. It is on the disk when this returns.
    ///
    /// # Errors
    /// It is too long, or cannot be written.
    pub fn append(&mut self, entry: &Entry) -> Result<(), AuditError> {
        let failed = |source| AuditError::Io { path: self.path.clone(), source };
        let (line, hash) = chain::line(entry, &self.head.hash).map_err(|error| failed(error.into()))?;
        if line.len() > MAX_LINE {
            return Err(AuditError::TooLong { length: line.len() });
        }
        // The head may be one line behind, never two.
        if !self.noted {
            chain::write_head(&self.path, &self.head)?;
            self.noted = true;
        }
        // Over what was torn, and only then is the rest cut off: until the new line is there, something tells of the old one.
        let end = self.end + line.len() as u64;
        let written = self.file.write_all_at(&line, self.end).and_then(|()| {
            if self.torn {
                self.file.set_len(end)?
            }
            self.file.sync_all()
        });
        if let Err(error) = written {
            self.torn = true;
            return Err(failed(error));
        }
        self.torn = false;
        self.end = end;
        self.head = Head { count: self.head.count + 1, hash };
        self.noted = false;
        chain::write_head(&self.path, &self.head)?;
        self.noted = true;
        Ok(())
    }

    /// How many entries there are.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.head.count
    }

    /// The hash of the last line: whoever has it elsewhere knows that nothing before it was changed.
    #[must_use]
    pub const fn last(&self) -> &Digest {
        &self.head.hash
    }
}

/// Checks all lines of a log that nobody adds to meanwhile, and says how many there are.
///
/// # Errors
/// A line is broken or was not written to its end, or a file cannot be read.
pub fn verify(path: &Path) -> Result<u64, AuditError> {
    let file = File::open(path).map_err(|source| AuditError::Io { path: path.to_owned(), source })?;
    let chain = chain::read(path, &file)?;
    if chain.torn.is_empty() {
        return Ok(chain.head.count);
    }
    let reason = "it was not written to its end".to_owned();
    Err(AuditError::BrokenAt { path: path.to_owned(), line: chain.head.count + 1, reason })
}

fn repair(at: &str, torn: &[u8]) -> Entry {
    let shown: String = String::from_utf8_lossy(torn).chars().take(1000).collect();
    Entry {
        at: at.to_owned(),
        who: "local".to_owned(),
        what: "repair".to_owned(),
        outcome: "the last line was not written to its end and was removed".to_owned(),
        details: [("bytes", torn.len().to_string()), ("hash", Digest::of(torn).to_string()), ("text", shown)]
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    }
}
