//! Steps for an engine that can alter every part of a table (PostgreSQL). In: both schemas as the engine holds them, and where
//! rows come from. Out: steps, each short in its locks: what scans a table does so while others write, and what has to stand
//! still stands still for a moment only.
//!
//! The order is that of what needs what: what goes leaves in the order of what stands on what, then names change, then new
//! tables, columns and types come, then values, then what binds them: required columns, checks, keys, indexes, references.
//! Within each, by name. Absent: waiting for locks, which `cell-migrate` does.

mod bound;
mod column;
mod pair;
mod renamed;

use std::collections::BTreeSet;

use super::{Indexes, Mode, Step, Subject, order, rebuild};
use crate::change::Change;
use crate::ddl::{Database, ForeignKey, Index, Statement, Table};
use crate::dialect;
use crate::refusal::{Refusal, shown};
use crate::schema::{Generated, Schema};
use pair::Pair;

/// The steps from one schema to the next.
pub(super) fn steps(subject: &Subject<'_>) -> Result<Vec<Step>, Vec<Refusal>> {
    let mut steps = Vec::new();
    gone(subject, &mut steps);
    // As it is once what goes is gone and everything has its new name.
    let (renames, current) = renamed::renames(subject)?;
    steps.extend(renames);
    let mut alter = Alter { subject, current: &current, steps: Vec::new() };
    alter.alter()?;
    steps.extend(alter.steps);
    Ok(steps)
}

/// The steps from a database that nobody of ours has made to the schema that it shall have, everything being named alike.
pub(super) fn adopted(subject: &Subject<'_>, found: &Database) -> Result<Vec<Step>, Vec<Refusal>> {
    let mut alter = Alter { subject, current: found, steps: Vec::new() };
    alter.alter()?;
    Ok(alter.steps)
}

/// What goes before anything is renamed, by the names before.
fn gone(subject: &Subject<'_>, steps: &mut Vec<Step>) {
    let mut dropped = Vec::new();
    let mut gone: BTreeSet<(&str, &str)> = BTreeSet::new();
    for change in subject.transition.changes {
        let (title, statement) = match change {
            Change::RemoveReference { table, reference: name }
            | Change::RemoveCheck { table, check: name }
            | Change::RemoveUnique { table, unique: name } => {
                (super::summary(change), Statement::DropConstraint { table: table.clone(), name: name.clone() })
            }
            Change::RemoveIndex { index, .. } => (super::summary(change), drop_index(subject, index)),
            Change::RemoveColumn { table, column } => {
                for name in generated_over(&subject.transition.before, table, column) {
                    if gone.insert((table, name)) {
                        steps.push(uncomputed(subject, table, name.to_owned()));
                    }
                }
                let statement = Statement::DropColumn { table: table.clone(), column: column.clone() };
                // A computed column may have gone with one that it was computed from.
                if !gone.insert((table, column)) {
                    continue;
                }
                (super::summary(change), statement)
            }
            Change::RemoveTable { table } => {
                dropped.push(table.clone());
                continue;
            }
            // Whatever comes later bears the new names.
            _ => break,
        };
        let mode = if matches!(statement, Statement::DropIndex { concurrently: true, .. }) {
            Mode::Alone
        } else {
            Mode::Together
        };
        steps.push(Step { mode, ..Step::new(title, vec![statement]) });
    }
    if !dropped.is_empty() {
        let names: Vec<String> = dropped.iter().map(|name| format!("`{}`", shown(name))).collect();
        let kind = if dropped.len() == 1 { "table" } else { "tables" };
        steps.push(Step::new(format!("drop {kind} {}", names.join(", ")), vec![Statement::DropTables(dropped)]));
    }
}

/// Whether a change only takes something away.
fn is_removal(change: &Change) -> bool {
    matches!(
        change,
        Change::RemoveReference { .. }
            | Change::RemoveCheck { .. }
            | Change::RemoveUnique { .. }
            | Change::RemoveIndex { .. }
            | Change::RemoveColumn { .. }
            | Change::RemoveTable { .. }
    )
}

fn drop_index(subject: &Subject<'_>, name: &str) -> Statement {
    let concurrently = subject.indexes == Indexes::Concurrently;
    Statement::DropIndex { name: name.to_owned(), concurrently, lenient: concurrently }
}

/// The generated columns of a table that are computed from one that goes.
fn generated_over<'s>(schema: &'s Schema, table: &str, column: &str) -> Vec<&'s str> {
    let Some(table) = schema.table(table) else { return Vec::new() };
    let over = |generated: &Generated| generated.expression.may_mention(column);
    let columns = table.columns.iter().filter(|column| column.generated.as_ref().is_some_and(over));
    columns.map(|column| column.name.as_str()).collect()
}

/// Makes a generated column let go of what it is computed from: it goes too, or keeps what was computed for now.
fn uncomputed(subject: &Subject<'_>, table: &str, column: String) -> Step {
    let removal = Change::RemoveColumn { table: table.to_owned(), column: column.clone() };
    let of = table.to_owned();
    if subject.transition.changes.contains(&removal) {
        return Step::new(super::summary(&removal), vec![Statement::DropColumn { table: of, column }]);
    }
    let title = format!("no longer compute `{}` of `{}`", shown(&column), shown(table));
    Step::new(title, vec![Statement::DropExpression { table: of, column }])
}

/// Makes the last part: everything under its new name.
struct Alter<'a> {
    subject: &'a Subject<'a>,
    /// The database as it is.
    current: &'a Database,
    steps: Vec<Step>,
}

impl Alter<'_> {
    fn alter(&mut self) -> Result<(), Vec<Refusal>> {
        let subject = self.subject;
        let pairs: Vec<Pair<'_>> =
            subject.after.tables.iter().filter_map(|it| Pair::of(subject, self.current, it)).collect();
        let created: Vec<&Table> =
            subject.after.tables.iter().filter(|table| self.current.table(&table.name).is_none()).collect();
        let bound = bound::find(subject, self.current, &pairs);
        // What nothing goes of and nothing comes to is passed over.
        let pairs: Vec<Pair<'_>> =
            pairs.into_iter().filter(|pair| pair.differs.any() || bound.is_about(&pair.after.name)).collect();

        for Pair { before, after, .. } in &pairs {
            for key in before.foreign_keys.iter().filter(|key| bound.goes(&after.name, &key.name)) {
                self.drop_constraint("reference", &after.name, &key.name);
            }
        }
        for Pair { before, after, .. } in &pairs {
            for check in before.checks.iter().filter(|check| bound.goes(&after.name, &check.name)) {
                self.drop_constraint("check", &after.name, &check.name);
            }
            for unique in before.uniques.iter().filter(|unique| bound.goes(&after.name, &unique.name)) {
                self.drop_constraint("unique", &after.name, &unique.name);
            }
            if bound.key_goes(&after.name) {
                let name = crate::names::constraint(&after.name, &[], "pkey");
                self.drop_constraint("key", &after.name, &name);
            }
            for index in before.indexes.iter().filter(|index| bound.goes(&after.name, &index.name)) {
                let statement = drop_index(subject, &index.name);
                self.push(format!("drop index `{}` of `{}`", shown(&index.name), shown(&after.name)), vec![statement]);
                self.concurrent();
            }
            self.let_go(before, after, &bound);
        }
        let later = self.create(&created);
        let about = |pair: &&Pair<'_>| bound.is_about(&pair.after.name);
        for Pair { before, after, .. } in pairs.iter().filter(|pair| pair.differs.columns || about(pair)) {
            self.columns(before, after, &bound).map_err(|refusal| vec![refusal])?;
        }
        self.bind(&pairs, &bound);
        for (table, key) in later {
            self.add_foreign_key(&table, &key, false);
        }
        for Pair { before, after, .. } in pairs.iter().filter(|pair| pair.differs.references || about(pair)) {
            for key in &after.foreign_keys {
                let is_own = self.with_column(before, after, key);
                if !is_own
                    && (before.foreign_keys.iter().all(|other| other.name != key.name)
                        || bound.goes(&after.name, &key.name))
                {
                    self.add_foreign_key(&after.name, key, true);
                }
            }
        }
        Ok(())
    }

    /// Creates tables. Out: the references that wait for another table, or for one that changes.
    fn create(&mut self, created: &[&Table]) -> Vec<(String, ForeignKey)> {
        if created.is_empty() {
            return Vec::new();
        }
        let changed: BTreeSet<&str> = self
            .subject
            .transition
            .changes
            .iter()
            .filter_map(|change| match change {
                Change::ChangeColumn { table, .. } => Some(table.as_str()),
                _ => None,
            })
            .collect();
        // What is there and stays as it is can be referred to at once.
        let mut there: BTreeSet<&str> = self
            .current
            .tables
            .iter()
            .filter(|table| {
                self.subject
                    .after
                    .table(&table.name)
                    .is_some_and(|after| after.key == table.key && table.uniques == after.uniques)
                    && !changed.contains(table.name.as_str())
            })
            .map(|table| table.name.as_str())
            .collect();
        let mut waiting: Vec<(String, ForeignKey)> = Vec::new();
        let names: BTreeSet<&str> = created.iter().map(|table| table.name.as_str()).collect();
        for table in order::tables(created) {
            there.insert(&table.name);
            let (inline, later): (Vec<&ForeignKey>, Vec<&ForeignKey>) =
                table.foreign_keys.iter().partition(|key| there.contains(key.table.as_str()));
            waiting.extend(later.into_iter().map(|key| (table.name.clone(), key.clone())));
            let foreign_keys = inline.into_iter().cloned().collect();
            let mut statements =
                vec![Statement::CreateTable(Table { foreign_keys, indexes: Vec::new(), ..table.clone() })];
            statements.extend(table.indexes.iter().map(|index| Statement::CreateIndex {
                table: table.name.clone(),
                index: index.clone(),
                concurrently: false,
            }));
            // The last table of a circle closes it.
            let (ready, rest): (Vec<_>, Vec<_>) = waiting
                .into_iter()
                .partition(|(_, key)| there.contains(key.table.as_str()) && names.contains(key.table.as_str()));
            waiting = rest;
            statements.extend(ready.into_iter().map(|(table, foreign_key)| Statement::AddForeignKey {
                table,
                foreign_key,
                trusted: false,
            }));
            self.push(format!("create table `{}`", shown(&table.name)), statements);
        }
        waiting
    }

    /// Checks, keys, uniques and indexes, in this order.
    fn bind(&mut self, pairs: &[Pair<'_>], bound: &bound::Bound<'_>) {
        let about = |pair: &&Pair<'_>| bound.is_about(&pair.after.name);
        for Pair { before, after, .. } in pairs.iter().filter(|pair| pair.differs.checks || about(pair)) {
            let own: BTreeSet<&str> = after
                .columns_since(before)
                .into_iter()
                .filter(|(earlier, _)| earlier.is_none())
                .flat_map(|(_, column)| rebuild::own_checks(self.subject, after, column))
                .map(|check| check.name.as_str())
                .collect();
            for check in &after.checks {
                let is_new =
                    before.checks.iter().all(|other| other.name != check.name) && !own.contains(check.name.as_str());
                if is_new || bound.goes(&after.name, &check.name) {
                    let (table, name) = (after.name.clone(), check.name.clone());
                    let title = format!("add check `{}` of `{}`", shown(&name), shown(&table));
                    let add = Statement::AddCheck { table: table.clone(), check: check.clone(), trusted: true };
                    self.push(title, vec![add]);
                    self.push(
                        format!("check rows for `{}` of `{}`", shown(&name), shown(&table)),
                        vec![Statement::Validate { table, name }],
                    );
                }
            }
        }
        for Pair { after, differs, .. } in pairs {
            if differs.key || bound.key_goes(&after.name) {
                let name = crate::names::constraint(&after.name, &[], "pkey");
                let columns = after.key.iter().map(|column| (column.clone(), false)).collect();
                let index = Index { name: name.clone(), columns, unique: true, predicate: None };
                let title = format!("make `({})` the key of `{}`", shown(&after.key.join(", ")), shown(&after.name));
                self.unique_index(&after.name, &index);
                let add =
                    Statement::AddKey { table: after.name.clone(), columns: after.key.clone(), index: Some(name) };
                self.push(title, vec![add]);
            }
        }
        for Pair { before, after, .. } in pairs.iter().filter(|pair| pair.differs.uniques || about(pair)) {
            for unique in &after.uniques {
                if before.uniques.iter().all(|other| other.name != unique.name) || bound.goes(&after.name, &unique.name)
                {
                    let columns = unique.columns.iter().map(|column| (column.clone(), false)).collect();
                    let index = Index { name: unique.name.clone(), columns, unique: true, predicate: None };
                    self.unique_index(&after.name, &index);
                    let add = Statement::AddUnique { table: after.name.clone(), name: unique.name.clone() };
                    self.push(format!("add unique `{}` of `{}`", shown(&unique.name), shown(&after.name)), vec![add]);
                }
            }
        }
        for Pair { before, after, .. } in pairs.iter().filter(|pair| pair.differs.indexes || about(pair)) {
            for index in &after.indexes {
                if before.indexes.iter().all(|other| other.name != index.name) || bound.goes(&after.name, &index.name) {
                    self.index(
                        &after.name,
                        index,
                        format!("create index `{}` on `{}`", shown(&index.name), shown(&after.name)),
                    );
                }
            }
        }
    }

    fn unique_index(&mut self, table: &str, index: &Index) {
        self.index(table, index, format!("build the unique index `{}` on `{}`", shown(&index.name), shown(table)));
    }

    /// An index. While others write, a build that fails leaves an index that is not valid: what is left is dropped first.
    fn index(&mut self, table: &str, index: &Index, title: String) {
        let concurrently = self.subject.indexes == Indexes::Concurrently;
        let mut statements = Vec::new();
        if concurrently {
            statements.push(Statement::DropIndex { name: index.name.clone(), concurrently, lenient: true });
        }
        statements.push(Statement::CreateIndex { table: table.to_owned(), index: index.clone(), concurrently });
        let object = self.subject.object(table, &index.name);
        let step = self.push(title, statements);
        if concurrently {
            step.mode = Mode::Alone;
        } else {
            step.builds(object, table);
        }
    }

    /// Whether a reference comes with its column.
    fn with_column(&self, before: &Table, after: &Table, key: &ForeignKey) -> bool {
        let mut added = after.columns.iter().filter(|column| before.column(&column.name).is_none());
        added.any(|column| {
            rebuild::own_foreign_key(self.subject, after, column) == Some(key) && self.is_inline(after, column, key)
        })
    }

    /// Whether a reference can be written with its column: its target is there as it will be, and the rows need no values first.
    fn is_inline(&self, table: &Table, column: &crate::ddl::Column, key: &ForeignKey) -> bool {
        let steady = match (self.current.table(&key.table), self.subject.after.table(&key.table)) {
            (Some(before), Some(after)) => before.key == after.key && before.uniques == after.uniques,
            // It has just been made.
            (None, Some(_)) => true,
            (_, None) => false,
        };
        let retyped = self.subject.transition.retypes(&key.table);
        let declared = self.subject.transition.next(&table.name).and_then(|table| table.column(&column.name));
        let filled = declared.is_some_and(|declared| {
            self.subject
                .transition
                .next(&table.name)
                .is_some_and(|table| super::rows::backfill(self.subject, table, declared).is_some())
        });
        steady && !retyped && !filled && column.generated.is_none()
    }

    fn add_foreign_key(&mut self, table: &str, key: &ForeignKey, has_rows: bool) {
        let title = format!("add reference `{}` of `{}`", shown(&key.name), shown(table));
        let (table, foreign_key) = (table.to_owned(), key.clone());
        self.push(title, vec![Statement::AddForeignKey { table: table.clone(), foreign_key, trusted: has_rows }]);
        if has_rows {
            let title = format!("check rows for `{}` of `{}`", shown(&key.name), shown(&table));
            self.push(title, vec![Statement::Validate { table, name: key.name.clone() }]);
        }
    }

    fn drop_constraint(&mut self, kind: &str, table: &str, name: &str) {
        let title = format!("drop {kind} `{}` of `{}`", shown(name), shown(table));
        self.push(title, vec![Statement::DropConstraint { table: table.to_owned(), name: name.to_owned() }]);
    }

    fn push(&mut self, title: String, statements: Vec<Statement>) -> &mut Step {
        self.steps.push_mut(Step::new(title, statements))
    }

    /// The last step runs outside of transactions, where indexes do.
    fn concurrent(&mut self) {
        if self.subject.indexes == Indexes::Concurrently
            && let Some(step) = self.steps.last_mut()
        {
            step.mode = Mode::Alone;
        }
    }

    fn quote(&self, name: &str) -> String {
        dialect::quote(self.subject.engine, name)
    }
}
