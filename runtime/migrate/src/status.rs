//! How a database stands to its history, without touching it. In: a target, a history. Out: [`Status`], made for JSON.

use std::collections::BTreeSet;

use cell_schema::history::History;
use cell_schema::plan::Phase;
use serde::Serialize;

use crate::journal::{Journal, State};
use crate::work::{self, Beyond, Contracts, Terms};
use crate::{MigrateError, Target, apply};

/// How a database stands to its history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The database, without a password.
    pub target: String,
    /// The engine's name.
    pub engine: &'static str,
    /// Whether anything was ever applied.
    pub journaled: bool,
    /// What the database has, in order.
    pub applied: Vec<AppliedMigration>,
    /// The names of the migrations that it lacks, in order.
    pub pending: Vec<String>,
    /// What processes of the release before cannot live with in what is lacking, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interrupts: Vec<String>,
    /// The titles of the steps that would move it on from an earlier draft of its newest migration.
    pub draft: Option<DraftStatus>,
    /// What keeps the rest from being applied.
    pub problem: Option<Problem>,
    /// The names of the migrations that the database has beyond the history, where it has all of the history: the only
    /// problem is then that, and [`crate::Options::ahead`] takes it for none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ahead: Vec<String>,
}

/// A migration that a database has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AppliedMigration {
    /// Its number.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// How far it came.
    pub state: State,
    /// When its last step was done, in UTC.
    pub applied_at: Option<String>,
}

/// A draft that differs from the migration as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DraftStatus {
    /// The migration's name when it was applied.
    pub migration: String,
    /// What would move the database on.
    pub steps: Vec<String>,
}

/// What is in the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The diagnostic's code.
    pub code: &'static str,
    /// What was found.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// How the database stands to the history. A database that does not exist lacks everything.
///
/// # Errors
/// The database does not answer, holds something that is not ours, or its journal cannot be read. What only keeps
/// migrations from being applied is a [`Problem`].
pub async fn status(target: &Target, history: &History) -> Result<Status, MigrateError> {
    let journal = apply::existing(target).await?;
    let journaled = journal.is_some();
    let journal = journal.unwrap_or_default();
    let allowed = BTreeSet::new();
    let terms = |beyond| Terms { beyond, contracts: Contracts::All, allowed: &allowed };
    let (work, problem) = match work::decide(target, history, &journal, terms(Beyond::Refused)) {
        Ok(work) => (work, None),
        Err(error) => (
            work::decide(target, history, &journal, terms(Beyond::Tolerated)).unwrap_or_default(),
            Some(Problem { code: error.code(), message: error.to_string(), help: error.help() }),
        ),
    };
    Ok(Status {
        target: target.to_string(),
        engine: target.engine().name(),
        journaled,
        applied: applied(&journal),
        pending: work
            .pending
            .iter()
            .filter(|pending| pending.phase == Phase::Expand)
            .map(|pending| pending.migration.name.clone())
            .collect(),
        interrupts: work
            .pending
            .iter()
            .filter(|pending| pending.phase == Phase::Expand)
            .flat_map(|pending| pending.migration.interrupts().iter().cloned())
            .collect(),
        draft: work.draft.map(|draft| DraftStatus {
            migration: draft.row.name,
            steps: draft.steps.into_iter().map(|step| step.title).collect(),
        }),
        problem,
        ahead: work.ahead,
    })
}

fn applied(journal: &Journal) -> Vec<AppliedMigration> {
    let row = |row: &crate::journal::Row| AppliedMigration {
        number: row.number,
        name: row.name.clone(),
        state: row.state,
        applied_at: row.applied_at.clone(),
    };
    journal.rows.iter().map(row).collect()
}
