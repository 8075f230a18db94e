//! Orders the changes between two schemas into steps that rows survive, or refuses them.
//! In: two schemas. Out: a [`Plan`], and each engine's statements for it. Absent: files and hashes ([`crate::history`]).

mod order;
mod refuse;
mod statements;

use serde::{Deserialize, Serialize};

use crate::change::Change;
use crate::check::check;
use crate::diff::diff;
pub use crate::refusal::Refusal;
use crate::refusal::shown;
use crate::schema::Schema;
pub use statements::statements;

/// When a step runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Before the release that needs it: what the release before can live with.
    Expand,
    /// When no process of the release before is left.
    Contract,
}

impl Phase {
    /// Every phase, in the order in which they run.
    pub const ALL: [Self; 2] = [Self::Expand, Self::Contract];

    /// The word for it in file names.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Expand => "expand",
            Self::Contract => "contract",
        }
    }
}

/// The steps from one schema to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// In the order in which they run.
    pub steps: Vec<Step>,
}

/// A step: one change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// When it runs.
    pub phase: Phase,
    /// What it is about: `shop.products.price`.
    pub object: String,
    /// What it does, in a few words: ``create table `products` ``.
    pub summary: String,
    /// The change.
    pub change: Change,
}

/// The steps from `previous` to `next`.
///
/// # Errors
/// Every change that is not supported or that rows would not survive; or everything wrong with `next` itself.
pub fn plan(previous: &Schema, next: &Schema) -> Result<Plan, Vec<Refusal>> {
    let wrong = check(next);
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let changes = diff(previous, next);
    let mut refusals: Vec<Refusal> = changes.iter().filter_map(|change| refuse::refuse(next, change)).collect();
    if !refusals.is_empty() {
        refusals.sort();
        return Err(refusals);
    }
    let steps = order::order(changes).into_iter().map(|change| step(&next.database, change)).collect();
    Ok(Plan { steps })
}

fn step(database: &str, change: Change) -> Step {
    let (object, summary) = match &change {
        Change::AddTable { table } => (table.name.clone(), format!("create table `{}`", shown(&table.name))),
        Change::AddColumn { table, column, .. } => {
            (format!("{table}.{}", column.name), format!("add column `{}` to `{}`", shown(&column.name), shown(table)))
        }
        Change::AddIndex { table, index } => {
            (format!("{table}.{}", index.name), format!("create index `{}` on `{}`", shown(&index.name), shown(table)))
        }
        // `refuse` lets nothing else through.
        other => (String::new(), format!("{other:?}")),
    };
    Step { phase: Phase::Expand, object: format!("{database}.{object}"), summary, change }
}
