//! Compares two schemas and lists the changes between them.
//! In: `previous`, `next`, and what is said beside them. Out: an ordered `Vec<Change>`. Absent: SQL and dialects. A change says
//! *what*; [`crate::plan`] decides *how*.
//!
//! The order of columns is no difference: a database keeps columns in the order in which they were added, whatever a
//! struct's fields do. Nor is the order of an enumeration's values. [`Schema::aligned_to`] is the schema that a database
//! has after the changes.

mod renames;

pub(crate) use renames::PASSING;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::change::{Change, Named, RowChange};
use crate::expr::Expression;
use crate::hints::Hints;
use crate::refusal::Refusal;
use crate::schema::{Check, Column, Reference, Schema, Table, Type};
use crate::transition::Transition;

/// The changes that make `next` of `previous`; none where they are the same. First what goes, then renames, then new tables,
/// then for each table, in the order of names, what comes or changes, columns before what is about them.
///
/// # Errors
/// A rename whose earlier name is still there.
pub fn diff(previous: &Schema, next: &Schema, hints: &Hints) -> Result<Vec<Change>, Vec<Refusal>> {
    let renames = renames::find(previous, next, hints)?;
    let mut changes = Vec::new();
    let same = gone(previous, next, &renames, &mut changes);
    renames.changes(&mut changes);
    let current = Transition::new(previous, &changes)?;
    let mut tables: Vec<&Table> = next.tables.iter().collect();
    tables.sort_by(|left, right| left.name.cmp(&right.name));
    let (mut added, mut changed) = (Vec::new(), Vec::new());
    for next in tables {
        if same.contains(next.name.as_str()) && current.untouched(&next.name).is_some() {
            continue;
        }
        match current.next(&next.name) {
            None => {
                let mut table = next.clone();
                table.sort();
                added.push(Change::AddTable { table });
            }
            Some(previous) if previous == next => {}
            Some(previous) => table(previous, next, hints, &mut changed),
        }
    }
    changes.extend(added.into_iter().chain(changed));
    Ok(changes)
}

/// What goes before anything is renamed: columns and tables, and first whatever stands on them. Out: the tables that are the
/// same in both schemas.
fn gone<'a>(
    previous: &'a Schema,
    next: &Schema,
    renames: &renames::Renames,
    changes: &mut Vec<Change>,
) -> HashSet<&'a str> {
    let mut same = HashSet::new();
    let mut tables: Vec<&Table> = previous.tables.iter().collect();
    tables.sort_by(|left, right| left.name.cmp(&right.name));
    let mut columns: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut removed = BTreeSet::new();
    for table in &tables {
        let Some(kept) = next.table(renames.table(&table.name)) else {
            removed.insert(table.name.as_str());
            continue;
        };
        if *table == kept && !renames.moves_columns(&table.name) {
            same.insert(table.name.as_str());
            continue;
        }
        let goes = |column: &&Column| kept.column(renames.column(&table.name, &column.name)).is_none();
        let mut names: Vec<&str> = Vec::new();
        if !has_same_columns(table, kept) || renames.moves_columns(&table.name) {
            names.extend(table.columns.iter().filter(goes).map(|column| column.name.as_str()));
            names.sort_unstable();
        }
        if !names.is_empty() {
            columns.insert(&table.name, names);
        }
    }
    if removed.is_empty() && columns.is_empty() {
        return same;
    }
    let goes = |table: &str, column: &str| columns.get(table).is_some_and(|names| names.contains(&column));
    // The references of every table first: they stand on other tables' uniques.
    for table in tables.iter().filter(|table| !removed.contains(table.name.as_str())) {
        for reference in &table.references {
            let target = removed.contains(reference.table.as_str())
                || reference.target.iter().any(|column| goes(&reference.table, column));
            if target || reference.columns.iter().any(|column| goes(&table.name, column)) {
                let (table, reference) = (table.name.clone(), reference.name.clone());
                changes.push(Change::RemoveReference { table, reference });
            }
        }
    }
    for table in tables.iter().filter(|table| columns.contains_key(table.name.as_str())) {
        let name = || table.name.clone();
        let own = |names: &[String]| names.iter().any(|column| goes(&table.name, column));
        for check in &table.checks {
            if check.expression.mentions().iter().any(|column| goes(&table.name, column)) {
                changes.push(Change::RemoveCheck { table: name(), check: check.name.clone() });
            }
        }
        for index in &table.indexes {
            let predicate = index.predicate.iter().flat_map(Expression::mentions);
            let mut names = index.columns.iter().map(|part| part.column.as_str()).chain(predicate);
            if names.any(|column| goes(&table.name, column)) {
                changes.push(Change::RemoveIndex { table: name(), index: index.name.clone() });
            }
        }
        for unique in table.uniques.iter().filter(|unique| own(&unique.columns)) {
            changes.push(Change::RemoveUnique { table: name(), unique: unique.name.clone() });
        }
    }
    for (table, names) in &columns {
        for column in names {
            changes.push(Change::RemoveColumn { table: (*table).to_owned(), column: (*column).to_owned() });
        }
    }
    changes.extend(removed.into_iter().map(|table| Change::RemoveTable { table: table.to_owned() }));
    same
}

/// Whether two tables have columns of the same names, in the same places.
fn has_same_columns(one: &Table, other: &Table) -> bool {
    one.columns.iter().map(|column| &column.name).eq(other.columns.iter().map(|column| &column.name))
}

fn table(previous: &Table, next: &Table, hints: &Hints, changes: &mut Vec<Change>) {
    let name = || next.name.clone();
    let added: Vec<&Column> = next.columns.iter().filter(|column| previous.column(&column.name).is_none()).collect();
    let mut own = Own::default();

    removed(&previous.checks, &next.checks, changes, |check| Change::RemoveCheck { table: name(), check });
    removed(&previous.references, &next.references, changes, |reference| Change::RemoveReference {
        table: name(),
        reference,
    });
    removed(&previous.indexes, &next.indexes, changes, |index| Change::RemoveIndex { table: name(), index });
    removed(&previous.uniques, &next.uniques, changes, |unique| Change::RemoveUnique { table: name(), unique });

    for column in added {
        let (checks, reference) = own.of(column, previous, next);
        let said = hints.column(&next.name, &column.name);
        let backfill = said.and_then(|said| said.backfill.clone()).filter(|_| column.generated.is_none());
        changes.push(Change::AddColumn { table: name(), column: column.clone(), checks, reference, backfill });
    }
    for column in &previous.columns {
        let Some(after) = next.column(&column.name) else { continue };
        if after == column {
            continue;
        }
        let after = aligned(after, column);
        if after != *column {
            let rows = row_change(column, &after, &next.name, hints);
            changes.push(Change::ChangeColumn { table: name(), previous: column.clone(), next: after, rows });
        }
    }
    if previous.key != next.key {
        changes.push(Change::ChangeKey { table: name(), previous: previous.key.clone(), next: next.key.clone() });
    }
    for (unique, known) in edited(&previous.uniques, &next.uniques) {
        let (table, unique) = (name(), unique.clone());
        changes.push(if known { Change::ChangeUnique { table, unique } } else { Change::AddUnique { table, unique } });
    }
    for (index, known) in edited(&previous.indexes, &next.indexes) {
        let (table, index) = (name(), index.clone());
        changes.push(if known { Change::ChangeIndex { table, index } } else { Change::AddIndex { table, index } });
    }
    for (reference, known) in edited(&previous.references, &next.references) {
        if !own.references.contains(&reference.name) {
            let (table, reference) = (name(), reference.clone());
            changes.push(if known {
                Change::ChangeReference { table, reference }
            } else {
                Change::AddReference { table, reference }
            });
        }
    }
    for (check, known) in edited(&previous.checks, &next.checks) {
        if !own.checks.contains(&check.name) {
            let (table, check) = (name(), check.clone());
            changes.push(if known { Change::ChangeCheck { table, check } } else { Change::AddCheck { table, check } });
        }
    }
    if previous.followed != next.followed {
        let table = name();
        changes.push(if next.followed { Change::FollowTable { table } } else { Change::UnfollowTable { table } });
    }
}

/// What is said of the rows of a column that changes, as far as it does something.
fn row_change(previous: &Column, next: &Column, table: &str, hints: &Hints) -> RowChange {
    let Some(said) = hints.column(table, &next.name) else { return RowChange::default() };
    let required = previous.nullable && !next.nullable && next.generated.is_none();
    let values: BTreeMap<String, String> = match (&previous.ty, &next.ty) {
        (Type::Enumeration { values: before }, after) => {
            let kept = |value: &String| matches!(after, Type::Enumeration { values } if values.contains(value));
            let moves = said.values.iter().filter(|(from, _)| before.contains(from) && !kept(from));
            moves.map(|(from, to)| (from.clone(), to.clone())).collect()
        }
        _ => BTreeMap::new(),
    };
    let renamed = said.renamed.iter().filter(|from| values.contains_key(*from)).cloned().collect();
    RowChange { backfill: said.backfill.clone().filter(|_| required), values, renamed, zone: None }
}

/// The constraints that came with an added column.
#[derive(Default)]
struct Own {
    checks: BTreeSet<String>,
    references: BTreeSet<String>,
}

impl Own {
    /// New checks and one new reference that are about this column alone, so that they can be added with it.
    fn of(&mut self, column: &Column, previous: &Table, next: &Table) -> (Vec<Check>, Option<Reference>) {
        let mut checks: Vec<Check> = next
            .checks
            .iter()
            .filter(|check| find(&previous.checks, &check.name).is_none())
            .filter(|check| {
                let expr = check.expression.portable();
                expr.is_some_and(|expr| expr.columns().into_iter().eq([column.name.as_str()]))
            })
            .cloned()
            .collect();
        checks.sort_by(|left, right| left.name.cmp(&right.name));
        self.checks.extend(checks.iter().map(|check| check.name.clone()));
        let reference = next
            .references
            .iter()
            .filter(|reference| find(&previous.references, &reference.name).is_none())
            .filter(|reference| reference.columns == [column.name.as_str()])
            .min_by(|left, right| left.name.cmp(&right.name))
            .cloned();
        self.references.extend(reference.iter().map(|reference| reference.name.clone()));
        (checks, reference)
    }
}

fn names<'a, T: Named>(previous: &'a [T], next: &'a [T]) -> BTreeSet<&'a str> {
    previous.iter().chain(next).map(Named::name).collect()
}

fn find<'a, T: Named>(parts: &'a [T], name: &str) -> Option<&'a T> {
    parts.iter().find(|part| part.name() == name)
}

fn removed<T: Named>(previous: &[T], next: &[T], changes: &mut Vec<Change>, change: impl Fn(String) -> Change) {
    let gone = names(previous, &[]).into_iter().filter(|name| find(next, name).is_none());
    changes.extend(gone.map(|name| change(name.to_owned())));
}

/// What is new or different, and whether it was known under its name.
fn edited<'a, T: Named>(previous: &'a [T], next: &'a [T]) -> Vec<(&'a T, bool)> {
    names(&[], next)
        .into_iter()
        .filter_map(|name| find(next, name))
        .filter_map(|part| match find(previous, part.name()) {
            None => Some((part, false)),
            Some(before) if before != part => Some((part, true)),
            Some(_) => None,
        })
        .collect()
}

/// A column with its enumeration's values in the previous order, where they are the same values.
fn aligned(next: &Column, previous: &Column) -> Column {
    let mut column = next.clone();
    if let (Type::Enumeration { values }, Type::Enumeration { values: before }) = (&next.ty, &previous.ty) {
        let set = |values: &[String]| values.iter().cloned().collect::<BTreeSet<String>>();
        if values.len() == before.len() && set(values) == set(before) {
            column.ty = previous.ty.clone();
        }
    }
    column
}

impl Schema {
    /// This schema in the order in which a database holds it that had `previous` before: the columns it had stay in their
    /// places and new ones come behind them, as [`diff`]'s changes put them. Everything else is ordered by name.
    #[must_use]
    pub fn aligned_to(&self, previous: &Self) -> Self {
        let mut schema = self.clone().sorted();
        for table in &mut schema.tables {
            let Some(before) = previous.table(&table.name) else { continue };
            let kept = before.columns.iter().filter_map(|column| Some(aligned(table.column(&column.name)?, column)));
            let added = table.columns.iter().filter(|column| before.column(&column.name).is_none()).cloned();
            table.columns = kept.chain(added).collect();
        }
        schema
    }
}
