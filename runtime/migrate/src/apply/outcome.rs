//! What apply has done, or would do. In: the work, and the journal before it. Out: [`Applied`].

use cell_schema::history::History;

use super::{Applied, AppliedStep, Head};
use crate::journal::{Journal, State};
use crate::work::{self, Step, Work};

/// What the work comes to, once it is done.
pub(super) fn outcome(history: &History, work: &Work<'_>, journal: &Journal) -> Applied {
    let step = |migration: &str, draft: bool, step: &Step| AppliedStep {
        migration: migration.to_owned(),
        step: step.number,
        title: step.title.clone(),
        sql: step.sql.clone(),
        draft,
        failed_before: step.before.clone(),
    };
    let moved = work.draft.iter().flat_map(|draft| draft.steps.iter().map(|run| step(&draft.row.name, true, run)));
    let migrated = work
        .pending
        .iter()
        .flat_map(|pending| pending.steps.iter().map(|run| step(&pending.migration.name, false, run)));
    let dropped = work.draft.as_ref().filter(|draft| draft.reached.is_empty()).map(|draft| draft.row.number);
    let dropped = dropped.or(work.abandoned);
    let remaining = journal.rows.iter().rev().find(|row| Some(row.number) != dropped).map(|row| Head {
        number: row.number,
        name: row.name.clone(),
        hash: row.hash.clone(),
        state: if row.state == State::Open && row.number <= history.sealed {
            let migration = history.migrations.iter().find(|migration| migration.number == row.number);
            migration.map_or(State::Sealed, work::for_good)
        } else {
            row.state
        },
    });
    let reached = work.pending.last().map(|pending| (pending.migration, pending.state));
    let reached = reached.or_else(|| {
        let last = work.draft.as_ref()?.reached.last()?;
        Some((last.migration, last.state))
    });
    let head = reached.map(|(migration, state)| Head {
        number: migration.number,
        name: migration.name.clone(),
        hash: migration.hash.to_string(),
        state,
    });
    Applied {
        steps: moved.chain(migrated).collect(),
        counted: Vec::new(),
        head: head.or(remaining),
        ahead: work.ahead.clone(),
    }
}
