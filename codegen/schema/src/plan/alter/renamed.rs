//! Renames, and the database once they are made. Whatever is derived from a name that changes gets its new name, too, so that
//! the earlier ones are free. In: the changes. Out: steps, and the database as the engine then holds it.

use crate::change::Change;
use crate::ddl::{self, Statement};
use crate::dialect;
use crate::names;
use crate::plan::{Step, Subject, replay, summary};
use crate::refusal::Refusal;
use crate::schema::{Schema, Table};
use crate::transition::misfit;

pub(super) fn renames(subject: &Subject<'_>) -> Result<(Vec<Step>, ddl::Database), Vec<Refusal>> {
    let mut steps = Vec::new();
    // What goes later, goes under its new name.
    let removed = subject.transition.changes.iter().take_while(|change| super::is_removal(change)).count();
    let (removed, rest) = subject.transition.changes.split_at(removed);
    let mut schema = replay(&subject.transition.before, removed)?;
    for change in removed {
        if let Change::RemoveColumn { table, column } = change {
            let Some(table) = schema.place(table).and_then(|at| schema.tables.get_mut(at)) else { continue };
            for other in &mut table.columns {
                // What it was computed from is gone, and so is the column, or it keeps what it holds.
                if other.generated.as_ref().is_some_and(|generated| generated.expression.may_mention(column)) {
                    other.generated = None;
                }
            }
        }
    }
    for change in rest {
        let (from, to) = match change {
            Change::RenameTable { from, to } => (from, to),
            Change::RenameColumn { table, .. } => (table, table),
            _ => break,
        };
        let before = schema.table(from).cloned();
        schema.apply(change).map_err(|mismatch| vec![misfit(&schema, mismatch)])?;
        let mut statements = vec![match change {
            Change::RenameColumn { table, from, to } => {
                Statement::RenameColumn { table: table.clone(), from: from.clone(), to: to.clone() }
            }
            _ => Statement::RenameTable { from: from.clone(), to: to.clone() },
        }];
        if let (Some(before), Some(after)) = (&before, schema.table(to)) {
            parts(subject, before, after, change, &mut statements);
        }
        // The names of references to it are their own tables', and are not derived from it.
        steps.push(Step::new(summary(change), statements));
    }
    Ok((steps, dialect::lenient(subject.engine, &schema)))
}

/// The parts of a table whose derived names change.
fn parts(subject: &Subject<'_>, before: &Table, after: &Table, change: &Change, statements: &mut Vec<Statement>) {
    let column = |name: &str| match change {
        Change::RenameColumn { from, to, .. } if name == from => to.clone(),
        _ => name.to_owned(),
    };
    let columns = |names: &[String]| names.iter().map(|name| column(name)).collect::<Vec<String>>();
    let table = after.name.as_str();
    let mut constraint = |from: &str, to: &str| {
        if from != to {
            let (from, to) = (from.to_owned(), to.to_owned());
            statements.push(Statement::RenameConstraint { table: table.to_owned(), from, to });
        }
    };
    let key = |name: &str| names::constraint(name, &[], "pkey");
    if before.key.iter().all(|name| before.column(name).is_some()) {
        constraint(&key(&before.name), &key(table));
    }
    let mut taken = Vec::new();
    for unique in &before.uniques {
        let wanted = columns(&unique.columns);
        let same = after.uniques.iter().find(|other| other.columns == wanted && !taken.contains(&&other.name));
        if let Some(other) = same {
            taken.push(&other.name);
            constraint(&unique.name, &other.name);
        }
    }
    let mut taken = Vec::new();
    for reference in &before.references {
        let wanted = columns(&reference.columns);
        let same = after.references.iter().find(|other| other.columns == wanted && !taken.contains(&&other.name));
        if let Some(other) = same {
            taken.push(&other.name);
            constraint(&reference.name, &other.name);
        }
    }
    let mut taken = Vec::new();
    for check in &before.checks {
        let mut wanted = check.expression.clone();
        if let Change::RenameColumn { from, to, .. } = change {
            wanted.rename(from, to);
        }
        let same = after.checks.iter().find(|other| other.expression == wanted && !taken.contains(&&other.name));
        if let Some(other) = same {
            taken.push(&other.name);
            constraint(&check.name, &other.name);
        }
    }
    // The checks that the columns' types make.
    let lowered = |table: &Table| {
        let alone = Schema { database: subject.transition.database().to_owned(), tables: vec![table.clone()] };
        dialect::lenient(subject.engine, &alone).tables.pop()
    };
    if let (Some(ddl_before), Some(ddl_after)) = (lowered(before), lowered(after)) {
        for earlier in &before.columns {
            let name = column(&earlier.name);
            for rule in dialect::RULES {
                let from = dialect::rule_name(&before.name, &earlier.name, rule);
                let to = dialect::rule_name(table, &name, rule);
                let has = |table: &ddl::Table, name: &str| table.checks.iter().any(|check| check.name == name);
                if has(&ddl_before, &from) && has(&ddl_after, &to) {
                    constraint(&from, &to);
                }
            }
        }
    }
    let mut taken = Vec::new();
    for index in &before.indexes {
        let wanted: Vec<(String, bool)> =
            index.columns.iter().map(|part| (column(&part.column), part.descending)).collect();
        let same = after.indexes.iter().find(|other| {
            let has: Vec<(String, bool)> =
                other.columns.iter().map(|part| (part.column.clone(), part.descending)).collect();
            has == wanted && !taken.contains(&&other.name)
        });
        if let Some(other) = same {
            taken.push(&other.name);
            if index.name != other.name {
                statements.push(Statement::RenameIndex { from: index.name.clone(), to: other.name.clone() });
            }
        }
    }
}
