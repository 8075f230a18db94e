//! The way from another draft of the newest migration to what it is now. In: the draft's row, the history. Out: steps from what the
//! database holds, or why there is no way. Absent: whether there is a draft, which [`super::decide`] finds.

use std::collections::BTreeSet;

use cell_schema::change::Change;
use cell_schema::hazard::Allowed;
use cell_schema::history::{self, History, Migration};
use cell_schema::plan::{self, Indexes, Phase};
use cell_schema::schema::Schema;

use super::{Draft, Reached, Step, advance, renamed, settled};
use crate::journal::{Journal, Row};
use crate::{MigrateError, Target};

/// The way from the draft in `row` to what the history has in its place: `ahead`, from the migration of its number on; none where
/// the history has dropped it. What the draft made may be in a later one by now, where another branch's migration came first: so
/// the way leads to the head at once, except where SQL by hand lies on it.
pub(super) fn move_on<'h>(
    target: &Target,
    history: &'h History,
    journal: &Journal,
    row: &Row,
    ahead: &'h [Migration],
    allowed: &BTreeSet<Allowed>,
) -> Result<Draft<'h>, MigrateError> {
    let refused = |refusals| MigrateError::Draft { target: target.to_string(), migration: row.name.clone(), refusals };
    let previous = row.schema.clone().ok_or_else(|| MigrateError::Journal { target: target.to_string() })?;
    let by_hand = |migration: &Migration| migration.script(target.engine(), Phase::Data).is_some();
    let ahead = if ahead.iter().skip(1).any(by_hand) { ahead.get(..1).unwrap_or_default() } else { ahead };
    let base = base(target, history, row.number)?;
    let mut next = base.clone();
    let mut reached = Vec::new();
    for migration in ahead {
        advance(target, &mut next, &migration.changes)?;
        reached.push(Reached { migration, schema: next.clone(), state: settled(history, migration) });
    }
    let changes: Vec<Change> = ahead.iter().flat_map(|migration| migration.changes.clone()).collect();
    let mut hints = plan::hints(&base, &changes);
    hints.allowed = allowed.iter().chain(ahead.iter().flat_map(|migration| &migration.allowed)).cloned().collect();
    let plan = plan::plan(&previous, &next, &hints).map_err(refused)?;
    let program = plan::program(target.engine(), &previous, &plan.changes, Indexes::InTransactions).map_err(refused)?;
    let mut schema = previous.clone();
    advance(target, &mut schema, &plan.changes)?;
    let first = journal.lines.iter().filter(|line| line.migration == row.number).map(|line| line.step).max();
    let history::Parts { guards, steps } = history::parts(target.engine(), &program);
    let steps = steps
        .into_iter()
        .enumerate()
        .map(|(at, step)| Step {
            number: first.unwrap_or(0) + at + 1,
            statements: step.statements().into_iter().map(str::to_owned).collect(),
            title: step.title,
            mode: step.mode,
            sql: step.sql,
            before: None,
        })
        .collect();
    if let Some(last) = reached.last_mut() {
        last.schema.clone_from(&schema);
    }
    let tables = renamed(&previous, &plan.changes);
    Ok(Draft { row: row.clone(), reached, guards, steps, previous, tables, schema })
}

/// The schema before the migration of this number.
fn base(target: &Target, history: &History, number: u32) -> Result<Schema, MigrateError> {
    let mut schema = Schema { database: history.snapshot.database.clone(), ..Schema::default() };
    for migration in history.migrations.iter().filter(|migration| migration.number < number) {
        advance(target, &mut schema, &migration.changes)?;
    }
    Ok(schema)
}
