//! What a node remembers of an application: what runs, what is kept, and how far a deploy came: its journal.
//! In and out: `run.json`, replaced as a whole. Absent: processes, which the supervisor remembers.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::durable;
use crate::protocol::Order;

/// The format of the file.
const FORMAT: u32 = 1;

/// How many releases are kept, with the one that runs.
const KEPT: usize = 5;

/// An application on a node.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    format: u32,
    /// See [`crate::protocol::Deployed::generation`].
    pub(super) generation: u64,
    /// Counts what was staged, so that no two deployments have one number.
    pub(super) staged: u64,
    /// What runs.
    pub(super) current: Option<Deployment>,
    /// How far a deploy came that is not finished.
    pub(super) journal: Option<Journal>,
    /// What ran before, the newest first.
    pub(super) kept: Vec<Deployment>,
}

/// Which of its two log files each replica writes to. A release that is to replace another writes beside it: its last words
/// are not lost among those of one that runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Logs {
    #[default]
    A,
    B,
}

impl Logs {
    /// Those that this one does not write to.
    pub(super) fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    /// What tells the files apart.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::A => "a",
            Self::B => "b",
        }
    }
}

/// An order that is or was carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Deployment {
    /// Its number: what the supervisor knows its processes by.
    pub(super) number: u64,
    /// When it was ordered, in seconds since 1970.
    pub(super) since: u64,
    pub(super) order: Order,
    /// The hash of the environment that it was started with.
    pub(super) environment: Digest,
    /// Whether a rollback went away from it.
    #[serde(default)]
    pub(super) withdrawn: bool,
    /// Where its processes write.
    pub(super) logs: Logs,
    /// Whether the databases remember that it runs, and nothing of what ran before.
    #[serde(default)]
    pub(super) recorded: bool,
}

impl Deployment {
    /// What its processes are marked with.
    pub(super) fn label(&self) -> String {
        self.number.to_string()
    }
}

/// How far a deploy came. Whoever finds one that nobody carries on goes back from the first, and on from the second.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Journal {
    /// It is started beside what runs, and does not serve yet.
    Staged(Deployment),
    /// It is the current one; what ran before is not stopped yet.
    Switched {
        /// What ran before.
        previous: Option<Deployment>,
    },
}

impl Default for Record {
    fn default() -> Self {
        Self { format: FORMAT, generation: 0, staged: 0, current: None, journal: None, kept: Vec::new() }
    }
}

impl Record {
    /// Reads the file; a new record where there is none.
    ///
    /// # Errors
    /// What is wrong with the file, which is left as it is.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(format!("`{}` cannot be read: {error}", path.display())),
        };
        let record: Self =
            serde_json::from_str(&text).map_err(|error| format!("`{}` is damaged: {error}", path.display()))?;
        if record.format != FORMAT {
            return Err(format!(
                "`{}` has format {}, this version reads format {FORMAT}",
                path.display(),
                record.format
            ));
        }
        Ok(record)
    }

    /// Replaces the file.
    ///
    /// # Errors
    /// It cannot be written; the one before stays.
    pub(super) fn write(&self, path: &Path) -> std::io::Result<()> {
        durable::write(path, 0o600, &serde_json::to_vec_pretty(self)?)
    }

    /// Keeps what ran before for a rollback. One bundle is kept once, with its last order.
    pub(super) fn keep(&mut self, mut previous: Deployment) {
        previous.withdrawn = self.current.as_ref().is_some_and(|current| current.order.rollback);
        let current = self.current.as_ref().map(|current| current.order.bundle);
        self.kept.retain(|kept| kept.order.bundle != previous.order.bundle);
        self.kept.insert(0, previous);
        self.kept.retain(|kept| Some(kept.order.bundle) != current);
        self.kept.truncate(KEPT.saturating_sub(usize::from(current.is_some())));
    }

    /// Everything that must stay on the disk.
    pub(super) fn deployments(&self) -> impl Iterator<Item = &Deployment> {
        let journal = match &self.journal {
            Some(Journal::Staged(staged)) => Some(staged),
            Some(Journal::Switched { previous }) => previous.as_ref(),
            None => None,
        };
        self.current.iter().chain(journal).chain(&self.kept)
    }
}

#[cfg(test)]
mod tests {
    use super::{Deployment, Journal, Logs, Record};
    use crate::digest::Digest;
    use crate::protocol::Order;

    fn deployment(number: u64, content: &[u8]) -> Deployment {
        let order = Order {
            application: "shop".to_owned(),
            region: "local".to_owned(),
            generation: 0,
            plan: Digest::of(b""),
            release: 1,
            bundle: Digest::of(content),
            processes: Vec::new(),
            http: None,
            migrate: Default::default(),
            environment: Vec::new(),
            rollback: false,
            alone: None,
        };
        Deployment {
            number,
            since: 0,
            order,
            environment: Digest::of(b""),
            logs: Logs::A,
            withdrawn: false,
            recorded: false,
        }
    }

    #[test]
    fn five_releases_are_kept_and_each_once() {
        let mut record = Record::default();
        for number in 0..8_u64 {
            let next = deployment(number, &(number / 2).to_le_bytes());
            if let Some(previous) = record.current.replace(next) {
                record.keep(previous);
            }
        }
        let kept: Vec<u64> = record.kept.iter().map(|kept| kept.number).collect();
        assert_eq!(kept, [5, 3, 1], "each bundle once, with its last order");
        for number in 8..20_u64 {
            let previous = record.current.replace(deployment(number, &number.to_le_bytes()));
            previous.into_iter().for_each(|previous| record.keep(previous));
        }
        assert_eq!(record.kept.len(), 4, "with the current one they are five");
    }

    #[test]
    fn the_file_holds_what_was_written_and_a_damaged_one_is_no_empty_one() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("run.json");
        assert_eq!(Record::read(&path)?.generation, 0);
        let record = Record { generation: 7, journal: Some(Journal::Staged(deployment(3, b"x"))), ..Record::default() };
        record.write(&path)?;
        let read = Record::read(&path)?;
        assert_eq!((read.generation, read.journal), (7, record.journal));
        std::fs::write(&path, "{\"format\":1")?;
        assert!(Record::read(&path).is_err_and(|error| error.contains("is damaged")));
        Ok(())
    }
}
