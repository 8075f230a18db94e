//! The order in which new tables are made: a table after those it refers to, ties by name.

use std::collections::{BTreeMap, BTreeSet};

use crate::ddl::Table;

/// For each table that waits, the new tables it refers to.
type Waiting<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// The tables in order. In a circle, the first by name comes first.
pub(super) fn tables<'a>(tables: &[&'a Table]) -> Vec<&'a Table> {
    let names: BTreeSet<&str> = tables.iter().map(|table| table.name.as_str()).collect();
    let mut waiting: Waiting<'_> = tables
        .iter()
        .map(|table| {
            let targets = table.foreign_keys.iter().map(|key| key.table.as_str());
            (table.name.as_str(), targets.filter(|target| *target != table.name && names.contains(target)).collect())
        })
        .collect();
    let mut ordered = Vec::with_capacity(tables.len());
    while let Some(name) = ready(&waiting) {
        waiting.remove(name);
        for targets in waiting.values_mut() {
            targets.remove(name);
        }
        ordered.extend(tables.iter().copied().find(|table| table.name == name));
    }
    ordered
}

/// The next table: the first that waits for none, or else the first that waits for itself over others.
fn ready<'a>(waiting: &Waiting<'a>) -> Option<&'a str> {
    let free = waiting.iter().find(|(_, targets)| targets.is_empty());
    let in_circle = || waiting.iter().find(|(name, _)| reaches(waiting, name));
    free.or_else(in_circle).map(|(name, _)| *name)
}

fn reaches(waiting: &Waiting<'_>, name: &str) -> bool {
    let mut seen = BTreeSet::new();
    let mut next: Vec<&str> = vec![name];
    while let Some(table) = next.pop() {
        for target in waiting.get(table).into_iter().flatten() {
            if *target == name {
                return true;
            }
            if seen.insert(*target) {
                next.push(target);
            }
        }
    }
    false
}
