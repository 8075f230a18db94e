//! Decides what is to be done to bring a database to its history's head. In: the history, the journal. Out: [`Work`], or
//! what is in the way. A pure function: nothing runs before all of it has been decided.

mod draft;

use std::collections::{BTreeMap, BTreeSet};

use cell_schema::Engine;
use cell_schema::change::Change;
use cell_schema::hazard::Allowed;
use cell_schema::history::{GuardSql, History, Migration, Script};
use cell_schema::mapping::mapping;
use cell_schema::plan::{Bridge, Mode, Phase};
use cell_schema::schema::Schema;

use crate::journal::{Event, Journal, Row, State};
use crate::{MigrateError, Target};

/// What is to be done.
#[derive(Debug, Default)]
pub(crate) struct Work<'h> {
    /// First, where the database has another draft of its newest migration.
    pub(crate) draft: Option<Draft<'h>>,
    /// The number of a migration that had begun, of which nothing was done, and which the history has dropped.
    pub(crate) abandoned: Option<u32>,
    /// Whether rows that are open belong to migrations that a release has sealed since.
    pub(crate) seal: bool,
    /// Then, in order.
    pub(crate) pending: Vec<Pending<'h>>,
    /// The names of the migrations that the database has beyond the history: a later release's.
    pub(crate) ahead: Vec<String>,
}

/// Whether a database may have more than the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beyond {
    /// It is an error.
    Refused,
    /// It may have migrations of a later release, which are made so that this one runs on them.
    Tolerated,
}

/// A step as it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// From 1, over both phases.
    pub(crate) number: usize,
    pub(crate) title: String,
    pub(crate) mode: Mode,
    pub(crate) sql: String,
    /// The same, each statement by itself.
    pub(crate) statements: Vec<String>,
    /// What the engine said when it failed before.
    pub(crate) before: Option<String>,
}

/// The way from a draft to the migration as it is now, and beyond.
#[derive(Debug)]
pub(crate) struct Draft<'h> {
    pub(crate) row: Row,
    /// What the database then has in the draft's place, in order; none where the history dropped the migration.
    pub(crate) reached: Vec<Reached<'h>>,
    /// Asked first.
    pub(crate) guards: Vec<GuardSql>,
    pub(crate) steps: Vec<Step>,
    /// What the database holds before.
    pub(crate) previous: Schema,
    /// From the tables' names before to their names after.
    pub(crate) tables: BTreeMap<String, String>,
    /// What the database then holds.
    pub(crate) schema: Schema,
}

/// A migration that a database has when its draft has been moved on.
#[derive(Debug)]
pub(crate) struct Reached<'h> {
    pub(crate) migration: &'h Migration,
    /// What it leads to.
    pub(crate) schema: Schema,
    pub(crate) state: State,
}

/// A phase of a migration that is not done.
#[derive(Debug)]
pub(crate) struct Pending<'h> {
    pub(crate) migration: &'h Migration,
    pub(crate) phase: Phase,
    /// Asked first; none where a step is done already.
    pub(crate) guards: Vec<GuardSql>,
    /// Those that are not done.
    pub(crate) steps: Vec<Step>,
    /// Whether none is done.
    pub(crate) begins: bool,
    /// What the database holds before.
    pub(crate) previous: Schema,
    /// From the tables' names before to their names after.
    pub(crate) tables: BTreeMap<String, String>,
    /// What the database then holds.
    pub(crate) schema: Schema,
    /// What the migration is when all of this phase is done.
    pub(crate) state: State,
}

impl Pending<'_> {
    /// The tables that only the release before knew, and whose rows others have: they go.
    pub(crate) fn mirrors(&self) -> impl Iterator<Item = &str> {
        let phases = self.migration.phases.as_ref().filter(|_| self.phase == Phase::Contract);
        phases.into_iter().flat_map(|phases| &phases.bridges).filter_map(|bridge| match bridge {
            Bridge::Table { previous, .. } => Some(previous.as_str()),
            Bridge::Same { .. } | Bridge::Fill { .. } | Bridge::Values { .. } => None,
        })
    }
}

/// Up to which migration second phases run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contracts {
    /// All: no process of an earlier release is left.
    All,
    /// Those of migrations up to this number, which every release that runs knows; the others wait.
    UpTo(u32),
}

impl Contracts {
    fn includes(self, number: u32) -> bool {
        match self {
            Self::All => true,
            Self::UpTo(last) => number <= last,
        }
    }
}

/// What a decision depends on beside the history and the journal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms<'a> {
    pub(crate) beyond: Beyond,
    pub(crate) contracts: Contracts,
    /// The hazards that may happen on the way from a draft.
    pub(crate) allowed: &'a BTreeSet<Allowed>,
}

/// What is to be done to bring the database of this journal to the head.
pub(crate) fn decide<'h>(
    target: &Target,
    history: &'h History,
    journal: &Journal,
    terms: Terms<'_>,
) -> Result<Work<'h>, MigrateError> {
    let Terms { beyond, contracts, allowed } = terms;
    let expected = &history.snapshot.database;
    let found = journal.rows.iter().rev().find_map(|row| row.schema.as_ref()).map(|schema| &schema.database);
    if let Some(found) = found.filter(|found| *found != expected) {
        let (found, expected) = (found.clone(), expected.clone());
        return Err(MigrateError::OtherDatabase { target: target.to_string(), found, expected });
    }

    // All that a squashed migration stands for is one row.
    let journal = &squashed(target, history, journal)?;
    let mut draft = None;
    let mut abandoned = None;
    let mut done = 0;
    let mut seal = false;
    let mut ahead = Vec::new();
    let mut waiting = Vec::new();
    for (at, row) in journal.rows.iter().enumerate() {
        let migration = history.migrations.get(at).filter(|migration| migration.number == row.number);
        if migration.is_some_and(|migration| migration.hash.to_string() == row.hash) {
            done += usize::from(row.state != State::Started);
            if matches!(row.state, State::Expanded | State::Contracting) {
                waiting.extend(migration.map(|migration| (migration, row.state)));
            }
            seal |= row.state == State::Open && row.number <= history.sealed;
            continue;
        }
        let newest = at + 1 == journal.rows.len();
        let complete = draft.is_none() && done == history.migrations.len() && at >= done;
        match row.state {
            State::Sealed | State::Expanded if beyond == Beyond::Tolerated && complete => ahead.push(row.name.clone()),
            State::Contracted | State::Contracting if beyond == Beyond::Tolerated && complete => {
                let (target, migration) = (target.to_string(), row.name.clone());
                return Err(MigrateError::Contracted { target, migration });
            }
            // A later release is being applied, or was until its applier died: this one runs while it goes on.
            State::Started if beyond == Beyond::Tolerated && complete && newest && is_sealed(history) => {
                ahead.push(row.name.clone());
            }
            _ if !ahead.is_empty() => {
                let (target, migration) = (target.to_string(), row.name.clone());
                return Err(MigrateError::UnknownMigration { target, migration });
            }
            State::Open if newest => {
                let ahead = history.migrations.get(at..).unwrap_or_default();
                let moved = draft::move_on(target, history, journal, row, ahead, allowed)?;
                done += moved.reached.len();
                draft = Some(moved);
            }
            State::Started if newest => match last_done(journal, row.number) {
                // Nothing of it was done: it is as if it had never begun.
                None => abandoned = migration.is_none().then_some(row.number),
                Some(step) => {
                    let (target, migration) = (target.to_string(), row.name.clone());
                    return Err(MigrateError::HalfApplied { target, migration, step });
                }
            },
            _ => {
                let (target, name) = (target.to_string(), row.name.clone());
                return Err(match migration {
                    Some(_) => MigrateError::Edited { target, migration: name },
                    None => MigrateError::UnknownMigration { target, migration: name },
                });
            }
        }
    }

    // A database that was moved on holds its columns in an order of its own: later migrations add to that.
    let mut schema = match &draft {
        Some(draft) => draft.schema.clone(),
        None => stored(journal, done, expected),
    };
    let mut pending = Vec::new();
    for (migration, state) in waiting {
        let contracted = second(target, history, journal, migration, &schema)?;
        if contracts.includes(migration.number) || state == State::Contracting {
            schema = contracted.schema.clone();
            pending.push(contracted);
        } else if history.migrations.len() > done {
            let (target, migration) = (target.to_string(), migration.name.clone());
            return Err(MigrateError::ContractWaits { target, migration });
        }
    }
    for migration in history.migrations.iter().skip(done) {
        let first = first(target, history, journal, migration, &schema)?;
        schema = first.schema.clone();
        pending.push(first);
        if migration.has_contract() {
            if contracts.includes(migration.number) {
                let second = second(target, history, journal, migration, &schema)?;
                schema = second.schema.clone();
                pending.push(second);
            } else if migration.number < history.migrations.last().map_or(0, |last| last.number) {
                // What comes next is made for what the second phase leaves.
                let (target, migration) = (target.to_string(), migration.name.clone());
                return Err(MigrateError::ContractWaits { target, migration });
            }
        }
    }
    Ok(Work { draft, abandoned, seal, pending, ahead })
}

/// The journal as a shortened history sees it.
fn squashed(target: &Target, history: &History, journal: &Journal) -> Result<Journal, MigrateError> {
    let mut journal = journal.clone();
    let Some((first, squashed)) = history.migrations.first().and_then(|first| Some((first, first.squashed.as_ref()?)))
    else {
        return Ok(journal);
    };
    let known = journal.rows.iter().position(|row| row.number == first.number && row.hash == squashed.hash);
    match known {
        Some(at) if matches!(journal.rows[at].state, State::Sealed | State::Contracted | State::Open) => {
            journal.rows.drain(..at);
            if let Some(row) = journal.rows.first_mut() {
                row.hash = first.hash.to_string();
                row.name.clone_from(&first.name);
                row.state = State::Sealed;
            }
        }
        _ if journal.rows.iter().any(|row| row.number < first.number) => {
            return Err(MigrateError::Squashed { target: target.to_string(), migration: first.name.clone() });
        }
        _ => {}
    }
    Ok(journal)
}

/// The first phase of a migration.
fn first<'h>(
    target: &Target,
    history: &History,
    journal: &Journal,
    migration: &'h Migration,
    previous: &Schema,
) -> Result<Pending<'h>, MigrateError> {
    let state = if migration.has_contract() { State::Expanded } else { settled(history, migration) };
    phase(target, journal, migration, Phase::Expand, previous, migration.expand(), state)
}

/// The second phase of a migration.
fn second<'h>(
    target: &Target,
    history: &History,
    journal: &Journal,
    migration: &'h Migration,
    previous: &Schema,
) -> Result<Pending<'h>, MigrateError> {
    let contract = migration.phases.as_ref().map_or(&[][..], |phases| &phases.contract);
    phase(target, journal, migration, Phase::Contract, previous, contract, settled(history, migration))
}

fn phase<'h>(
    target: &Target,
    journal: &Journal,
    migration: &'h Migration,
    phase: Phase,
    previous: &Schema,
    changes: &[Change],
    state: State,
) -> Result<Pending<'h>, MigrateError> {
    let mut schema = previous.clone();
    advance(target, &mut schema, changes)?;
    let steps = steps(target.engine(), migration, phase, journal)?;
    let all = migration.script(target.engine(), phase);
    // A phase that has begun has changed what its guards ask.
    let data = migration.script(target.engine(), Phase::Data).filter(|_| phase == Phase::Expand);
    let count = |script: Option<&Script>| script.map_or(0, |script| script.steps.len());
    let is_fresh = count(all) + count(data) == steps.len();
    Ok(Pending {
        migration,
        phase,
        guards: all.filter(|_| is_fresh).map(|script| script.guards.clone()).unwrap_or_default(),
        steps,
        begins: is_fresh,
        tables: renamed(previous, changes),
        previous: previous.clone(),
        schema,
        state,
    })
}

/// What a migration is when all of it is done. Only the newest may still be rewritten, and only until a release seals it.
pub(crate) fn settled(history: &History, migration: &Migration) -> State {
    let last = history.migrations.last().is_none_or(|last| last.number == migration.number);
    if last && migration.number > history.sealed { State::Open } else { for_good(migration) }
}

/// What a migration is when a release has sealed it and all of it is done.
pub(crate) fn for_good(migration: &Migration) -> State {
    if migration.has_contract() || !migration.interrupts().is_empty() { State::Contracted } else { State::Sealed }
}

/// Whether a release has sealed all of a history.
fn is_sealed(history: &History) -> bool {
    history.migrations.last().is_none_or(|last| last.number <= history.sealed)
}

/// The schema that the database holds after its first `done` migrations.
fn stored(journal: &Journal, done: usize, database: &str) -> Schema {
    let last = done.checked_sub(1).and_then(|last| journal.rows.get(last));
    last.and_then(|row| row.schema.clone())
        .unwrap_or_else(|| Schema { database: database.to_owned(), ..Schema::default() })
}

/// Makes changes of a history that has been checked: one that does not fit is not of the schema in the journal.
fn advance(target: &Target, schema: &mut Schema, changes: &[Change]) -> Result<(), MigrateError> {
    for change in changes {
        schema.apply(change).map_err(|_| MigrateError::Journal { target: target.to_string() })?;
    }
    Ok(())
}

fn last_done(journal: &Journal, migration: u32) -> Option<usize> {
    let done = journal.lines.iter().filter(|line| line.migration == migration && line.event == Event::Done);
    done.map(|line| line.step).max()
}

/// From the names of tables before some changes to their names after them.
fn renamed(previous: &Schema, changes: &[Change]) -> BTreeMap<String, String> {
    let tables = mapping(previous, changes).into_iter();
    tables.filter_map(|(table, rows)| Some((rows.from?, table))).collect()
}

/// The steps of a phase that are not done, each with how it failed before. They are numbered over both phases.
fn steps(engine: Engine, migration: &Migration, phase: Phase, journal: &Journal) -> Result<Vec<Step>, MigrateError> {
    let lines = || journal.lines.iter().filter(|line| line.migration == migration.number);
    let done: BTreeSet<usize> = lines().filter(|line| line.event == Event::Done).map(|line| line.step).collect();
    // A step of this number may have been another one when it failed: its migration was rewritten since.
    let failures: BTreeMap<(usize, &str), &str> =
        lines().filter_map(|line| Some(((line.step, line.title.as_str()), line.message.as_deref()?))).collect();
    if !migration.scripts.iter().any(|script| script.engine == engine) && !migration.changes.is_empty() {
        let migration = migration.name.clone();
        return Err(MigrateError::NoScript { migration, engine: engine.title() });
    }
    let scripts = Phase::ALL.into_iter().filter_map(|phase| migration.script(engine, phase));
    Ok(scripts
        .flat_map(|script| script.steps.iter().map(|step| (script.phase, step)))
        .enumerate()
        // SQL by hand runs behind the first phase.
        .filter(|(_, (of, _))| *of == phase || (phase == Phase::Expand && *of == Phase::Data))
        .map(|(at, (_, step))| Step {
            number: at + 1,
            title: step.title.clone(),
            mode: step.mode,
            sql: step.sql.clone(),
            statements: step.statements().into_iter().map(str::to_owned).collect(),
            before: failures.get(&(at + 1, step.title.as_str())).map(|message| (*message).to_owned()),
        })
        .filter(|step| !done.contains(&step.number))
        .collect())
}
