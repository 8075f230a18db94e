//! What rows survive. In: a change. Out: its step, or a refusal that names its object.
//! One place for all of it: whatever is not listed as possible is refused.

use super::{Phase, Refusal, Step};
use crate::change::Change;
use crate::dialect::{Capability, capability};
use crate::engine::Engine;
use crate::refusal::shown;
use crate::schema::{Column, Default};

const RESTORE: &str =
    "restore it as the last release has it; changes of tables that hold rows arrive with the migration engine";
const REBUILD: &str =
    "make the field an `Option` without it, or wait for the table rebuild, which arrives with the migration engine";

/// Whether an engine can do something.
type Ability = fn(Capability) -> bool;

/// A change as a step, if it is supported.
pub(super) fn accept(database: &str, change: Change) -> Result<Step, Refusal> {
    let (object, summary) = match &change {
        Change::AddTable { table } => (table.name.clone(), format!("create table `{}`", shown(&table.name))),
        Change::AddColumn { table, column, reference, .. } => {
            let object = format!("{table}.{}", column.name);
            added_column(&format!("{database}.{object}"), column, reference.is_some())?;
            (object, format!("add column `{}` to `{}`", shown(&column.name), shown(table)))
        }
        Change::AddIndex { table, index } => {
            (format!("{table}.{}", index.name), format!("create index `{}` on `{}`", shown(&index.name), shown(table)))
        }
        other => return Err(unsupported(database, other)),
    };
    Ok(Step { phase: Phase::Expand, object: format!("{database}.{object}"), summary, change })
}

/// The refusal of a change that arrives with the migration engine.
fn unsupported(database: &str, change: &Change) -> Refusal {
    let (table, part, what) = match change {
        Change::AddTable { table } => (&table.name, None, format!("adding table `{}`", shown(&table.name))),
        Change::RemoveTable { table } => (table, None, format!("removing table `{}`", shown(table))),
        Change::AddColumn { table, column, .. } => part(table, "adding column", &column.name),
        Change::RemoveColumn { table, column } => part(table, "removing column", column),
        Change::ChangeColumn { table, previous, next } => {
            let (table, name, what) = part(table, "changing column", &next.name);
            (table, name, format!("{what} ({})", difference(previous, next)))
        }
        Change::ChangeKey { table, previous, next } => {
            let (previous, next) = (shown(&previous.join(", ")), shown(&next.join(", ")));
            (table, None, format!("changing the key from `({previous})` to `({next})`"))
        }
        Change::AddUnique { table, unique } => part(table, "adding unique", &unique.name),
        Change::RemoveUnique { table, unique } => part(table, "removing unique", unique),
        Change::ChangeUnique { table, unique } => part(table, "changing unique", &unique.name),
        Change::AddIndex { table, index } => part(table, "adding index", &index.name),
        Change::RemoveIndex { table, index } => part(table, "removing index", index),
        Change::ChangeIndex { table, index } => part(table, "changing index", &index.name),
        Change::AddReference { table, reference } => part(table, "adding reference", &reference.name),
        Change::RemoveReference { table, reference } => part(table, "removing reference", reference),
        Change::ChangeReference { table, reference } => part(table, "changing reference", &reference.name),
        Change::AddCheck { table, check } => part(table, "adding check", &check.name),
        Change::RemoveCheck { table, check } => part(table, "removing check", check),
        Change::ChangeCheck { table, check } => part(table, "changing check", &check.name),
    };
    let object = match part {
        Some(part) => format!("{database}.{table}.{part}"),
        None => format!("{database}.{table}"),
    };
    Refusal::new("unsupported-change", object, format!("{what} is not supported yet"), RESTORE)
}

fn part<'a>(table: &'a String, verb: &str, name: &'a str) -> (&'a String, Option<&'a str>, String) {
    (table, Some(name), format!("{verb} `{}`", shown(name)))
}

/// A column can be added where every engine gives the rows that are there a value without rebuilding the table.
fn added_column(object: &str, column: &Column, has_reference: bool) -> Result<(), Refusal> {
    let name = shown(&column.name);
    let computed = matches!(column.default, Some(Default::Now | Default::RandomUuid));
    let needs: [(bool, Ability, String); 3] = [
        (
            column.generated.is_some(),
            |capability| capability.adds_generated_columns,
            format!("add the generated column `{name}` to a table that is there"),
        ),
        (
            computed,
            |capability| capability.adds_computed_defaults,
            format!("add column `{name}` with a default that is computed for each row"),
        ),
        (
            has_reference && column.default.is_some(),
            |capability| capability.adds_references_with_values,
            format!("add column `{name}` with both a reference and a default"),
        ),
    ];
    for (needed, can, what) in needs {
        if let Some(engine) = Engine::ALL.into_iter().find(|engine| needed && !can(capability(*engine))) {
            let message = format!("{} cannot {what}", engine.title());
            return Err(Refusal::new("unsupported-change", object, message, REBUILD));
        }
    }
    if column.nullable || column.default.is_some() || column.generated.is_some() {
        return Ok(());
    }
    Err(Refusal::new(
        "not-null-without-default",
        object,
        format!("rows that are there would have no value for the new column `{name}`"),
        "say what they hold with `#[column(default = …)]`, or make the field an `Option`",
    ))
}

/// What differs between two states of a column, in words.
fn difference(previous: &Column, next: &Column) -> String {
    let mut parts = Vec::new();
    let (before, after) = (previous.ty.shown(), next.ty.shown());
    if before != after {
        parts.push(format!("its type was {before} and is {after}"));
    } else if previous.ty != next.ty {
        parts.push(format!("the limits of its {after} differ"));
    }
    if previous.nullable != next.nullable {
        parts.push(if next.nullable { "it may now be null" } else { "it may no longer be null" }.to_owned());
    }
    if previous.automatic != next.automatic {
        parts.push("who numbers it differs".to_owned());
    }
    if previous.default != next.default {
        parts.push("its default differs".to_owned());
    }
    if previous.generated != next.generated {
        parts.push("how it is generated differs".to_owned());
    }
    parts.join(", ")
}
