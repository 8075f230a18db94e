//! The order of steps: a table after those it refers to, ties by name. In: changes that are accepted. Out: the same, ordered.

use std::collections::{BTreeMap, BTreeSet};

use crate::change::Change;
use crate::schema::Table;

/// Tables, then columns, then indexes: nothing in a later group is needed by an earlier one.
pub(super) fn order(changes: Vec<Change>) -> Vec<Change> {
    let mut tables = BTreeMap::new();
    let mut columns = Vec::new();
    let mut others = Vec::new();
    for change in changes {
        match change {
            Change::AddTable { table } => {
                tables.insert(table.name.clone(), table);
            }
            Change::AddColumn { .. } => columns.push(change),
            _ => others.push(change),
        }
    }
    let tables = created(tables).into_iter().map(|table| Change::AddTable { table });
    tables.chain(columns).chain(others).collect()
}

fn created(tables: BTreeMap<String, Table>) -> Vec<Table> {
    let mut waiting: BTreeMap<String, BTreeSet<String>> = tables
        .iter()
        .map(|(name, table)| {
            let targets = table.references.iter().map(|reference| reference.table.clone());
            (name.clone(), targets.filter(|target| target != name && tables.contains_key(target)).collect())
        })
        .collect();
    let mut order = Vec::with_capacity(tables.len());
    while let Some(name) = ready(&waiting) {
        waiting.remove(&name);
        for targets in waiting.values_mut() {
            targets.remove(&name);
        }
        order.push(name);
    }
    let mut tables = tables;
    order.into_iter().filter_map(|name| tables.remove(&name)).collect()
}

/// The next table: the first that waits for none, or else the first that waits for itself over others.
fn ready(waiting: &BTreeMap<String, BTreeSet<String>>) -> Option<String> {
    let free = waiting.iter().find(|(_, targets)| targets.is_empty());
    let in_circle = || waiting.iter().find(|(name, _)| reaches(waiting, name));
    free.or_else(in_circle).map(|(name, _)| name.clone())
}

fn reaches(waiting: &BTreeMap<String, BTreeSet<String>>, name: &String) -> bool {
    let mut seen = BTreeSet::new();
    let mut next: Vec<&String> = vec![name];
    while let Some(table) = next.pop() {
        for target in waiting.get(table).into_iter().flatten() {
            if target == name {
                return true;
            }
            if seen.insert(target) {
                next.push(target);
            }
        }
    }
    false
}
