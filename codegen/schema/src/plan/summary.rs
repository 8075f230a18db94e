//! Changes in a few words, for titles, notes and messages. In: a change. Out: words, and the table it is about.

use crate::change::Change;
use crate::refusal::shown;
use crate::schema::Column;

/// What a change does, in a few words: ``add column `price` to `products` ``.
#[must_use]
pub fn summary(change: &Change) -> String {
    let of = |verb: &str, kind: &str, name: &str, table: &str| {
        format!("{verb} {kind} `{}` of `{}`", shown(name), shown(table))
    };
    match change {
        Change::AddTable { table } => format!("create table `{}`", shown(&table.name)),
        Change::RemoveTable { table } => format!("drop table `{}`", shown(table)),
        Change::RenameTable { from, to } => format!("rename table `{}` to `{}`", shown(from), shown(to)),
        Change::AddColumn { table, column, .. } => {
            format!("add column `{}` to `{}`", shown(&column.name), shown(table))
        }
        Change::RemoveColumn { table, column } => of("drop", "column", column, table),
        Change::RenameColumn { table, from, to } => {
            format!("rename column `{}` of `{}` to `{}`", shown(from), shown(table), shown(to))
        }
        Change::ChangeColumn { table, previous, next, .. } => {
            format!("{} ({})", of("change", "column", &next.name, table), difference(previous, next))
        }
        Change::ChangeKey { table, next, .. } => {
            format!("make `({})` the key of `{}`", shown(&next.join(", ")), shown(table))
        }
        Change::AddUnique { table, unique } => of("add", "unique", &unique.name, table),
        Change::RemoveUnique { table, unique } => of("drop", "unique", unique, table),
        Change::ChangeUnique { table, unique } => of("change", "unique", &unique.name, table),
        Change::AddIndex { table, index } => {
            format!("create index `{}` on `{}`", shown(&index.name), shown(table))
        }
        Change::RemoveIndex { table, index } => of("drop", "index", index, table),
        Change::ChangeIndex { table, index } => of("change", "index", &index.name, table),
        Change::AddReference { table, reference } => of("add", "reference", &reference.name, table),
        Change::RemoveReference { table, reference } => of("drop", "reference", reference, table),
        Change::ChangeReference { table, reference } => of("change", "reference", &reference.name, table),
        Change::AddCheck { table, check } => of("add", "check", &check.name, table),
        Change::RemoveCheck { table, check } => of("drop", "check", check, table),
        Change::ChangeCheck { table, check } => of("change", "check", &check.name, table),
        Change::FollowTable { table } => format!("follow `{}` in the feed", shown(table)),
        Change::UnfollowTable { table } => format!("follow `{}` in the feed no more", shown(table)),
    }
}

/// The table that a change is about, by the name it has when the change is made.
pub(crate) fn table(change: &Change) -> Option<&str> {
    Some(match change {
        Change::AddTable { table } => &table.name,
        Change::RenameTable { from, .. } => from,
        Change::RemoveTable { table }
        | Change::AddColumn { table, .. }
        | Change::RemoveColumn { table, .. }
        | Change::RenameColumn { table, .. }
        | Change::ChangeColumn { table, .. }
        | Change::ChangeKey { table, .. }
        | Change::AddUnique { table, .. }
        | Change::RemoveUnique { table, .. }
        | Change::ChangeUnique { table, .. }
        | Change::AddIndex { table, .. }
        | Change::RemoveIndex { table, .. }
        | Change::ChangeIndex { table, .. }
        | Change::AddReference { table, .. }
        | Change::RemoveReference { table, .. }
        | Change::ChangeReference { table, .. }
        | Change::AddCheck { table, .. }
        | Change::RemoveCheck { table, .. }
        | Change::ChangeCheck { table, .. }
        | Change::FollowTable { table }
        | Change::UnfollowTable { table } => table,
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
