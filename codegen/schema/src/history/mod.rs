//! The files of `cell/<database>/` as values: the snapshot, the migrations and the chain of their hashes.
//! In: files' names and bytes, or a model. Out: a [`History`], or the files to write. Absent: file access.

mod by_hand;
mod chain;
mod document;
mod next;
mod read;
mod rebase;
mod remembered;
mod renamed;
mod script;
mod seal;
mod slug;
mod squash;
mod write;

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::change::Change;
use crate::engine::Engine;
use crate::hazard::{Allowed, HazardKind};
use crate::plan::{self, Mode, Phase, Phases};
use crate::schema::Schema;

pub use by_hand::by_hand;
pub use next::next;
pub use read::{read, read_sealed};
pub use rebase::{Rebased, rebase, sides};
pub use remembered::remembered;
pub use script::{Parts, parts};
pub use seal::seal;
pub use squash::squash;
pub use write::{is_migration_file, write};

/// The snapshot's file.
pub(crate) const SNAPSHOT: &str = "snapshot.json";
/// The file with a line for each migration.
pub(crate) const CHAIN: &str = "chain";
/// The file that says up to which migration a release has sealed them.
pub(crate) const SEALED: &str = "sealed";
/// The folder of the migrations' folders.
pub(crate) const MIGRATIONS: &str = "migrations";
/// A migration's changes.
pub(crate) const CHANGE: &str = "change.json";

/// The accepted schema and how it came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// The schema after the last migration. Its columns stand in the order in which databases hold them: a column that was
    /// added later is behind the others, wherever its field stands in the struct.
    pub snapshot: Schema,
    /// Numbered 1, 2, 3, …
    pub migrations: Vec<Migration>,
    /// The number of the last migration that a release has sealed: it and those before never change. 0 where there is none.
    pub sealed: u32,
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
    /// The hazards that were allowed for it.
    pub allowed: BTreeSet<Allowed>,
    /// Its two phases, where something waits for the earlier release to go, or interrupts it.
    pub phases: Option<Phases>,
    /// What it stands for, where it is the first and was made of several.
    pub squashed: Option<Squashed>,
    /// Its SQL, ordered by engine and phase. An engine that cannot hold the schema has none.
    pub scripts: Vec<Script>,
    /// Over `change.json` and the scripts, without regard to line ends and comments.
    pub hash: Hash,
    /// The hash over this and every earlier migration: what stands in the chain's line.
    pub chain: Hash,
    /// The text of `change.json`.
    pub(crate) change_text: String,
}

/// What one migration was made of, when a history was shortened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Squashed {
    /// The hash of the last migration that it stands for: a database that has that one has all of it.
    pub hash: String,
    /// The renames that were made, so that a hint in the source which says one of them goes on saying nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub renamed: Vec<Renamed>,
}

/// A rename that was made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Renamed {
    /// The table's name.
    pub table: String,
    /// The column's name; `None` where the table was renamed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// The name before.
    pub from: String,
}

/// The SQL of one engine and phase: one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// For this engine.
    pub engine: Engine,
    /// In this phase.
    pub phase: Phase,
    /// Asked before the first step, in order.
    pub guards: Vec<GuardSql>,
    /// In order, numbered from 1 in the file.
    pub steps: Vec<StepSql>,
    /// The file's text, with `\n` line ends.
    pub text: String,
}

/// A question that is asked of a database before the first step runs: how many rows stand in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardSql {
    /// What may happen.
    pub hazard: HazardKind,
    /// To what: `shop.products.price`.
    pub object: String,
    /// Whether rows that are counted refuse the migration; else their number is only told.
    pub refuses: bool,
    /// One query without a semicolon: a count, and an example as text or null.
    pub sql: String,
}

/// One step of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepSql {
    /// What it does, from the line `-- step N: title`.
    pub title: String,
    /// How it runs.
    pub mode: Mode,
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

impl HistoryError {
    fn new(code: &'static str, file: &str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { code, file: file.to_owned(), message: message.into(), help: help.into() }
    }
}

impl History {
    /// The engines that every migration has SQL for: those this database can live on.
    pub fn engines(&self) -> impl Iterator<Item = Engine> {
        let has = |engine| {
            let can = |migration: &Migration| {
                migration.changes.is_empty() || migration.script(engine, Phase::Expand).is_some()
            };
            self.migrations.iter().all(can)
        };
        Engine::ALL.into_iter().filter(move |engine| has(*engine))
    }
}

impl Migration {
    /// The folder, relative to the database's: `migrations/0003_add_rating`.
    #[must_use]
    pub fn folder(&self) -> String {
        format!("{MIGRATIONS}/{}", self.name)
    }

    /// The changes of its first phase.
    #[must_use]
    pub fn expand(&self) -> &[Change] {
        self.phases.as_ref().map_or(&self.changes, |phases| &phases.expand)
    }

    /// Whether it has a second phase.
    #[must_use]
    pub fn has_contract(&self) -> bool {
        self.phases.as_ref().is_some_and(|phases| !phases.contract.is_empty() || !phases.bridges.is_empty())
    }

    /// What the earlier release cannot live with.
    #[must_use]
    pub fn interrupts(&self) -> &[String] {
        self.phases.as_ref().map_or(&[], |phases| &phases.interrupts)
    }

    /// What it does on an engine, a line each, for whoever decides whether it may: what was allowed, what interrupts the release
    /// before, what that one cannot read, its steps, and those that wait.
    #[must_use]
    pub fn told(&self, engine: Engine) -> Vec<String> {
        let allowed = self.allowed.iter().map(|allowed| format!("allowed: {} on {}", allowed.hazard, allowed.object));
        let interrupts = self.interrupts().iter().map(|what| format!("interrupts the release before: {what}"));
        let steps = self.scripts.iter().filter(|script| script.engine == engine).flat_map(|script| {
            let later = if script.phase == Phase::Contract { "later: " } else { "" };
            script.steps.iter().map(move |step| format!("{later}{}", step.title))
        });
        let unread = plan::unread(&self.changes, self.phases.as_ref().unwrap_or(&Phases::default())).into_iter();
        let unread = unread.map(|what| format!("the release before cannot read: {what}"));
        allowed.chain(interrupts).chain(unread).chain(steps).collect()
    }

    /// The script of an engine and phase, where there is one.
    #[must_use]
    pub fn script(&self, engine: Engine, phase: Phase) -> Option<&Script> {
        self.scripts.iter().find(|script| script.engine == engine && script.phase == phase)
    }
}

impl Script {
    /// The file's name in its migration's folder: `expand.sqlite.sql`.
    #[must_use]
    pub fn file_name(&self) -> String {
        script_name(self.engine, self.phase)
    }
}

fn script_name(engine: Engine, phase: Phase) -> String {
    format!("{}.{}.sql", phase.name(), engine.name())
}
