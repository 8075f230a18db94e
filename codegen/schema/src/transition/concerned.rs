//! The part of a schema that changes are about, so that a plan takes as long as its changes, not as its schema.
//! In: a schema, changes. Out: the tables they change, those that new references lead to, and those whose references may have
//! to be made again.

use std::collections::{BTreeMap, BTreeSet};

use crate::change::Change;
use crate::plan;
use crate::schema::{Reference, Schema};

/// The part of the schema before.
pub(super) fn concerned(previous: &Schema, changes: &[Change]) -> Schema {
    let mut changed: BTreeSet<&str> = BTreeSet::new();
    for change in changes {
        changed.extend(plan::table(change));
        match change {
            Change::RenameTable { to, .. } => changed.extend([to.as_str()]),
            Change::AddTable { table } => changed.extend(table.references.iter().map(|it| it.table.as_str())),
            Change::AddColumn { reference: Some(reference), .. }
            | Change::AddReference { reference, .. }
            | Change::ChangeReference { reference, .. } => changed.extend([reference.table.as_str()]),
            _ => {}
        }
    }
    let bound = bound(previous, changes);
    let mut near = changed.clone();
    for table in &previous.tables {
        let is_bound = |reference: &Reference| match bound.get(reference.table.as_str()) {
            Some(Bound::Whole) => true,
            Some(Bound::Columns(columns)) => reference.target.iter().any(|column| columns.contains(column.as_str())),
            None => false,
        };
        if changed.contains(table.name.as_str()) || table.references.iter().any(is_bound) {
            near.insert(&table.name);
        }
    }
    let tables = previous.tables.iter().filter(|table| near.contains(table.name.as_str())).cloned();
    let mut part = Schema { database: previous.database.clone(), tables: tables.collect() };
    part.tables.sort_by(|left, right| left.name.cmp(&right.name));
    part
}

/// What of a table a reference to it may stand on.
enum Bound<'a> {
    Whole,
    Columns(BTreeSet<&'a str>),
}

/// By the tables' names before.
fn bound<'a>(previous: &Schema, changes: &'a [Change]) -> BTreeMap<&'a str, Bound<'a>> {
    let computes = |table: &str| {
        let table = previous.table(table);
        table.is_none_or(|table| table.columns.iter().any(|column| column.generated.is_some()))
    };
    let mut all: BTreeMap<&str, Bound<'_>> = BTreeMap::new();
    for change in changes {
        let Some(table) = plan::table(change) else { continue };
        let column = match change {
            Change::ChangeColumn { next: column, .. } => Some(column.name.as_str()),
            Change::RemoveColumn { column, .. } => Some(column.as_str()),
            Change::AddColumn { .. } | Change::AddIndex { .. } | Change::ChangeIndex { .. } => continue,
            Change::RemoveIndex { .. } | Change::AddCheck { .. } | Change::RemoveCheck { .. } => continue,
            Change::FollowTable { .. } | Change::UnfollowTable { .. } => continue,
            _ => None,
        };
        match (column.filter(|_| !computes(table)), all.get_mut(table)) {
            (None, _) => drop(all.insert(table, Bound::Whole)),
            (Some(_), Some(Bound::Whole)) => {}
            (Some(column), Some(Bound::Columns(columns))) => columns.extend([column]),
            (Some(column), None) => drop(all.insert(table, Bound::Columns(BTreeSet::from([column])))),
        }
    }
    all
}
