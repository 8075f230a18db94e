//! The order of steps: a table after those it refers to, ties by name. In: accepted steps. Out: the same, ordered.

use std::collections::{BTreeMap, BTreeSet};

use super::Step;
use crate::change::Change;

/// For each table that waits, the new tables it refers to.
type Waiting = BTreeMap<String, BTreeSet<String>>;

/// Tables, then columns, then indexes: nothing in a later group is needed by an earlier one.
pub(super) fn order(steps: Vec<Step>) -> Vec<Step> {
    let mut waiting = Waiting::new();
    let mut tables = BTreeMap::new();
    let (mut columns, mut others) = (Vec::new(), Vec::new());
    for step in steps {
        match &step.change {
            Change::AddTable { table } => {
                let targets = table.references.iter().map(|reference| reference.table.clone());
                waiting.insert(table.name.clone(), targets.filter(|target| *target != table.name).collect());
                tables.insert(table.name.clone(), step);
            }
            Change::AddColumn { .. } => columns.push(step),
            _ => others.push(step),
        }
    }
    // Tables that are there already keep nobody waiting.
    for targets in waiting.values_mut() {
        targets.retain(|target| tables.contains_key(target));
    }
    let mut ordered = Vec::with_capacity(tables.len() + columns.len() + others.len());
    while let Some(name) = ready(&waiting) {
        waiting.remove(&name);
        for targets in waiting.values_mut() {
            targets.remove(&name);
        }
        ordered.extend(tables.remove(&name));
    }
    ordered.extend(columns);
    ordered.extend(others);
    ordered
}

/// The next table: the first that waits for none, or else the first that waits for itself over others.
fn ready(waiting: &Waiting) -> Option<String> {
    let free = waiting.iter().find(|(_, targets)| targets.is_empty());
    let in_circle = || waiting.iter().find(|(name, _)| reaches(waiting, name));
    free.or_else(in_circle).map(|(name, _)| name.clone())
}

fn reaches(waiting: &Waiting, name: &String) -> bool {
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
