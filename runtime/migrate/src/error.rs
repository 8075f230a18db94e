//! What may go wrong between a history and a database, each with a code and what to do about it.
//! No text here holds a password: a target prints without it.

use std::path::PathBuf;

use cell_schema::Refusal;
use cell_schema::history::HistoryError;

mod failure;

use crate::{Target, connection};
use failure::told;
pub use failure::{Counted, Refused, StepFailure};

/// Every code that this package's errors carry, besides those of `cell_schema`, in order.
pub const CODES: &[&str] = &[
    "already-adopted",
    "contract-waits",
    "contracted",
    "copy-differs",
    "copy-not-empty",
    "copy-not-ready",
    "copy-unfinished",
    "database-busy",
    "database-missing",
    "database-unreachable",
    "database-url",
    "draft-refused",
    "engine-missing",
    "guard-refused",
    "history-squashed",
    "journal-unreadable",
    "lock-timeout",
    "migration-edited",
    "migration-engine",
    "migration-failed",
    "migration-unknown",
    "other-database",
    "rehearsal-differs",
    "rehearsal-rows",
    "rows-changed",
    "schema-drift",
    "sequence-behind-rows",
    "throwaway-failed",
    "unknown-database",
];

/// Why a database could not be migrated or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrateError {
    /// The URL is no database's.
    #[error("`{url}` is not the URL of a database: {message}")]
    Url {
        /// As it may be shown.
        url: String,
        /// What is wrong with it.
        message: String,
    },
    /// A SQLite file that does not exist.
    #[error("there is no database at `{target}`")]
    Missing {
        /// The database.
        target: String,
    },
    /// The database does not answer, or refuses.
    #[error("cannot connect to `{target}`: {message}")]
    Connect {
        /// The database.
        target: String,
        /// What the engine or the system said.
        message: String,
    },
    /// The engine refused something that is not a migration's step.
    #[error("cannot {action} of `{target}`: {message}")]
    Engine {
        /// The database.
        target: String,
        /// What was being done.
        action: &'static str,
        /// What the engine said.
        message: String,
    },
    /// The file that keeps appliers apart cannot be locked.
    #[error("cannot lock `{}`", path.display())]
    Lock {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Another process is migrating the same database.
    #[error("another process has been migrating `{target}` for {seconds} seconds")]
    Busy {
        /// The database.
        target: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// The database holds things that no migration of ours made.
    #[error("`{target}` is not empty and has no journal of migrations; it holds {}", shown(objects))]
    UnknownDatabase {
        /// The database.
        target: String,
        /// The tables and views in it.
        objects: Vec<String>,
    },
    /// The database has a journal.
    #[error("`{target}` has a journal of migrations already")]
    Adopted {
        /// The database.
        target: String,
    },
    /// A database that cannot be adopted as it is.
    #[cfg(feature = "rehearse")]
    #[error("`{target}` cannot be adopted: {}", listed(refusals))]
    Baseline {
        /// The database.
        target: String,
        /// How it differs.
        differences: Vec<crate::compare::Difference>,
        /// What is in the way.
        refusals: Vec<Refusal>,
    },
    /// The journal is another database's.
    #[error("`{target}` holds the database `{found}`, not `{expected}`")]
    OtherDatabase {
        /// The database.
        target: String,
        /// Whose schema the journal holds.
        found: String,
        /// Whose history this is.
        expected: String,
    },
    /// The journal's rows make no sense.
    #[error("the journal of `{target}` cannot be read: its rows are not ones that this version writes")]
    Journal {
        /// The database.
        target: String,
    },
    /// An applied migration is not what the history says.
    #[error("the migration `{migration}` was applied to `{target}` and has changed since")]
    Edited {
        /// The database.
        target: String,
        /// The migration's name.
        migration: String,
    },
    /// The database has a migration that the history lacks.
    #[error("`{target}` has the migration `{migration}`, which this history does not know")]
    UnknownMigration {
        /// The database.
        target: String,
        /// The migration's name.
        migration: String,
    },
    /// The database is further back than the history goes.
    #[error("`{target}` lacks migrations that `{migration}` stands for")]
    Squashed {
        /// The database.
        target: String,
        /// The migration's name.
        migration: String,
    },
    /// A later release has removed what this one needs.
    #[error("the migration `{migration}` has taken from `{target}` what this release needs")]
    Contracted {
        /// The database.
        target: String,
        /// The migration's name.
        migration: String,
    },
    /// A second phase has to run before what comes next, and an earlier release still runs.
    #[error("the second phase of `{migration}` waits on `{target}`: an earlier release still runs somewhere")]
    ContractWaits {
        /// The database.
        target: String,
        /// The migration's name.
        migration: String,
    },
    /// A migration that changed after some of its steps were done.
    #[error("the migration `{migration}` was applied to `{target}` up to step {step}, and has changed since")]
    HalfApplied {
        /// The database.
        target: String,
        /// The migration's name.
        migration: String,
        /// The last step that was done.
        step: usize,
    },
    /// A database with a draft that cannot be moved on to the migration as it is now.
    #[error(
        "`{target}` has an earlier draft of the migration `{migration}`, and cannot be moved on: {}",
        listed(refusals)
    )]
    Draft {
        /// The database.
        target: String,
        /// The migration's name.
        migration: String,
        /// What is refused, and why.
        refusals: Vec<Refusal>,
    },
    /// A migration without SQL for this engine.
    #[error("the migration `{migration}` has no SQL for {engine}")]
    NoScript {
        /// The migration's name.
        migration: String,
        /// The engine.
        engine: &'static str,
    },
    /// Rows stand in the way of a migration. Nothing of it was done.
    #[error("the migration `{migration}` does not fit the rows of `{target}`: {}", told(found))]
    Guarded {
        /// The database.
        target: String,
        /// The migration's name.
        migration: String,
        /// At least one.
        found: Vec<Counted>,
    },
    /// A copy into the database was stopped.
    #[error("`{target}` holds a copy that is not finished")]
    CopyUnfinished {
        /// The database.
        target: String,
    },
    /// The engine refused a step. Nothing of the step remains.
    #[error(transparent)]
    Step(Box<StepFailure>),
    /// The history's files contradict each other.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// A file of the history cannot be read.
    #[error("cannot read `{}`: {message}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        message: String,
    },
    /// The model itself cannot be held by the engine.
    #[error("{}", listed(_0))]
    Schema(Vec<Refusal>),
}

impl MigrateError {
    pub(crate) fn engine(target: &Target, action: &'static str, error: &sqlx::Error) -> Self {
        Self::Engine { target: target.to_string(), action, message: connection::text(error) }
    }

    /// The diagnostic's code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Url { .. } => "database-url",
            Self::Missing { .. } => "database-missing",
            Self::Connect { .. } | Self::Engine { .. } => "database-unreachable",
            Self::Lock { .. } | Self::Busy { .. } => "database-busy",
            Self::UnknownDatabase { .. } => "unknown-database",
            Self::Adopted { .. } => "already-adopted",
            #[cfg(feature = "rehearse")]
            Self::Baseline { refusals, .. } => refusals.first().map_or("baseline-differs", |refusal| refusal.code),
            Self::OtherDatabase { .. } => "other-database",
            Self::Journal { .. } => "journal-unreadable",
            Self::Edited { .. } | Self::HalfApplied { .. } => "migration-edited",
            Self::UnknownMigration { .. } => "migration-unknown",
            Self::Squashed { .. } => "history-squashed",
            Self::Contracted { .. } => "contracted",
            Self::ContractWaits { .. } => "contract-waits",
            Self::Draft { .. } => "draft-refused",
            Self::NoScript { .. } => "migration-engine",
            Self::CopyUnfinished { .. } => "copy-unfinished",
            Self::Guarded { .. } => "guard-refused",
            Self::Step(failure) => match failure.refused {
                Refused::ByEngine => "migration-failed",
                Refused::ByCare => "rows-changed",
                Refused::ByLock => "lock-timeout",
            },
            Self::History(error) => error.code,
            Self::Read { .. } => "history-unreadable",
            Self::Schema(refusals) => refusals.first().map_or("schema", |refusal| refusal.code),
        }
    }

    /// What to do about it, where this can be said.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        let delete = "if it is a local database whose rows you can lose, delete it and apply again";
        Some(match self {
            Self::Url { .. } => "write `sqlite:PATH` or `postgres://USER@HOST/DATABASE`".to_owned(),
            Self::Missing { .. } => "apply the migrations, which creates it".to_owned(),
            Self::Connect { .. } => "check that the server runs and that the URL is right".to_owned(),
            Self::CopyUnfinished { .. } => {
                "run `cargo cell migrate copy` again, which goes on with it, or delete the database".to_owned()
            }
            Self::Busy { .. } => "wait for it to end, or end it, and try again".to_owned(),
            Self::UnknownDatabase { .. } => {
                "give the application an empty database or a schema of its own, or adopt this one with \
                 `cargo cell migrate baseline`"
                    .to_owned()
            }
            Self::Adopted { .. } => "`cargo cell migrate apply` goes on from there".to_owned(),
            #[cfg(feature = "rehearse")]
            Self::Baseline { refusals, .. } => helps(refusals),
            Self::OtherDatabase { .. } => "check the URL: each database has a place of its own".to_owned(),
            Self::Journal { .. } => "use the version of Cell that migrated it last, or a later one".to_owned(),
            Self::Edited { .. } => {
                format!(
                    "restore its files from version control and put the change into a migration of its own; {delete}"
                )
            }
            Self::UnknownMigration { .. } => {
                format!("get the version of the application that brought it; {delete}")
            }
            Self::Squashed { .. } => {
                "apply the release from before the history was shortened, then this one".to_owned()
            }
            Self::Contracted { .. } => "deploy the release that brought the migration, or a later one".to_owned(),
            Self::ContractWaits { .. } => {
                "deploy the newest release wherever an earlier one runs (`cell_releases` in the database says where), then \
                 run `cargo cell migrate contract`"
                    .to_owned()
            }
            Self::HalfApplied { .. } => format!("restore its files as they were and apply them; {delete}"),
            Self::Draft { refusals, .. } => {
                let said = refusals.iter().filter(|refusal| !refusal.help.is_empty());
                let said: Vec<&str> = said.map(|refusal| refusal.help.as_str()).collect();
                let rest = "undo the change; or delete the local database and apply again (its rows are lost)";
                if said.is_empty() { rest.to_owned() } else { format!("{}; or {rest}", said.join("; ")) }
            }
            Self::NoScript { .. } => {
                "an expression is written for another engine only: give it text for this one and build again".to_owned()
            }
            Self::Guarded { .. } => "nothing was changed. Change these rows, or the declaration, and apply again".to_owned(),
            Self::Step(failure) if failure.refused == Refused::ByLock => {
                "nothing of the step remains, and the steps before it are done. Find what holds the lock in `pg_locks`, and \
                 apply again: it goes on with this step"
                    .to_owned()
            }
            Self::Step(_) => {
                "nothing of the step remains, and the steps before it are done. Change the rows or whatever \
                              the engine named, and apply again: it goes on with this step"
                    .to_owned()
            }
            Self::History(error) => error.help.clone(),
            Self::Schema(refusals) => helps(refusals),
            Self::Engine { .. } | Self::Lock { .. } | Self::Read { .. } => return None,
        })
    }
}

fn listed(refusals: &[Refusal]) -> String {
    let lines: Vec<String> =
        refusals.iter().map(|refusal| format!("`{}`: {}", refusal.object, refusal.message)).collect();
    lines.join("; ")
}

fn helps(refusals: &[Refusal]) -> String {
    refusals.first().map(|refusal| refusal.help.clone()).unwrap_or_default()
}

/// The first names of a list that may be long.
fn shown(names: &[String]) -> String {
    const FEW: usize = 5;
    let mut shown: Vec<String> = names.iter().take(FEW).map(|name| format!("`{name}`")).collect();
    if names.len() > FEW {
        shown.push(format!("{} more", names.len() - FEW));
    }
    shown.join(", ")
}
