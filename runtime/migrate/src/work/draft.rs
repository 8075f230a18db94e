//! The way from another draft of the newest migration to what it is now. In: the draft's row, the history. Out: steps from what the
//! database holds, or why there is no way. Absent: whether there is a draft, which [`super::decide`] finds.

use std::collections::BTreeSet;

use cell_schema::hazard::Allowed;
use cell_schema::hints::Hints;
use cell_schema::history::{self, History, Migration};
use cell_schema::plan::{self, Indexes};
use cell_schema::schema::Schema;

use super::{Draft, Step, advance, renamed, settled};
use crate::journal::{Journal, Row, State};
use crate::{MigrateError, Target};

/// The way from the draft in `row` to the migration as it is now, or to the head where the history has dropped it.
pub(super) fn move_on<'h>(
    target: &Target,
    history: &'h History,
    journal: &Journal,
    row: &Row,
    migration: Option<&'h Migration>,
    allowed: &BTreeSet<Allowed>,
) -> Result<Draft<'h>, MigrateError> {
    let refused = |refusals| MigrateError::Draft { target: target.to_string(), migration: row.name.clone(), refusals };
    let previous = row.schema.clone().ok_or_else(|| MigrateError::Journal { target: target.to_string() })?;
    let mut next = Schema { database: history.snapshot.database.clone(), ..Schema::default() };
    for migration in history.migrations.iter().filter(|migration| migration.number <= row.number) {
        advance(target, &mut next, &migration.changes)?;
    }
    let base = base(target, history, row.number)?;
    let mut hints = match migration {
        Some(migration) => plan::hints(&base, &migration.changes),
        None => Hints::default(),
    };
    hints.allowed = allowed.iter().chain(migration.iter().flat_map(|migration| &migration.allowed)).cloned().collect();
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
    let state = migration.map_or(State::Open, |migration| settled(history, migration));
    let tables = renamed(&previous, &plan.changes);
    Ok(Draft { row: row.clone(), migration, guards, steps, previous, tables, schema, state })
}

/// The schema before the migration of this number.
fn base(target: &Target, history: &History, number: u32) -> Result<Schema, MigrateError> {
    let mut schema = Schema { database: history.snapshot.database.clone(), ..Schema::default() };
    for migration in history.migrations.iter().filter(|migration| migration.number < number) {
        advance(target, &mut schema, &migration.changes)?;
    }
    Ok(schema)
}
