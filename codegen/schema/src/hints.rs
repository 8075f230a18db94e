//! What a developer says of a change beside the schema itself: what was renamed from what, what rows that are there shall hold,
//! what may happen to them. In: nothing. Out: instructions to [`crate::diff`] and [`crate::plan`]. Absent: facts, which are in
//! [`crate::schema`]: a hint stays in the source when it has done its work, and is harmless then.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::Engine;
use crate::expr::Expression;
use crate::hazard::{Allowed, HazardKind};

/// A table's or a column's part of the hints, by the names that the next schema has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// By table.
    pub tables: BTreeMap<String, TableHints>,
    /// The hazards that may happen.
    pub allowed: BTreeSet<Allowed>,
    /// SQL by hand that belongs to the open migration.
    pub data: Option<Data>,
}

/// SQL that a developer wrote beside a migration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Data {
    /// The folder's name without its number, which is the migration's where it has nothing else: `fix_names`.
    pub name: String,
    /// By engine.
    pub texts: BTreeMap<Engine, String>,
}

/// What is said of one table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableHints {
    /// `renamed_from`: the name it had.
    pub renamed_from: Option<String>,
    /// By column.
    pub columns: BTreeMap<String, ColumnHints>,
}

/// What is said of one column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnHints {
    /// `renamed_from`: the name it had.
    pub renamed_from: Option<String>,
    /// `backfill`: what rows that are there hold where they would hold nothing.
    pub backfill: Option<Expression>,
    /// `zone`: the time zone of the times that were stored without one, by its IANA name.
    pub zone: Option<String>,
    /// What becomes of an enumeration's values that the column may no longer hold, by the earlier value.
    pub values: BTreeMap<String, String>,
    /// Which of them were only renamed, by the earlier value: the next release reads these under both names.
    pub renamed: BTreeSet<String>,
}

impl Hints {
    /// What is said of a column.
    #[must_use]
    pub fn column(&self, table: &str, column: &str) -> Option<&ColumnHints> {
        self.tables.get(table)?.columns.get(column)
    }

    /// Whether a hazard may happen to an object.
    #[must_use]
    pub fn allows(&self, hazard: HazardKind, object: &str) -> bool {
        self.allowed.contains(&Allowed { hazard, object: object.to_owned() })
    }
}
