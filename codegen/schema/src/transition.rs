//! From one schema to the next: both, as far as the changes between them concern them, and where rows come from. Made once for
//! both engines, so that a plan takes as long as its changes, not as its schema. In: a schema, changes. Out: tables by name,
//! before and after. Absent: what an engine makes of it ([`crate::plan`]).

mod columns;
mod concerned;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

use crate::change::{Change, Mismatch};
use crate::mapping::{TableRows, mapping};
use crate::refusal::Refusal;
use crate::schema::{Schema, Table};
use columns::{Columns, WithColumn};

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
    /// All tables before, by name.
    known: HashMap<&'a str, Known<'a>>,
    /// Where the tables of `after` stand in it.
    places: HashMap<String, usize>,
    /// What happens to columns, by their tables' names after.
    columns: HashMap<&'a str, Columns<'a>>,
}

/// A table before.
struct Known<'a> {
    table: &'a Table,
    is_concerned: bool,
}

impl<'a> Transition<'a> {
    /// # Errors
    /// The changes do not fit the schema.
    pub(crate) fn new(whole: &'a Schema, changes: &'a [Change]) -> Result<Self, Vec<Refusal>> {
        let before = concerned::concerned(whole, changes);
        let after = replay(&before, changes)?;
        let rows = mapping(&before, changes);
        Ok(Self::of(whole, changes, Cow::Owned(before), Cow::Owned(after), rows))
    }

    /// Every table, also of those that no change concerns.
    pub(crate) fn of_all(whole: &'a Schema, changes: &'a [Change]) -> Result<Self, Vec<Refusal>> {
        let before = if whole.tables.is_sorted_by(|one, other| one.name <= other.name) {
            Cow::Borrowed(whole)
        } else {
            Cow::Owned(whole.clone().sorted())
        };
        let after = if changes.is_empty() { before.clone() } else { Cow::Owned(replay(&before, changes)?) };
        Ok(Self::of(whole, changes, before, after, mapping(whole, changes)))
    }

    fn of(
        whole: &'a Schema,
        changes: &'a [Change],
        before: Cow<'a, Schema>,
        after: Cow<'a, Schema>,
        rows: BTreeMap<String, TableRows>,
    ) -> Self {
        let concerned: HashSet<&str> = before.tables.iter().map(|table| table.name.as_str()).collect();
        let known = |table: &'a Table| {
            (table.name.as_str(), Known { table, is_concerned: concerned.contains(table.name.as_str()) })
        };
        let known = whole.tables.iter().map(known).collect();
        let places = after.tables.iter().enumerate().map(|(place, table)| (table.name.clone(), place)).collect();
        Self { whole, changes, before, after, rows, known, places, columns: columns::by_table(changes) }
    }

    pub(crate) fn database(&self) -> &str {
        &self.whole.database
    }

    /// Whether the feed follows any table before.
    pub(crate) fn follows(&self) -> bool {
        self.whole.tables.iter().any(|table| table.followed)
    }

    /// A table by its name before.
    pub(crate) fn previous(&self, table: &str) -> Option<&Table> {
        Some(self.known.get(table)?.table)
    }

    /// A table by its name after.
    pub(crate) fn next(&self, table: &str) -> Option<&Table> {
        match self.places.get(table) {
            Some(place) => self.after.tables.get(*place),
            None => self.untouched(table),
        }
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
        self.known.get(table).filter(|known| !known.is_concerned).map(|known| known.table)
    }

    /// What comes with a column that is added.
    pub(crate) fn with_column(&self, table: &str, column: &str) -> Option<WithColumn<'a>> {
        self.columns.get(table)?.added(column)
    }

    /// Whether a column that was there is changed, by its names after.
    pub(crate) fn changes(&self, table: &str, column: &str) -> bool {
        self.columns.get(table).is_some_and(|columns| columns.changes(column))
    }

    /// Whether columns of a table, by its name after, are added or changed.
    pub(crate) fn moves(&self, table: &str) -> bool {
        self.columns.contains_key(table)
    }

    /// Whether a column of a table, by its name after, gets another type.
    pub(crate) fn retypes(&self, table: &str) -> bool {
        self.columns.get(table).is_some_and(Columns::retypes)
    }
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
