//! How one schema becomes another, with rows in its tables. In: two schemas and what is said beside them. Out: a [`Plan`]: the
//! changes with their hazards, or refusals; and for each engine a [`Program`] of guards and steps.
//! Absent: files and hashes ([`crate::history`]), and counting rows.

mod adopt;
mod alter;
mod bridge;
mod feed;
mod findings;
mod guards;
mod order;
mod phases;
mod rebuild;
mod reverse;
mod rows;
mod summary;
mod unread;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::change::Change;
use crate::check::check;
use crate::ddl::Statement;
use crate::diff::diff;
use crate::engine::Engine;
use crate::hazard::{Allowed, Consent, Hazard, HazardKind};
use crate::hints::Hints;
pub use crate::refusal::Refusal;
use crate::refusal::shown;
use crate::schema::{Schema, Table};
use crate::transition::Transition;
pub use crate::transition::replay;
use crate::{ddl, dialect};
pub use adopt::{Adopted, adopt};
pub use bridge::bridge_objects;
pub use guards::Guard;
pub use phases::{Bridge, Phases, phases};
pub use reverse::{Reverse, hints, reverse, reverse_between};
pub use rows::{Kept, kept};
pub use summary::summary;
pub(crate) use summary::table;
pub use unread::unread;

/// When a step runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Before the release that needs it: what the release before can live with.
    Expand,
    /// Behind that: SQL by hand, on the schema that both releases work with.
    Data,
    /// When no process of the release before is left.
    Contract,
}

impl Phase {
    /// Every phase, in the order in which they run.
    pub const ALL: [Self; 3] = [Self::Expand, Self::Data, Self::Contract];

    /// The word for it in file names.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Expand => "expand",
            Self::Data => "data",
            Self::Contract => "contract",
        }
    }
}

/// The changes from one schema to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// In the order in which they lead from one schema to the other.
    pub changes: Vec<Change>,
    /// What may go wrong with rows, ordered by object. None of them needs a consent that was not given.
    pub hazards: Vec<Hazard>,
    /// The hazards that need consent, and have it.
    pub allowed: BTreeSet<Allowed>,
    /// What each engine does, with indexes that are built while others write. Missing where an expression by hand has no text
    /// for the engine.
    pub programs: BTreeMap<Engine, Program>,
}

/// What one engine does for some changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// Asked before the first step, in order.
    pub guards: Vec<Guard>,
    /// In the order in which they run.
    pub steps: Vec<Step>,
}

/// A step: what runs together, or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What it does, in a few words: ``create table `products` ``.
    pub title: String,
    /// More about it, a line each.
    pub notes: Vec<String>,
    /// What it keeps others from while it runs: hazards of which is told.
    pub hazards: Vec<Hazard>,
    /// How it runs.
    pub mode: Mode,
    /// In order.
    pub statements: Vec<Statement>,
}

/// How a step runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// In a transaction, with its line in the journal.
    #[default]
    Together,
    /// Outside of any transaction, statement by statement; running it again does no harm (PostgreSQL's `CONCURRENTLY`).
    Alone,
    /// In a transaction in which foreign keys do nothing, and which ends only where no other table's rows have changed (SQLite).
    Rebuild,
}

impl Mode {
    /// The word for it in scripts; nothing where it is the usual one.
    #[must_use]
    pub fn word(self) -> Option<&'static str> {
        match self {
            Self::Together => None,
            Self::Alone => Some("alone"),
            Self::Rebuild => Some("rebuild"),
        }
    }

    /// The mode of this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Alone, Self::Rebuild].into_iter().find(|mode| mode.word() == Some(word))
    }
}

impl Step {
    pub(crate) fn new(title: impl Into<String>, statements: Vec<Statement>) -> Self {
        Self { title: title.into(), notes: Vec::new(), hazards: Vec::new(), mode: Mode::Together, statements }
    }

    /// Tells that a table is written anew.
    fn rewrites(&mut self, object: String, table: &str) {
        let message = format!("every row of `{}` is written anew while nobody else can use it", shown(table));
        self.hazards.push(Hazard { object, kind: HazardKind::TableRewritten, message, help: None });
    }

    /// Tells that a table is read as a whole.
    fn locks(&mut self, object: String, table: &str) {
        let message = format!("every row of `{}` is read while nobody else can write to it", shown(table));
        self.hazards.push(Hazard { object, kind: HazardKind::TableLocked, message, help: None });
    }

    /// Tells that an index is built while others wait.
    fn builds(&mut self, object: String, table: &str) {
        let message = format!("it is built over every row of `{}` while nobody else can write to it", shown(table));
        self.hazards.push(Hazard { object, kind: HazardKind::IndexBuiltWithLock, message, help: None });
    }
}

/// How programs are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Indexes {
    /// While others write, outside of transactions.
    Concurrently,
    /// In transactions, so that a failure leaves nothing.
    InTransactions,
}

/// The changes from `previous` to `next`.
///
/// # Errors
/// Everything wrong with `next` itself; changes that no engine makes; hazards that need a consent which was not given, each
/// with the hazard's code.
pub fn plan(previous: &Schema, next: &Schema, hints: &Hints) -> Result<Plan, Vec<Refusal>> {
    let wrong = check(next);
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let changes = diff(previous, next, hints)?;
    planned(previous, changes, hints)
}

/// The plan of changes that are known.
pub(crate) fn planned(previous: &Schema, changes: Vec<Change>, hints: &Hints) -> Result<Plan, Vec<Refusal>> {
    let transition = Transition::new(previous, &changes)?;
    let (findings, mut refusals) = findings::find(&transition);
    let (hazards, allowed) = consented(&findings, hints, &mut refusals);
    let mut programs = BTreeMap::new();
    // An expression by hand may have no text for an engine: then the schema is not meant for it.
    let untouched = previous.tables.iter().filter(|table| transition.untouched(&table.name).is_some());
    let expressions = untouched.chain(&transition.after.tables).flat_map(Table::expressions);
    let mut engines = Engine::ALL.to_vec();
    expressions.for_each(|expression| engines.retain(|engine| expression.has(*engine)));
    for engine in engines {
        if !refusals.is_empty() {
            break;
        }
        match programmed(engine, &transition, &findings, Indexes::Concurrently, Vec::new()) {
            Ok(program) => drop(programs.insert(engine, program)),
            Err(mut more) => refusals.append(&mut more),
        }
    }
    refusals.sort();
    refusals.dedup();
    if refusals.is_empty() { Ok(Plan { changes, hazards, allowed, programs }) } else { Err(refusals) }
}

/// The hazards of findings, and those of them that need consent and have it. Refused are those that have none.
fn consented(
    findings: &[findings::Finding],
    hints: &Hints,
    refusals: &mut Vec<Refusal>,
) -> (Vec<Hazard>, BTreeSet<Allowed>) {
    let mut hazards: Vec<Hazard> = findings.iter().map(|finding| finding.hazard.clone()).collect();
    hazards.sort();
    hazards.dedup();
    let mut allowed = BTreeSet::new();
    for hazard in hazards.iter().filter(|hazard| hazard.kind.consent() == Consent::Needed) {
        if hints.allows(hazard.kind, &hazard.object) {
            allowed.insert(Allowed { hazard: hazard.kind, object: hazard.object.clone() });
        } else {
            let allow = format!("to let it happen, pass `--allow {}={}`", hazard.kind, hazard.object);
            let help = hazard.help.as_ref().map_or_else(|| allow.clone(), |help| format!("{help}; {allow}"));
            refusals.push(Refusal::new(hazard.kind.code(), &hazard.object, &hazard.message, help));
        }
    }
    (hazards, allowed)
}

/// What `engine` does to make the changes, which lead to a sound schema.
///
/// # Errors
/// What this engine cannot hold, such as an expression without text for it; changes that do not fit.
pub fn program(
    engine: Engine,
    previous: &Schema,
    changes: &[Change],
    indexes: Indexes,
) -> Result<Program, Vec<Refusal>> {
    program_beside(engine, previous, changes, indexes, Vec::new())
}

/// The same where views of ours are on the tables, which go before anything else does.
fn program_beside(
    engine: Engine,
    previous: &Schema,
    changes: &[Change],
    indexes: Indexes,
    views: Vec<String>,
) -> Result<Program, Vec<Refusal>> {
    let transition = Transition::new(previous, changes)?;
    programmed(engine, &transition, &findings::find(&transition).0, indexes, views)
}

fn programmed(
    engine: Engine,
    transition: &Transition<'_>,
    findings: &[findings::Finding],
    indexes: Indexes,
    views: Vec<String>,
) -> Result<Program, Vec<Refusal>> {
    let subject = Subject { views, ..Subject::new(engine, transition, indexes)? };
    let guards = guards::guards(&subject, findings)?;
    let mut steps = if dialect::capability(engine).alters {
        alter::steps(&subject)?
    } else {
        rebuild::steps(&subject, &dialect::lenient(engine, &transition.before))?
    };
    feed::follow(&subject, &mut steps);
    Ok(Program { guards, steps })
}

/// What `engine` does in one phase of a migration that makes these changes. The first phase asks about the rows for both: a
/// database whose rows do not fit what comes is better off with nothing changed.
///
/// # Errors
/// What [`program`] refuses.
pub fn phase_program(
    engine: Engine,
    phase: Phase,
    previous: &Schema,
    changes: &[Change],
    phases: &Phases,
) -> Result<Program, Vec<Refusal>> {
    let between = replay(previous, &phases.expand)?;
    match phase {
        Phase::Expand => {
            let mut program = program(engine, previous, &phases.expand, Indexes::Concurrently)?;
            if phases.expand != changes {
                program.guards = self::program(engine, previous, changes, Indexes::Concurrently)?.guards;
                program.guards.extend(in_the_way_later(engine, previous, phases)?);
            }
            bridge::stand(engine, previous, &between, phases, &mut program.steps)?;
            Ok(program)
        }
        // Nobody but a developer knows what it does.
        Phase::Data => Ok(Program::default()),
        Phase::Contract => {
            let views = bridge::second_names(phases);
            let mut program = program_beside(engine, &between, &phases.contract, Indexes::Concurrently, views)?;
            // What is lost was told before.
            program.guards.retain(|guard| guard.refuses);
            bridge::fall(engine, previous, &between, phases, &mut program.steps)?;
            Ok(program)
        }
    }
}

/// What stands on the earlier one of two names: it does not follow, and would be in the way of the second phase.
fn in_the_way_later(engine: Engine, previous: &Schema, phases: &Phases) -> Result<Vec<Guard>, Vec<Refusal>> {
    let rows = crate::mapping::mapping(previous, &phases.expand);
    let mut found = Vec::new();
    for bridge in &phases.bridges {
        let Bridge::Same { table, previous: column, .. } = bridge else { continue };
        let Some(from) = rows.get(table).and_then(|rows| rows.from.clone()) else { continue };
        found.push(findings::stands(previous, &from, column));
    }
    let unchanged = Transition::of_all(previous, &[])?;
    guards::guards(&Subject::new(engine, &unchanged, Indexes::Concurrently)?, &found)
}

/// What `engine` does to make the changes of [`reverse_between`], the way back while a second phase waits.
///
/// # Errors
/// What [`program`] refuses.
pub fn program_between(
    engine: Engine,
    previous: &Schema,
    phases: &Phases,
    back: &[Change],
    indexes: Indexes,
) -> Result<Program, Vec<Refusal>> {
    let between = replay(previous, &phases.expand)?;
    let mut program = program_beside(engine, &between, back, indexes, bridge::second_names(phases))?;
    bridge::fall(engine, previous, &between, phases, &mut program.steps)?;
    Ok(program)
}

/// What a program is made of.
pub(crate) struct Subject<'a> {
    pub(crate) engine: Engine,
    pub(crate) transition: &'a Transition<'a>,
    /// The tables that are concerned, after the changes, as the engine holds them.
    pub(crate) after: ddl::Database,
    pub(crate) indexes: Indexes,
    /// Views of ours that go first.
    pub(crate) views: Vec<String>,
    /// The time zones of columns whose times have none, by table and column; only of a database that is adopted.
    pub(crate) zones: BTreeMap<(String, String), String>,
}

impl<'a> Subject<'a> {
    fn new(engine: Engine, transition: &'a Transition<'a>, indexes: Indexes) -> Result<Self, Vec<Refusal>> {
        let after = dialect::held(engine, &transition.after)?;
        Ok(Self { engine, transition, after, indexes, views: Vec::new(), zones: BTreeMap::new() })
    }

    /// `shop.products.price`
    pub(crate) fn object(&self, table: &str, part: &str) -> String {
        format!("{}.{table}.{part}", self.transition.database())
    }

    pub(crate) fn quote(&self, name: &str) -> String {
        dialect::quote(self.engine, name)
    }
}
