//! Orders the changes between two schemas into steps that rows survive, or refuses them.
//! In: two schemas. Out: a [`Plan`], and each engine's statements for it. Absent: files and hashes ([`crate::history`]).

mod accept;
mod order;
mod statements;

use serde::{Deserialize, Serialize};

use crate::change::Change;
use crate::check::check;
use crate::diff::diff;
pub use crate::refusal::Refusal;
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
    let (mut steps, mut refusals) = (Vec::new(), Vec::new());
    for change in diff(previous, next) {
        match accept::accept(&next.database, change) {
            Ok(step) => steps.push(step),
            Err(refusal) => refusals.push(refusal),
        }
    }
    refusals.sort();
    if refusals.is_empty() { Ok(Plan { steps: order::order(steps) }) } else { Err(refusals) }
}
