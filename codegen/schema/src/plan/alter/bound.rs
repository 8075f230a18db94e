//! What has to go and come again because of what it stands on: checks, indexes, uniques, keys and references over columns whose
//! type changes, and generated columns that are computed from them. In: tables before and after. Out: their names.

use std::collections::{BTreeSet, HashSet};

use super::pair::Pair;
use crate::ddl::{Database, Table};
use crate::plan::Subject;

/// What goes, by table. What of it is also in the next schema comes again.
#[derive(Debug, Default)]
pub(super) struct Bound<'a> {
    /// Constraints and indexes.
    parts: BTreeSet<(&'a str, &'a str)>,
    keys: BTreeSet<&'a str>,
    /// The tables of any of these.
    tables: HashSet<&'a str>,
    /// Columns that are dropped and added again.
    remade: BTreeSet<(&'a str, &'a str)>,
}

impl Bound<'_> {
    pub(super) fn goes(&self, table: &str, part: &str) -> bool {
        self.parts.contains(&(table, part))
    }

    /// Whether anything of a table goes.
    pub(super) fn is_about(&self, table: &str) -> bool {
        self.tables.contains(table)
    }

    pub(super) fn key_goes(&self, table: &str) -> bool {
        self.keys.contains(table)
    }

    pub(super) fn is_remade(&self, table: &str, column: &str) -> bool {
        self.remade.contains(&(table, column))
    }
}

pub(super) fn find<'a>(subject: &Subject<'_>, current: &Database, pairs: &[Pair<'a>]) -> Bound<'a> {
    let mut bound = Bound::default();
    let mut retyped: BTreeSet<(&str, &str)> = BTreeSet::new();
    for Pair { before, after, differs } in pairs {
        if !differs.any() {
            continue;
        }
        let mut moved: BTreeSet<&str> = BTreeSet::new();
        for (column, next) in after.columns_since(before) {
            let Some(column) = column else { continue };
            let is_moved = column.ty != next.ty || column.collation != next.collation;
            if next.generated.is_some() && (column.generated != next.generated || is_moved) {
                bound.remade.insert((&after.name, &column.name));
                moved.insert(&column.name);
            } else if is_moved {
                moved.insert(&column.name);
            }
        }
        // A generated column over one that changes is computed anew.
        for column in before.columns.iter().filter(|column| column.generated.is_some()) {
            let expression = column.generated.as_deref().unwrap_or_default();
            let plain = after.column(&column.name).is_some_and(|next| next.generated.is_some());
            if plain && moved.iter().any(|name| *name != column.name && mentions(expression, name)) {
                bound.remade.insert((&after.name, &column.name));
            }
        }
        let of_table = bound.remade.range((after.name.as_str(), "")..).take_while(|(table, _)| *table == after.name);
        for (_, column) in of_table {
            if let Some(column) = before.column(column) {
                moved.insert(&column.name);
            }
        }
        parts(before, after, &moved, &mut bound);
        retyped.extend(moved.iter().map(|column| (after.name.as_str(), *column)));
    }
    references(subject, current, pairs, &retyped, &mut bound);
    let (parts, remade) = (bound.parts.iter(), bound.remade.iter());
    bound.tables = parts.chain(remade).map(|(table, _)| *table).chain(bound.keys.iter().copied()).collect();
    bound
}

/// Whether an expression's text may name a column. It may name others that begin alike; then more comes anew than has to.
fn mentions(text: &str, column: &str) -> bool {
    // Text that a developer wrote need not be quoted.
    let (text, column) = (text.to_lowercase(), column.to_lowercase());
    text.contains(&column.replace('"', "\"\"")) || text.contains(&column)
}

fn parts<'a>(before: &'a Table, after: &'a Table, moved: &BTreeSet<&str>, bound: &mut Bound<'a>) {
    let remade = |bound: &Bound<'_>, column: &str| bound.is_remade(&after.name, column);
    let go = |bound: &mut Bound<'a>, part: &'a str| {
        bound.parts.insert((&after.name, part));
    };
    for check in &before.checks {
        let same = after.checks.contains(check);
        if !same || moved.iter().any(|column| mentions(&check.expression, column)) {
            go(bound, &check.name);
        }
    }
    for unique in &before.uniques {
        let same = after.uniques.contains(unique);
        if !same || unique.columns.iter().any(|column| remade(bound, column)) {
            go(bound, &unique.name);
        }
    }
    for index in &before.indexes {
        let same = after.indexes.contains(index);
        let predicate = index.predicate.as_deref().unwrap_or_default();
        let moves = moved.iter().any(|column| mentions(predicate, column));
        if !same || moves || index.columns.iter().any(|(column, _)| remade(bound, column)) {
            go(bound, &index.name);
        }
    }
    // A key that lost a column went with it.
    let whole = !before.key.is_empty() && before.key.iter().all(|column| before.column(column).is_some());
    if whole && before.key != after.key {
        bound.keys.insert(&after.name);
    }
}

fn references<'a>(
    subject: &Subject<'_>,
    current: &Database,
    pairs: &[Pair<'a>],
    retyped: &BTreeSet<(&str, &str)>,
    bound: &mut Bound<'a>,
) {
    for Pair { before, after, .. } in pairs {
        for key in &before.foreign_keys {
            let own = key.columns.iter().any(|column| retyped.contains(&(after.name.as_str(), column.as_str())));
            let target = key.target.iter().any(|column| retyped.contains(&(key.table.as_str(), column.as_str())));
            let target_now = current.table(&key.table);
            let over_unique = target_now.is_some_and(|table| {
                table.uniques.iter().any(|unique| unique.columns == key.target && bound.goes(&table.name, &unique.name))
            });
            let over_key = target_now.is_some_and(|table| table.key == key.target) && bound.key_goes(&key.table);
            let gone = subject.transition.next(&key.table).is_none();
            if !after.foreign_keys.contains(key) || own || target || over_unique || over_key || gone {
                bound.parts.insert((&after.name, &key.name));
            }
        }
    }
}
