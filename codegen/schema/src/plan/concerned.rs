//! The part of a schema that changes are about, so that a plan takes as long as its changes, not as its schema.
//! In: a schema, changes. Out: the tables they change, those that refer to them, and those that any of these refer to.

use std::collections::BTreeSet;

use super::summary;
use crate::change::Change;
use crate::schema::Schema;

/// The part of the schema before.
pub(super) fn concerned(previous: &Schema, changes: &[Change]) -> Schema {
    let mut changed: BTreeSet<&str> = BTreeSet::new();
    for change in changes {
        changed.extend(summary::table(change));
        match change {
            Change::RenameTable { to, .. } => drop(changed.insert(to)),
            Change::AddTable { table } => changed.extend(table.references.iter().map(|it| it.table.as_str())),
            Change::AddColumn { reference: Some(reference), .. }
            | Change::AddReference { reference, .. }
            | Change::ChangeReference { reference, .. } => drop(changed.insert(&reference.table)),
            _ => {}
        }
    }
    let mut near = changed.clone();
    for table in &previous.tables {
        if changed.contains(table.name.as_str())
            || table.references.iter().any(|reference| changed.contains(reference.table.as_str()))
        {
            near.insert(&table.name);
            near.extend(table.references.iter().map(|reference| reference.table.as_str()));
        }
    }
    let tables = previous.tables.iter().filter(|table| near.contains(table.name.as_str())).cloned();
    Schema { database: previous.database.clone(), tables: tables.collect() }
}
