//! Steps for an engine that can alter little of a table (SQLite): what cannot be added is copied to a new table.
//! In: both schemas as the engine holds them, and where rows come from. Out: steps. All tables that are copied or dropped are in
//! one step, so that no table ever refers to one that is half there. Absent: the care around it, which `cell-migrate` takes.

use std::collections::{BTreeMap, BTreeSet};

use super::{Mode, Step, Subject, order, rows, summary};
use crate::change::Change;
use crate::ddl::{Column, Database, Index, Statement, Table};
use crate::dialect;
use crate::refusal::{Refusal, shown};
use crate::schema;

/// What a table's name begins with while it is copied.
const COPY: &str = "cell_rebuild_";

pub(super) fn steps(subject: &Subject<'_>, before: &Database) -> Result<Vec<Step>, Vec<Refusal>> {
    let mut sorted = Sorted::default();
    for table in &subject.after.tables {
        let from = subject.transition.origin(&table.name);
        match from.and_then(|from| before.table(from)) {
            None => sorted.created.push(table),
            Some(before) => match grown(subject, before, table) {
                Some(grown) => sorted.grown.push((table, grown)),
                None => sorted.rebuilt.push((before, table)),
            },
        }
    }
    let kept: BTreeSet<&str> = subject.transition.rows.values().filter_map(|rows| rows.from.as_deref()).collect();
    sorted.dropped = before.tables.iter().filter(|table| !kept.contains(table.name.as_str())).collect();

    let mut steps = Vec::new();
    for (table, grown) in &sorted.grown {
        for index in &grown.removed {
            let title = format!("drop index `{}` of `{}`", shown(&index.name), shown(&table.name));
            steps.push(Step::new(title, vec![drop_index(&index.name)]));
        }
    }
    if !(sorted.rebuilt.is_empty() && sorted.dropped.is_empty()) {
        steps.push(rebuild(subject, &sorted).map_err(|refusal| vec![refusal])?);
    }
    for table in order::tables(&sorted.created) {
        let mut statements = vec![Statement::CreateTable(bare(table))];
        statements.extend(table.indexes.iter().map(|index| create_index(&table.name, index)));
        steps.push(Step::new(format!("create table `{}`", shown(&table.name)), statements));
    }
    for (table, grown) in &sorted.grown {
        for column in &grown.columns {
            let title = format!("add column `{}` to `{}`", shown(&column.name), shown(&table.name));
            steps.push(Step::new(title, vec![add_column(subject, table, column)]));
        }
    }
    for (table, grown) in &sorted.grown {
        for index in &grown.added {
            let title = format!("create index `{}` on `{}`", shown(&index.name), shown(&table.name));
            let mut step = Step::new(title, vec![create_index(&table.name, index)]);
            step.builds(subject.object(&table.name, &index.name), &table.name);
            steps.push(step);
        }
    }
    Ok(steps)
}

/// The tables by what becomes of them.
#[derive(Default)]
struct Sorted<'a> {
    created: Vec<&'a Table>,
    grown: Vec<(&'a Table, Grown<'a>)>,
    /// Before and after.
    rebuilt: Vec<(&'a Table, &'a Table)>,
    dropped: Vec<&'a Table>,
}

/// What a table gets that it can get without being copied.
#[derive(Default)]
struct Grown<'a> {
    columns: Vec<&'a Column>,
    removed: Vec<&'a Index>,
    added: Vec<&'a Index>,
}

/// What a table gets, where that is all that changes.
fn grown<'a>(subject: &Subject<'_>, before: &'a Table, after: &'a Table) -> Option<Grown<'a>> {
    let mut grown = Grown::default();
    let rows = subject.transition.rows.get(&after.name)?;
    let table = subject.transition.next(&after.name)?;
    let mut checks = before.checks.clone();
    let mut foreign_keys = before.foreign_keys.clone();
    for column in &after.columns {
        if let Some(origin) = rows.origin(&column.name) {
            let is_same = origin == column.name && before.column(origin) == Some(column);
            let declared = table.column(&column.name)?;
            let earlier = subject.transition.previous(&before.name).and_then(|table| table.column(origin));
            let moves = earlier.is_some_and(|earlier| earlier.ty != declared.ty);
            if !is_same || moves {
                return None;
            }
            continue;
        }
        let declared = table.column(&column.name)?;
        let own = own_foreign_key(subject, after, column);
        if !can_be_added(declared, own.is_some()) || rows::backfill(subject, table, declared).is_some() {
            return None;
        }
        checks.extend(own_checks(subject, after, column).into_iter().cloned());
        foreign_keys.extend(own.cloned());
        grown.columns.push(column);
    }
    checks.sort_by(|left, right| left.name.cmp(&right.name));
    foreign_keys.sort_by(|left, right| left.name.cmp(&right.name));
    let is_same = before.name == after.name
        && before.columns.iter().all(|column| after.column(&column.name).is_some())
        && before.key == after.key
        && before.uniques == after.uniques
        && before.strict == after.strict
        && foreign_keys == after.foreign_keys
        && checks == after.checks;
    if !is_same {
        return None;
    }
    grown.removed = before.indexes.iter().filter(|index| !after.indexes.contains(index)).collect();
    grown.added = after.indexes.iter().filter(|index| !before.indexes.contains(index)).collect();
    Some(grown)
}

/// Whether `ADD COLUMN` gives the rows that are there a value.
fn can_be_added(column: &schema::Column, refers: bool) -> bool {
    let capability = dialect::capability(crate::Engine::Sqlite);
    let is_computed = matches!(column.default, Some(schema::Default::Now | schema::Default::RandomUuid));
    let has_value = column.nullable || column.default.is_some();
    (column.generated.is_none() || capability.adds_generated_columns)
        && (!is_computed || capability.adds_computed_defaults)
        && (!refers || column.default.is_none() || capability.adds_references_with_values)
        && has_value
        && !column.automatic
}

/// The checks that come with a column: its type's, and those that mention no other.
pub(super) fn own_checks<'a>(subject: &Subject<'_>, table: &'a Table, column: &Column) -> Vec<&'a crate::ddl::Check> {
    let rules = dialect::RULES.map(|rule| dialect::rule_name(&table.name, &column.name, rule));
    let is_rule = |name: &str| rules.iter().any(|rule| rule == name);
    let own = subject.transition.with_column(&table.name, &column.name).map(|with| with.checks);
    let is_own = |name: &str| own.is_some_and(|own| own.iter().any(|check| check.name == name));
    table.checks.iter().filter(|check| is_rule(&check.name) || is_own(&check.name)).collect()
}

/// The reference that comes with a column.
pub(super) fn own_foreign_key<'a>(
    subject: &Subject<'_>,
    table: &'a Table,
    column: &Column,
) -> Option<&'a crate::ddl::ForeignKey> {
    let own = subject.transition.with_column(&table.name, &column.name)?.reference?;
    table.foreign_keys.iter().find(|key| key.name == own.name)
}

fn add_column(subject: &Subject<'_>, table: &Table, column: &Column) -> Statement {
    Statement::AddColumn {
        table: table.name.clone(),
        column: column.clone(),
        checks: own_checks(subject, table, column).into_iter().cloned().collect(),
        foreign_key: own_foreign_key(subject, table, column).cloned(),
    }
}

fn rebuild(subject: &Subject<'_>, sorted: &Sorted<'_>) -> Result<Step, Refusal> {
    let copy = |name: &str| format!("{COPY}{name}");
    let mut statements = Vec::new();
    for (before, after) in &sorted.rebuilt {
        let name = copy(&after.name);
        let mut table = bare(after);
        // Its constraints keep the names that they have in the table's own name.
        table.name.clone_from(&name);
        statements.push(Statement::CreateTable(Table { key_name: Some(after.name.clone()), ..table }));
        let Some(declared) = subject.transition.next(&after.name) else { continue };
        let columns: Vec<&schema::Column> =
            declared.columns.iter().filter(|column| column.generated.is_none()).collect();
        let query = rows::query(subject, declared, &columns)?;
        let columns = columns.iter().map(|column| column.name.clone()).collect();
        statements.push(Statement::Copy { table: name.clone(), columns, query });
        let numbered = |table: &Table| table.columns.iter().any(|column| column.identity);
        if numbered(before) && numbered(after) {
            statements.push(Statement::CopySequence { from: before.name.clone(), to: name });
        }
    }
    let gone = sorted.rebuilt.iter().map(|(before, _)| *before).chain(sorted.dropped.iter().copied());
    statements.extend(gone.map(|table| Statement::DropTables(vec![table.name.clone()])));
    for (_, after) in &sorted.rebuilt {
        statements.push(Statement::RenameTable { from: copy(&after.name), to: after.name.clone() });
    }
    for (_, after) in &sorted.rebuilt {
        statements.extend(after.indexes.iter().map(|index| create_index(&after.name, index)));
    }
    let title = title(sorted);
    let rebuilt = sorted.rebuilt.iter().flat_map(|(before, after)| [before.name.as_str(), after.name.as_str()]);
    let concerned: BTreeSet<&str> = rebuilt.chain(sorted.dropped.iter().map(|table| table.name.as_str())).collect();
    // The others are made beside it.
    let own = |change: &&Change| summary::table(change).is_some_and(|table| concerned.contains(table));
    let notes = subject.transition.changes.iter().filter(own).map(summary::summary).collect();
    let mut step = Step { notes, mode: Mode::Rebuild, ..Step::new(title, statements) };
    for (_, after) in &sorted.rebuilt {
        step.rewrites(format!("{}.{}", subject.transition.database(), after.name), &after.name);
    }
    Ok(step)
}

fn title(sorted: &Sorted<'_>) -> String {
    let mut parts = BTreeMap::new();
    for (_, after) in &sorted.rebuilt {
        parts.entry("rebuild").or_insert_with(Vec::new).push(format!("`{}`", shown(&after.name)));
    }
    for table in &sorted.dropped {
        parts.entry("drop").or_insert_with(Vec::new).push(format!("`{}`", shown(&table.name)));
    }
    let parts: Vec<String> =
        parts.into_iter().rev().map(|(verb, names)| format!("{verb} {}", names.join(", "))).collect();
    parts.join("; ")
}

fn bare(table: &Table) -> Table {
    Table { indexes: Vec::new(), ..table.clone() }
}

fn create_index(table: &str, index: &Index) -> Statement {
    Statement::CreateIndex { table: table.to_owned(), index: index.clone(), concurrently: false }
}

fn drop_index(name: &str) -> Statement {
    Statement::DropIndex { name: name.to_owned(), concurrently: false, lenient: false }
}
