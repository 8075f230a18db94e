//! Constraints that stay over columns whose values do not: what is unique, checked or refers to a row may no longer.
//! In: the changes. Out: findings, besides those of constraints that are themselves new or changed.

use std::collections::{BTreeMap, BTreeSet};

use super::{Counted, Finder};
use crate::change::{Change, RowChange};
use crate::dialect::convert::convert;
use crate::engine::Engine;
use crate::hazard::HazardKind;
use crate::schema::{Column, Schema, Type};

/// The columns of a table whose values may be others afterwards.
#[derive(Default)]
struct Moved<'a> {
    /// Those that a condition may see otherwise.
    seen: BTreeSet<&'a str>,
    /// Those of which two values may become one, or nothing a value.
    merged: BTreeSet<&'a str>,
}

impl Moved<'_> {
    fn merges(&self, columns: &[String]) -> bool {
        columns.iter().any(|column| self.merged.contains(column.as_str()))
    }
}

impl Finder<'_> {
    pub(super) fn moved(&mut self) {
        let next = &*self.transition.after;
        let moved = find(next, self.transition.changes);
        if moved.is_empty() {
            return;
        }
        let known: BTreeSet<(HazardKind, String)> =
            self.findings.iter().map(|finding| (finding.hazard.kind, finding.hazard.object.clone())).collect();
        let is_known = |kind: HazardKind, object: String| known.contains(&(kind, object));
        for table in &next.tables {
            let name = table.name.as_str();
            if !self.has_rows(name) {
                continue;
            }
            let target = |table: &str, columns: &[String]| moved.get(table).is_some_and(|moved| moved.merges(columns));
            for reference in &table.references {
                let moves = target(name, &reference.columns) || target(&reference.table, &reference.target);
                if moves && !is_known(HazardKind::ReferenceOverRows, self.object(name, &reference.name)) {
                    self.reference(name, reference);
                }
            }
            let Some(moved) = moved.get(name) else { continue };
            let computed = |column: &&Column| column.generated.is_some() && moved.merged.contains(column.name.as_str());
            for column in table.columns.iter().filter(computed) {
                if !is_known(HazardKind::NotNullOverRows, self.object(name, &column.name)) {
                    self.computed(name, column);
                }
            }
            for check in &table.checks {
                let sees = moved.seen.iter().any(|column| check.expression.may_mention(column));
                if sees && !is_known(HazardKind::CheckOverRows, self.object(name, &check.name)) {
                    self.check(name, &check.name, &check.expression);
                }
            }
            let uniques = table.uniques.iter().map(|unique| (&unique.columns, self.object(name, &unique.name)));
            let key = (&table.key, format!("{}.{name}", next.database));
            let sets: Vec<_> = uniques.chain([key]).filter(|(columns, _)| moved.merges(columns)).collect();
            for (columns, object) in sets {
                if !is_known(HazardKind::UniqueOverRows, object.clone()) {
                    self.repeated(name, columns, object);
                }
            }
        }
    }

    fn repeated(&mut self, table: &str, columns: &[String], object: String) {
        let message = format!("values of `({})` may become equal", crate::refusal::shown(&columns.join(", ")));
        let counted = Counted::Repeated { table: table.to_owned(), columns: columns.to_vec() };
        self.found(HazardKind::UniqueOverRows, object, message, None, counted);
    }
}

/// By table.
fn find<'a>(next: &'a Schema, changes: &'a [Change]) -> BTreeMap<&'a str, Moved<'a>> {
    let mut all: BTreeMap<&str, Moved<'_>> = BTreeMap::new();
    for change in changes {
        let Change::ChangeColumn { table, previous, next, rows } = change else { continue };
        let (seen, merged) = how(previous, next, rows);
        let moved = all.entry(table).or_default();
        moved.seen.extend(seen.then_some(next.name.as_str()));
        moved.merged.extend(merged.then_some(next.name.as_str()));
    }
    all.retain(|_, moved| !moved.seen.is_empty());
    for (table, moved) in &mut all {
        for column in next.table(table).into_iter().flat_map(|table| &table.columns) {
            let over = |name: &&str| column.generated.as_ref().is_some_and(|it| it.expression.may_mention(name));
            if moved.seen.iter().any(over) {
                moved.seen.insert(&column.name);
                moved.merged.insert(&column.name);
            }
        }
    }
    all
}

/// Whether a condition may see a column's values otherwise, and whether two of them may become one.
fn how(previous: &Column, next: &Column, rows: &RowChange) -> (bool, bool) {
    if next.generated.is_some() {
        let anew = previous.generated != next.generated || previous.ty != next.ty;
        return (anew, anew);
    }
    let said = rows.backfill.is_some() || !rows.values.is_empty();
    // The dangers are the same on every engine; a test says so.
    let loses = previous.ty != next.ty
        && convert(Engine::Sqlite, "x", &previous.ty, &next.ty, &rows.values).is_some_and(|it| it.keeps.is_some());
    let merged = said || loses;
    (merged || !computes_alike(&previous.ty, &next.ty), merged)
}

/// Whether an expression gives the same for a value of either type.
fn computes_alike(previous: &Type, next: &Type) -> bool {
    let is_whole = |ty: &Type| ty.integers().is_some();
    (is_whole(previous) && is_whole(next)) || std::mem::discriminant(previous) == std::mem::discriminant(next)
}
