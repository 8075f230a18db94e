//! Two releases on one database: a schema between the earlier one and the next with which processes of both can work, as far as
//! there is one. In: the schema before, the changes. Out: the changes that lead there, those that lead on when no process of
//! the earlier release is left, the bridges between, and what interrupts the earlier release all the same.
//!
//! What is only read stays until the end; what is only written need not be written; what has two names is kept equal under both
//! by a bridge. What cannot be bridged is done at once. Absent: when each phase runs, which a deploy decides.

mod columns;
mod parts;
mod renamed;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Refusal, replay, reverse, summary};
use crate::change::Change;
use crate::check::check;
use crate::diff::diff;
use crate::expr::Expression;
use crate::hints::Hints;
use crate::mapping::{TableRows, mapping};
use crate::schema::{Action, Column, Reference, Schema, Table};

/// The two phases of some changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phases {
    /// To the schema that both releases can work with.
    pub expand: Vec<Change>,
    /// From there to the next schema; none where nothing waits.
    pub contract: Vec<Change>,
    /// What keeps rows fit for both in between.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bridges: Vec<Bridge>,
    /// What the earlier release cannot live with, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interrupts: Vec<String>,
}

/// What stands between the phases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Bridge {
    /// Two columns hold the same value, whichever is written.
    Same {
        /// The table.
        table: String,
        /// The name that the earlier release knows.
        previous: String,
        /// The name that the next one knows.
        next: String,
    },
    /// A column that an earlier release leaves empty gets a value.
    Fill {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// Over the columns of the row.
        value: Expression,
    },
    /// Values of an enumeration have two names: whichever is written, rows hold the one that both releases read.
    Values {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// The names that the earlier release knows, by those that only the next one does.
        values: BTreeMap<String, String>,
    },
    /// A table has a second name, under which it has the columns that the earlier release knows.
    Table {
        /// The name that the earlier release knows.
        previous: String,
        /// The name that the next one knows.
        next: String,
    },
}

/// Divides changes into phases.
///
/// # Errors
/// The changes do not fit the schema.
pub fn phases(previous: &Schema, changes: &[Change]) -> Result<Phases, Vec<Refusal>> {
    let next = replay(previous, changes)?;
    let at_once = |interrupts| Phases { expand: changes.to_vec(), interrupts, ..Phases::default() };
    let mut between = Between {
        previous,
        next: &next,
        rows: mapping(previous, changes),
        schema: Schema { database: next.database.clone(), tables: Vec::new() },
        hints: reverse::hints(previous, changes),
        bridges: Vec::new(),
        interrupts: Vec::new(),
    };
    for table in &next.tables {
        between.table(table, changes);
    }
    let kept: BTreeSet<String> = between.rows.values().filter_map(|rows| rows.from.clone()).collect();
    for table in previous.tables.iter().filter(|table| !kept.contains(&table.name)) {
        between.leaving(table);
    }
    let Between { mut schema, hints, bridges, interrupts, .. } = between;
    schema = schema.sorted();
    if !check(&schema).is_empty() {
        // What is between would be no schema: then nothing is.
        let all = changes.iter().filter(|change| may_interrupt(change)).map(summary::summary).collect();
        return Ok(at_once(all));
    }
    let contract = match diff(&schema, &next, &contract_hints(&hints, &next)) {
        Ok(contract) if !contract.is_empty() || !bridges.is_empty() => contract,
        _ => return Ok(at_once(interrupts)),
    };
    match diff(previous, &schema, &hints) {
        Ok(expand) => Ok(Phases { expand, contract, bridges, interrupts }),
        Err(_) => Ok(at_once(changes.iter().map(summary::summary).collect())),
    }
}

/// What is said of rows when the second phase begins: nothing has another name any more.
fn contract_hints(hints: &Hints, next: &Schema) -> Hints {
    let mut said = hints.clone();
    for (table, hints) in &mut said.tables {
        hints.renamed_from = None;
        let known = |column: &str| next.table(table).is_some_and(|table| table.column(column).is_some());
        hints.columns.retain(|column, _| known(column));
        for hints in hints.columns.values_mut() {
            hints.renamed_from = None;
            // A bridge's backfill names a column that goes.
            let gone = |expression: &Expression| expression.mentions().iter().any(|column| !known(column));
            hints.backfill = hints.backfill.take().filter(|backfill| !gone(backfill));
        }
    }
    said
}

fn may_interrupt(change: &Change) -> bool {
    !matches!(
        change,
        Change::AddTable { .. }
            | Change::AddIndex { .. }
            | Change::RemoveIndex { .. }
            | Change::ChangeIndex { .. }
            | Change::FollowTable { .. }
    )
}

struct Between<'a> {
    previous: &'a Schema,
    next: &'a Schema,
    rows: BTreeMap<String, TableRows>,
    schema: Schema,
    hints: Hints,
    bridges: Vec<Bridge>,
    interrupts: Vec<String>,
}

/// What a table is made of between two releases.
struct Making<'a> {
    /// Under its new name.
    before: &'a Table,
    next: &'a Table,
    table: Table,
    /// Columns of both names, from the earlier to the next.
    twins: Vec<(String, String)>,
    /// Columns that only the earlier release knows.
    leaving: BTreeSet<String>,
}

impl Between<'_> {
    fn interrupt(&mut self, what: String) {
        if !self.interrupts.contains(&what) {
            self.interrupts.push(what);
        }
    }

    fn table(&mut self, next: &Table, changes: &[Change]) {
        let from = self.rows.get(&next.name).and_then(|rows| rows.from.clone());
        let Some(before) = from.and_then(|from| self.previous.table(&from)) else {
            self.schema.tables.push(next.clone());
            return;
        };
        // As it is under its new name, to tables by theirs.
        let references = before.references.iter().map(|reference| self.followed(reference)).collect();
        let earlier = renamed::under(Table { references, ..before.clone() }, &next.name);
        if before.key != next.key {
            let is_another =
                changes.iter().any(|change| matches!(change, Change::ChangeKey { table, .. } if *table == next.name));
            if before.name != next.name {
                self.interrupt(renamed::words(&before.name, &next.name));
            }
            self.interrupt(format!(
                "the key of `{}` {}",
                next.name,
                if is_another { "is another" } else { "has another name" }
            ));
            self.schema.tables.push(next.clone());
            return;
        }
        let without = renamed::Mark::of(self, &next.name);
        // What follows it in the earlier release goes on to.
        let followed = before.followed || next.followed;
        let table = Table { columns: Vec::new(), followed, ..next.clone() };
        let mut making = Making { before: &earlier, next, table, twins: Vec::new(), leaving: BTreeSet::new() };
        for column in &next.columns {
            self.column(&mut making, column);
        }
        let origin = |column: &Column| Some(self.rows.get(&next.name)?.origin(&column.name)?.to_owned());
        let kept: BTreeSet<String> = next.columns.iter().filter_map(origin).collect();
        for column in earlier.columns.iter().filter(|column| !kept.contains(&column.name)) {
            self.gone(&mut making, column);
        }
        self.computed(&mut making);
        parts::parts(&mut making);
        self.by_earlier_names(&making);
        let made = making.table;
        let made = if before.name == next.name { made } else { self.under_both_names(before, next, made, without) };
        self.schema.tables.push(made);
    }

    /// A reference that follows what it refers to under its new names.
    fn followed(&self, reference: &Reference) -> Reference {
        let mut rows = self.rows.iter().filter(|(_, rows)| rows.from.as_deref() == Some(reference.table.as_str()));
        let Some((table, rows)) = rows.next() else { return reference.clone() };
        let name = |column: &String| {
            let mut names = rows.columns.keys().filter(|name| rows.origin(name) == Some(column.as_str()));
            names.next().unwrap_or(column).clone()
        };
        let target = reference.target.iter().map(name).collect();
        Reference { table: table.clone(), target, ..reference.clone() }
    }

    /// A table that only the earlier release knows. What it refers to may lose its rows all the same, where the next release
    /// knows it.
    fn leaving(&mut self, table: &Table) {
        if self.next.table(&table.name).is_some() {
            self.interrupt(format!("table `{}` is another", table.name));
            return;
        }
        let leaves = |name: &str| !self.rows.values().any(|rows| rows.from.as_deref() == Some(name));
        let references = table.references.iter().filter_map(|reference| {
            if leaves(&reference.table) {
                return Some(reference.clone());
            }
            let followed = self.followed(reference);
            (followed.on_delete != Action::Refuse && self.next.table(&followed.table).is_some()).then_some(followed)
        });
        let references = references.collect();
        self.schema.tables.push(Table { references, ..table.clone() });
    }
}
