//! Brings a database to its history's head, one journaled step after the other, as the only applier.
//! In: a target, a history. Out: what ran. A process that dies anywhere leaves a database that the next apply goes on with:
//! a step and its line in the journal are one transaction. Absent: what to do (see [`crate::work`]).

mod outcome;

use std::collections::BTreeSet;
use std::time::Duration;

use cell_schema::hazard::Allowed;
use cell_schema::history::History;
use cell_schema::plan::{Mode, Phase};
use cell_schema::schema::Schema;
use serde::Serialize;

use crate::connection::{Access, Connection};
use crate::error::Counted;
use crate::journal::{self, Event, Journal, State};
use crate::rebuild::{self, Failed};
use crate::releases::{self, Live};
use crate::step::{line, patiently, refused};
use crate::work::{self, Beyond, Contracts, Draft, Pending, Reached, Terms, Work};
use crate::{MigrateError, Target, guard, lock};
use outcome::outcome;

/// How to apply.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// Whether a SQLite file that does not exist is created.
    pub create: bool,
    /// Whether nothing runs, and what would run is returned.
    pub dry_run: bool,
    /// How long another applier is waited for.
    pub patience: Duration,
    /// Whether a database that has all of the history, and then migrations of a later release, is at its goal. While a
    /// release is brought out, and after it was taken back, the one before it runs on such a database.
    pub ahead: bool,
    /// How long a step waits for a lock that others hold (PostgreSQL). It asks for a moment at a time, so that those who come
    /// behind it do not wait with it.
    pub lock_patience: Duration,
    /// When the second phases of migrations run.
    pub contracts: When,
    /// The hazards that may happen on the way from a draft to the migration as it is now.
    pub allowed: BTreeSet<Allowed>,
}

/// When the second phase of a migration runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum When {
    /// With the first: no process of an earlier release runs.
    #[default]
    AtOnce,
    /// When every release that is recorded in the database knows the migration, and the one that runs here is the one that is
    /// recorded. At once where none is recorded and none runs.
    Released {
        /// What runs here, where something does.
        live: Option<Live>,
    },
    /// Not now.
    Later,
}

impl Options {
    fn terms(&self, contracts: Contracts) -> Terms<'_> {
        Terms { beyond: self.beyond(), contracts, allowed: &self.allowed }
    }

    fn beyond(&self) -> Beyond {
        if self.ahead { Beyond::Tolerated } else { Beyond::Refused }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            create: true,
            dry_run: false,
            patience: Duration::from_secs(60),
            ahead: false,
            contracts: When::AtOnce,
            lock_patience: Duration::from_secs(60),
            allowed: BTreeSet::new(),
        }
    }
}

/// What apply did, or with [`Options::dry_run`] would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Applied {
    /// In the order in which they ran.
    pub steps: Vec<AppliedStep>,
    /// The rows that were counted for hazards that were allowed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counted: Vec<Counted>,
    /// The newest migration that the database then has.
    pub head: Option<Head>,
    /// The names of the migrations that it has beyond the history; see [`Options::ahead`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ahead: Vec<String>,
}

/// A step that ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AppliedStep {
    /// The migration's name.
    pub migration: String,
    /// The step's number, from 1, over both phases.
    pub step: usize,
    /// What it does.
    pub title: String,
    /// Its SQL.
    pub sql: String,
    /// Whether it is the local way from an earlier draft to the migration as it is now, not one of the migration's.
    pub draft: bool,
    /// What the engine said when the step failed before.
    pub failed_before: Option<String>,
}

/// The newest migration that a database has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Head {
    /// Its number.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// Its hash, in hexadecimal digits.
    pub hash: String,
    /// How far it came.
    pub state: State,
}

/// Applies what the database lacks, in order.
///
/// # Errors
/// The database is not this history's, or is not what its journal and the history say: then nothing ran. A step that the
/// engine refused: then nothing of that step remains, and what came before it is done.
pub async fn apply(target: &Target, history: &History, options: &Options) -> Result<Applied, MigrateError> {
    if options.dry_run {
        let journal = existing(target).await?.unwrap_or_default();
        let contracts = match &options.contracts {
            When::Released { .. } if !journal.rows.is_empty() => {
                let mut connection = Connection::open(target, Access::Existing).await?;
                let contracts = contracts(&mut connection, target, &options.contracts).await;
                connection.close().await;
                contracts?
            }
            When::Later => Contracts::UpTo(0),
            When::AtOnce | When::Released { .. } => Contracts::All,
        };
        let work = work::decide(target, history, &journal, options.terms(contracts))?;
        return Ok(outcome(history, &work, &journal));
    }
    let access = if options.create { Access::Create } else { Access::Existing };
    prepare(target, access)?;
    let lock = lock::file(target, options.patience).await?;
    let mut connection = Connection::open(target, access).await?;
    let applied = async {
        lock::session(&mut connection, target, options.patience).await?;
        let journal = read_or_create(&mut connection, target).await?;
        let contracts = contracts(&mut connection, target, &options.contracts).await?;
        let work = work::decide(target, history, &journal, options.terms(contracts))?;
        let counted = run(&mut connection, target, history, &work, options).await?;
        Ok(Applied { counted, ..outcome(history, &work, &journal) })
    }
    .await;
    connection.close().await;
    drop(lock);
    applied
}

/// Up to which migration second phases may run.
async fn contracts(connection: &mut Connection, target: &Target, when: &When) -> Result<Contracts, MigrateError> {
    Ok(match when {
        When::AtOnce => Contracts::All,
        When::Later => Contracts::UpTo(0),
        When::Released { live } => match releases::known(connection, live.as_ref()).await {
            Ok(None) => Contracts::All,
            Ok(Some(last)) => Contracts::UpTo(last),
            Err(error) => return Err(MigrateError::engine(target, "read the releases", &error)),
        },
    })
}

/// Makes the folder of a SQLite file that is to be created.
pub(crate) fn prepare(target: &Target, access: Access) -> Result<(), MigrateError> {
    let Some(file) = target.file() else { return Ok(()) };
    if access == Access::Existing {
        let missing = || MigrateError::Missing { target: target.to_string() };
        return if file.exists() { Ok(()) } else { Err(missing()) };
    }
    let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) else { return Ok(()) };
    std::fs::create_dir_all(folder).map_err(|error| MigrateError::Connect {
        target: target.to_string(),
        message: format!("cannot create its folder: {error}"),
    })
}

/// The newest migration that the database has; `None` where it has none or does not exist.
///
/// # Errors
/// The database does not answer, or its journal cannot be read.
pub async fn head(target: &Target) -> Result<Option<Head>, MigrateError> {
    Ok(existing(target).await?.as_ref().and_then(newest))
}

/// The journal of a database that may not exist, or may be empty.
pub(crate) async fn existing(target: &Target) -> Result<Option<Journal>, MigrateError> {
    let mut connection = match Connection::open(target, Access::Existing).await {
        Err(MigrateError::Missing { .. }) => return Ok(None),
        opened => opened?,
    };
    let journal = match journal::read(&mut connection, target).await {
        Ok(None) => empty(&mut connection, target).await.map(|()| None),
        read => read,
    };
    connection.close().await;
    journal
}

/// Refuses a database without a journal that holds something.
async fn empty(connection: &mut Connection, target: &Target) -> Result<(), MigrateError> {
    let objects =
        journal::objects(connection).await.map_err(|error| MigrateError::engine(target, "list the tables", &error))?;
    if objects.is_empty() {
        return Ok(());
    }
    Err(MigrateError::UnknownDatabase { target: target.to_string(), objects })
}

pub(crate) async fn read_or_create(connection: &mut Connection, target: &Target) -> Result<Journal, MigrateError> {
    if let Some(journal) = journal::read(connection, target).await? {
        return Ok(journal);
    }
    empty(connection, target).await?;
    journal::create(connection).await.map_err(|error| MigrateError::engine(target, "create the journal", &error))?;
    Ok(Journal::default())
}

async fn run(
    connection: &mut Connection,
    target: &Target,
    history: &History,
    work: &Work<'_>,
    options: &Options,
) -> Result<Vec<Counted>, MigrateError> {
    let failed = |error| MigrateError::engine(target, "write the journal", &error);
    let mut counted = Vec::new();
    if let Some(draft) = &work.draft {
        counted.extend(guard::ask(connection, target, &draft.row.name, &draft.guards).await?);
        move_on(connection, target, draft).await?;
    }
    if let Some(number) = work.abandoned {
        journal::remove(connection, number).await.map_err(failed)?;
    }
    if work.seal {
        seal(connection, history, history.sealed).await.map_err(failed)?;
    }
    for pending in &work.pending {
        counted.extend(guard::ask(connection, target, &pending.migration.name, &pending.guards).await?);
        migrate(connection, target, history, pending, options).await?;
    }
    Ok(counted)
}

/// Runs the way from a draft to the migration in one transaction: between two drafts there is nothing to go on from.
async fn move_on(connection: &mut Connection, target: &Target, draft: &Draft<'_>) -> Result<(), MigrateError> {
    let number = draft.row.number;
    let mut current = None;
    let is_rebuilt = draft.steps.iter().any(|step| step.mode == Mode::Rebuild);
    let moved = async {
        let care = match is_rebuilt {
            true => Some(rebuild::begin(connection, &draft.previous, &draft.tables).await?),
            false => {
                connection.begin().await?;
                None
            }
        };
        for step in &draft.steps {
            current = Some(step);
            connection.run(&step.sql).await?;
            journal::write(connection, &line(number, step, Event::Done, None)).await?;
        }
        if let Some(care) = &care {
            rebuild::check(connection, care).await?;
        }
        current = None;
        if draft.reached.is_empty() {
            journal::remove(connection, number).await?;
        }
        for Reached { migration, schema, state } in &draft.reached {
            let identity = (migration.number, migration.name.as_str(), &*migration.hash.to_string());
            journal::put(connection, identity, Some(schema), *state).await?;
        }
        connection.commit().await?;
        Ok(())
    }
    .await;
    if moved.is_err() {
        connection.rollback().await;
    }
    if is_rebuilt {
        rebuild::end(connection).await.map_err(|error| MigrateError::engine(target, "go on", &error))?;
    }
    match (moved, current) {
        (Ok(()), _) => Ok(()),
        (Err(failed), Some(step)) => Err(refused(&draft.row.name, step, &failed)),
        (Err(Failed::Engine(error)), None) => Err(MigrateError::engine(target, "write the journal", &error)),
        (Err(Failed::Lost(message)), None) => {
            Err(MigrateError::Engine { target: target.to_string(), action: "move on", message })
        }
    }
}

async fn migrate(
    connection: &mut Connection,
    target: &Target,
    history: &History,
    pending: &Pending<'_>,
    options: &Options,
) -> Result<(), MigrateError> {
    let journal_failed = |error: sqlx::Error| MigrateError::engine(target, "write the journal", &error);
    // Whoever looks from now on knows that the steps may have begun.
    match pending.phase {
        Phase::Expand => put(connection, history, pending, &pending.schema, State::Started).await,
        Phase::Contract => put(connection, history, pending, &pending.previous, State::Contracting).await,
        Phase::Data => Ok(()),
    }
    .map_err(journal_failed)?;
    for step in &pending.steps {
        let number = pending.migration.number;
        journal::write(connection, &line(number, step, Event::Started, None)).await.map_err(journal_failed)?;
        if let Err(failed) = patiently(connection, pending, step, options).await {
            let error = refused(&pending.migration.name, step, &failed);
            let message = match &error {
                MigrateError::Step(failure) => failure.message.clone(),
                other => other.to_string(),
            };
            // The step's own error is the one to report, even if it cannot be written down.
            drop(journal::write(connection, &line(number, step, Event::Failed, Some(message))).await);
            // Where nothing of the second phase is done, what the earlier release needs is all there.
            let is_first = pending.steps.first().is_some_and(|first| first.number == step.number);
            let is_untouched = pending.begins && is_first;
            if pending.phase == Phase::Contract && is_untouched {
                drop(put(connection, history, pending, &pending.previous, State::Expanded).await);
            }
            return Err(error);
        }
    }
    put(connection, history, pending, &pending.schema, pending.state).await.map_err(journal_failed)
}

/// Writes the migration's row. An earlier migration that was open is sealed by a later one.
async fn put(
    connection: &mut Connection,
    history: &History,
    pending: &Pending<'_>,
    schema: &Schema,
    state: State,
) -> Result<(), sqlx::Error> {
    let migration = pending.migration;
    connection.begin().await?;
    let written = async {
        seal(connection, history, migration.number.saturating_sub(1)).await?;
        let identity = (migration.number, migration.name.as_str(), &*migration.hash.to_string());
        journal::put(connection, identity, Some(schema), state).await?;
        connection.commit().await
    }
    .await;
    if written.is_err() {
        connection.rollback().await;
    }
    written
}

/// Gives the open migrations up to this number the states that they have for good.
async fn seal(connection: &mut Connection, history: &History, up_to: u32) -> Result<(), sqlx::Error> {
    for migration in history.migrations.iter().filter(|migration| migration.number <= up_to) {
        journal::seal(connection, migration.number, work::for_good(migration)).await?;
    }
    Ok(())
}

fn newest(journal: &Journal) -> Option<Head> {
    let row = journal.rows.last()?;
    Some(Head { number: row.number, name: row.name.clone(), hash: row.hash.clone(), state: row.state })
}
