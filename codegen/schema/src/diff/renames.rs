//! Which renames take place. In: both schemas, the hints. Out: renames in an order in which each new name is free, or a refusal.
//! A hint whose earlier name is no longer there has done its work, and says nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::change::Change;
use crate::hints::Hints;
use crate::refusal::{Refusal, shown};
use crate::schema::{Schema, Table};

/// What begins a name that stands only between two renames of a circle.
pub(crate) const PASSING: &str = "cell_renamed_";

/// The renames between two schemas.
#[derive(Debug, Default)]
pub(super) struct Renames {
    /// From the earlier name to the new one.
    tables: BTreeMap<String, String>,
    /// By the table's earlier name.
    columns: BTreeMap<String, BTreeMap<String, String>>,
}

impl Renames {
    /// The name that a table has afterwards.
    pub(super) fn table<'a>(&'a self, from: &'a str) -> &'a str {
        self.tables.get(from).map_or(from, String::as_str)
    }

    /// The name that a column of a table of this earlier name has afterwards.
    pub(super) fn column<'a>(&'a self, table: &str, from: &'a str) -> &'a str {
        self.columns.get(table).and_then(|columns| columns.get(from)).map_or(from, String::as_str)
    }

    /// Whether columns of a table of this earlier name get other names.
    pub(super) fn moves_columns(&self, table: &str) -> bool {
        self.columns.contains_key(table)
    }

    /// The renames as changes: tables first.
    pub(super) fn changes(&self, changes: &mut Vec<Change>) {
        changes.extend(ordered(&self.tables).into_iter().map(|(from, to)| Change::RenameTable { from, to }));
        let mut columns: Vec<(&str, &BTreeMap<String, String>)> =
            self.columns.iter().map(|(table, columns)| (self.table(table), columns)).collect();
        columns.sort_by_key(|(table, _)| *table);
        for (table, columns) in columns {
            let table = || table.to_owned();
            let renames = ordered(columns).into_iter();
            changes.extend(renames.map(|(from, to)| Change::RenameColumn { table: table(), from, to }));
        }
    }
}

/// Pairs in an order in which each new name is free. A circle is opened by a passing name.
fn ordered(renames: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let mut waiting: BTreeMap<String, String> = renames.clone();
    let mut order = Vec::with_capacity(waiting.len());
    while let Some(first) = waiting.keys().next().cloned() {
        let free = waiting.iter().find(|(_, to)| !waiting.contains_key(*to)).map(|(from, _)| from.clone());
        match free {
            Some(from) => {
                if let Some(to) = waiting.remove(&from) {
                    order.push((from, to));
                }
            }
            None => {
                if let Some(to) = waiting.remove(&first) {
                    let passing = format!("{PASSING}{}", order.len() + 1);
                    order.push((first, passing.clone()));
                    waiting.insert(passing, to);
                }
            }
        }
    }
    order
}

/// Finds the renames.
pub(super) fn find(previous: &Schema, next: &Schema, hints: &Hints) -> Result<Renames, Vec<Refusal>> {
    let mut refusals = Vec::new();
    let said = hints.tables.iter().filter_map(|(to, said)| Some((to.as_str(), said.renamed_from.as_deref()?)));
    let tables = pairs(
        said.filter(|(to, _)| next.table(to).is_some()),
        |name| previous.table(name).is_some(),
        |name| next.table(name).is_some(),
        |to, from| refusals.push(refusal(format!("{}.{to}", next.database), "table", from)),
    );
    let mut columns = BTreeMap::new();
    let has_said = |table: &&Table| hints.tables.contains_key(&table.name);
    for table in next.tables.iter().filter(has_said) {
        let from = tables.iter().find(|(_, to)| **to == table.name).map_or(&table.name, |(from, _)| from);
        // The table of this name that goes elsewhere is another one.
        let elsewhere = *from == table.name && tables.contains_key(from);
        let (Some(before), false) = (previous.table(from), elsewhere) else { continue };
        let found = columns_of(before, table, &next.database, hints, &mut refusals);
        if !found.is_empty() {
            columns.insert(from.clone(), found);
        }
    }
    refusals.sort();
    if refusals.is_empty() { Ok(Renames { tables, columns }) } else { Err(refusals) }
}

fn columns_of(
    before: &Table,
    table: &Table,
    database: &str,
    hints: &Hints,
    refusals: &mut Vec<Refusal>,
) -> BTreeMap<String, String> {
    let said = hints.tables.get(&table.name).into_iter().flat_map(|said| &said.columns);
    let said = said.filter_map(|(to, said)| Some((to.as_str(), said.renamed_from.as_deref()?)));
    pairs(
        said.filter(|(to, _)| table.column(to).is_some()),
        |name| before.column(name).is_some(),
        |name| table.column(name).is_some(),
        |to, from| refusals.push(refusal(format!("{database}.{}.{to}", table.name), "column", from)),
    )
}

/// From earlier names to new ones, as far as the hints take effect.
fn pairs<'h>(
    said: impl Iterator<Item = (&'h str, &'h str)>,
    was: impl Fn(&str) -> bool,
    is: impl Fn(&str) -> bool,
    mut refuse: impl FnMut(&str, &str),
) -> BTreeMap<String, String> {
    let mut found: BTreeMap<&str, &str> = said.filter(|(to, from)| to != from && was(from)).collect();
    loop {
        let leaving: BTreeSet<&str> = found.values().copied().collect();
        // What was there under the new name has to go elsewhere, or the hint is about another time.
        let kept: BTreeMap<&str, &str> = found
            .iter()
            .map(|(to, from)| (*to, *from))
            .filter(|(to, from)| !was(to) || leaving.contains(to) || (is(from) && !found.contains_key(from)))
            .collect();
        if kept.len() == found.len() {
            break;
        }
        found = kept;
    }
    for (to, from) in &found {
        if is(from) && !found.contains_key(from) {
            refuse(to, from);
        }
    }
    found.into_iter().map(|(to, from)| (from.to_owned(), to.to_owned())).collect()
}

fn refusal(object: String, kind: &str, from: &str) -> Refusal {
    Refusal::new(
        "rename-of-what-exists",
        object,
        format!("it was renamed from `{}`, and a {kind} of that name is still there", shown(from)),
        format!("remove the {kind} `{}`, or `renamed_from`", shown(from)),
    )
}
