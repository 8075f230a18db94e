//! What rows do not survive, or what is not supported yet. In: a change. Out: a refusal that names its object.
//! One place for all of it: whatever is not listed as possible is refused.

use super::Refusal;
use crate::change::Change;
use crate::dialect::capability;
use crate::engine::Engine;
use crate::refusal::shown;
use crate::schema::{Column, Default, Schema};

const RESTORE: &str =
    "put it back as the last release has it: changes of what holds rows arrive with the migration engine";
const REBUILD: &str =
    "make the field an `Option` without it, or wait for the table rebuild, which arrives with the migration engine";

/// Why a change is refused, if it is.
pub(super) fn refuse(database: &Schema, change: &Change) -> Option<Refusal> {
    let object = |table: &str, part: &str| format!("{}.{table}.{part}", database.database);
    let unsupported = |table: &str, part: &str, message: String| {
        Some(Refusal::new("unsupported-change", object(table, part), message, RESTORE))
    };
    match change {
        Change::AddTable { .. } | Change::AddIndex { .. } => None,
        Change::AddColumn { table, column, reference, .. } => {
            added_column(&object(table, &column.name), column, reference.is_some())
        }
        Change::RemoveTable { table } => {
            let object = format!("{}.{table}", database.database);
            let message = format!("removing table `{}` is not supported yet", shown(table));
            Some(Refusal::new("unsupported-change", object, message, RESTORE))
        }
        Change::RemoveColumn { table, column } => {
            unsupported(table, column, format!("removing column `{}` is not supported yet", shown(column)))
        }
        Change::ChangeColumn { table, previous, next } => {
            let what = difference(previous, next);
            unsupported(
                table,
                &next.name,
                format!("changing column `{}` is not supported yet: {what}", shown(&next.name)),
            )
        }
        Change::ChangeKey { table, previous, next } => {
            let (previous, next) = (shown(&previous.join(", ")), shown(&next.join(", ")));
            let message = format!("changing the key from `({previous})` to `({next})` is not supported yet");
            Some(Refusal::new("unsupported-change", format!("{}.{table}", database.database), message, RESTORE))
        }
        Change::AddUnique { table, unique } => part(&unsupported, "adding unique", table, &unique.name),
        Change::RemoveUnique { table, unique } => part(&unsupported, "removing unique", table, unique),
        Change::ChangeUnique { table, unique } => part(&unsupported, "changing unique", table, &unique.name),
        Change::RemoveIndex { table, index } => part(&unsupported, "removing index", table, index),
        Change::ChangeIndex { table, index } => part(&unsupported, "changing index", table, &index.name),
        Change::AddReference { table, reference } => part(&unsupported, "adding reference", table, &reference.name),
        Change::RemoveReference { table, reference } => part(&unsupported, "removing reference", table, reference),
        Change::ChangeReference { table, reference } => {
            part(&unsupported, "changing reference", table, &reference.name)
        }
        Change::AddCheck { table, check } => part(&unsupported, "adding check", table, &check.name),
        Change::RemoveCheck { table, check } => part(&unsupported, "removing check", table, check),
        Change::ChangeCheck { table, check } => part(&unsupported, "changing check", table, &check.name),
    }
}

fn part(
    unsupported: &dyn Fn(&str, &str, String) -> Option<Refusal>,
    verb: &str,
    table: &str,
    name: &str,
) -> Option<Refusal> {
    unsupported(table, name, format!("{verb} `{}` on a table that may hold rows is not supported yet", shown(name)))
}

/// A column can be added where every engine gives the rows that are there a value without rebuilding the table.
fn added_column(object: &str, column: &Column, has_reference: bool) -> Option<Refusal> {
    let name = shown(&column.name);
    let lacking = |can: fn(crate::dialect::Capability) -> bool| {
        Engine::ALL.into_iter().find(|engine| !can(capability(*engine))).map(Engine::title)
    };
    let unsupported = |message: String| Some(Refusal::new("unsupported-change", object, message, REBUILD));
    if column.generated.is_some()
        && let Some(engine) = lacking(|capability| capability.adds_generated_columns)
    {
        return unsupported(format!("{engine} cannot add the generated column `{name}` to a table that is there"));
    }
    if matches!(column.default, Some(Default::Now | Default::RandomUuid))
        && let Some(engine) = lacking(|capability| capability.adds_computed_defaults)
    {
        let message = format!("{engine} cannot add column `{name}` with a default that is computed for each row");
        return unsupported(message);
    }
    if has_reference
        && column.default.is_some()
        && let Some(engine) = lacking(|capability| capability.adds_references_with_values)
    {
        return unsupported(format!("{engine} cannot add column `{name}` with both a reference and a default"));
    }
    (!column.nullable && column.default.is_none() && column.generated.is_none()).then(|| {
        Refusal::new(
            "not-null-without-default",
            object,
            format!("rows that are there would have no value for the new column `{name}`"),
            "say what they hold with `#[column(default = …)]`, or make the field an `Option`",
        )
    })
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
