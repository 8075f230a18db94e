//! From one schema to the next: both, as far as the changes between them concern them, and where rows come from. Made once for
//! both engines, so that a plan takes as long as its changes, not as its schema. In: a schema, changes. Out: tables by name,
//! before and after. Absent: what an engine makes of it ([`crate::plan`]).

mod concerned;

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::change::{Change, Mismatch};
use crate::mapping::{TableRows, mapping};
use crate::refusal::Refusal;
use crate::schema::{Schema, Table};

pub(crate) struct Transition<'a> {
    /// All of the schema before.
    whole: &'a Schema,
    pub(crate) changes: &'a [Change],
    /// The tables that the changes concern, as they were, in the order of their names.
    pub(crate) before: Cow<'a, Schema>,
    /// The same as they will be, and new ones, in the order of their names.
    pub(crate) after: Cow<'a, Schema>,
    /// Where the rows of these come from.
    pub(crate) rows: BTreeMap<String, TableRows>,
}

impl<'a> Transition<'a> {
    /// # Errors
    /// The changes do not fit the schema.
    pub(crate) fn new(whole: &'a Schema, changes: &'a [Change]) -> Result<Self, Vec<Refusal>> {
        let before = concerned::concerned(whole, changes);
        let after = replay(&before, changes)?;
        let rows = mapping(&before, changes);
        Ok(Self { whole, changes, before: Cow::Owned(before), after: Cow::Owned(after), rows })
    }

    /// Every table, also of those that no change concerns.
    pub(crate) fn of_all(whole: &'a Schema, changes: &'a [Change]) -> Result<Self, Vec<Refusal>> {
        let before = if whole.tables.is_sorted_by(|one, other| one.name <= other.name) {
            Cow::Borrowed(whole)
        } else {
            Cow::Owned(whole.clone().sorted())
        };
        let after = if changes.is_empty() { before.clone() } else { Cow::Owned(replay(&before, changes)?) };
        Ok(Self { whole, changes, before, after, rows: mapping(whole, changes) })
    }

    pub(crate) fn database(&self) -> &str {
        &self.whole.database
    }

    /// A table by its name before.
    pub(crate) fn previous(&self, table: &str) -> Option<&Table> {
        self.whole.table(table)
    }

    /// A table by its name after.
    pub(crate) fn next(&self, table: &str) -> Option<&Table> {
        find(&self.after, table).or_else(|| self.untouched(table))
    }

    /// The name before of the table that has these rows; none where it is new.
    pub(crate) fn origin(&self, table: &str) -> Option<&str> {
        match self.rows.get(table) {
            Some(rows) => rows.from.as_deref(),
            None => self.untouched(table).map(|table| table.name.as_str()),
        }
    }

    /// A table that no change concerns.
    pub(crate) fn untouched(&self, table: &str) -> Option<&Table> {
        if find(&self.before, table).is_some() { None } else { self.whole.table(table) }
    }
}

/// A table of a schema whose tables are in order.
fn find<'s>(schema: &'s Schema, name: &str) -> Option<&'s Table> {
    let place = schema.tables.binary_search_by(|table| table.name.as_str().cmp(name)).ok()?;
    schema.tables.get(place)
}

/// The schema after the changes.
///
/// # Errors
/// A change does not fit.
pub fn replay(previous: &Schema, changes: &[Change]) -> Result<Schema, Vec<Refusal>> {
    let mut schema = previous.clone();
    for change in changes {
        schema.apply(change).map_err(|mismatch| vec![misfit(previous, mismatch)])?;
    }
    Ok(schema)
}

/// A change that is of another schema.
pub(crate) fn misfit(schema: &Schema, mismatch: Mismatch) -> Refusal {
    Refusal::new("history-change", &schema.database, mismatch.message, "take the migrations from version control")
}
