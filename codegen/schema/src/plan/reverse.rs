//! The way back. In: a schema, the changes that were made to it. Out: the changes that undo them without loss, or why there are
//! none. What the changes deleted, cut or made the same is lost, and so is what undoing them would: then the way back is a restore.

use std::collections::{BTreeMap, BTreeSet};

use super::{Bridge, Phases};
use crate::change::{Change, RowChange};
use crate::hazard::{Consent, Hazard, HazardKind};
use crate::hints::{ColumnHints, Hints};
use crate::mapping::{Source, TableRows, mapping};
use crate::refusal::{Refusal, shown};
use crate::schema::{Column, Schema, Type};
use crate::transition::Transition;

/// Whether changes can be undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reverse {
    /// By these changes, whatever rows there are by then.
    Changes(Vec<Change>),
    /// They cannot: what would be lost, or might not go, ordered by object.
    None(Vec<Refusal>),
}

/// How changes are undone.
///
/// # Errors
/// The changes do not fit the schema.
pub fn reverse(previous: &Schema, changes: &[Change]) -> Result<Reverse, Vec<Refusal>> {
    way_back(previous, changes, &[])
}

/// How the first phase of changes is undone, while the second waits. What a bridge kept under the earlier name is not lost with
/// the next one.
///
/// # Errors
/// The phases do not fit the schema.
pub fn reverse_between(previous: &Schema, phases: &Phases) -> Result<Reverse, Vec<Refusal>> {
    way_back(previous, &phases.expand, &phases.bridges)
}

fn way_back(previous: &Schema, changes: &[Change], bridges: &[Bridge]) -> Result<Reverse, Vec<Refusal>> {
    let transition = Transition::of_all(previous, changes)?;
    let next = &*transition.after;
    let mut hints = Hints::default();
    for (table, rows) in mapping(previous, changes) {
        let Some(from) = &rows.from else { continue };
        let said = hints.tables.entry(from.clone()).or_default();
        said.renamed_from = (*from != table).then(|| table.clone());
        for (column, source) in &rows.columns {
            let Source::Kept { from: origin, rows } = source else { continue };
            let renamed_from = (origin != column).then(|| column.clone());
            let values = renamed_values(rows, bridges, &table, column);
            if renamed_from.is_some() || !values.is_empty() {
                let renamed = values.keys().cloned().collect();
                said.columns
                    .insert(origin.clone(), ColumnHints { renamed_from, values, renamed, ..ColumnHints::default() });
            }
        }
    }
    let back = match crate::diff::diff(next, previous, &hints) {
        Ok(back) => back,
        Err(refusals) => return Ok(Reverse::None(refusals)),
    };
    let mut refusals = merged(previous, changes);
    let (findings, _) = super::findings::find(&transition);
    let lost =
        findings.into_iter().map(|finding| finding.hazard).filter(|hazard| hazard.kind.consent() == Consent::Needed);
    refusals.extend(lost.map(refusal));
    let (findings, impossible) = super::findings::find(&Transition::new(next, &back)?);
    refusals.extend(impossible);
    let kept = kept_by(bridges, previous, &mapping(previous, changes));
    let refused = findings
        .into_iter()
        .map(|finding| finding.hazard)
        .filter(|hazard| hazard.kind.consent() != Consent::Told && hazard.kind != HazardKind::ObjectInTheWay)
        .filter(|hazard| !kept.contains(&(hazard.kind, hazard.object.clone())));
    refusals.extend(refused.map(refusal));
    refusals.sort();
    refusals.dedup();
    Ok(if refusals.is_empty() { Reverse::Changes(back) } else { Reverse::None(refusals) })
}

/// What the values of a column were called, by what they are called now.
fn renamed_values(rows: &RowChange, bridges: &[Bridge], table: &str, column: &str) -> BTreeMap<String, String> {
    let is_one = |to: &String| rows.values.values().filter(|other| *other == to).count() == 1;
    let renamed = rows.renamed.iter().filter_map(|from| Some((rows.values.get(from)?.clone(), from.clone())));
    let renamed = renamed.filter(|(to, _)| is_one(to));
    let bridged = bridges.iter().filter_map(|bridge| match bridge {
        Bridge::Values { table: of, column: name, values } if of == table && name == column => Some(values.clone()),
        _ => None,
    });
    renamed.chain(bridged.flatten()).collect()
}

/// What cannot happen to rows that bridges kept the same under both names, by the names of objects on the way back.
fn kept_by(
    bridges: &[Bridge],
    previous: &Schema,
    rows: &BTreeMap<String, TableRows>,
) -> BTreeSet<(HazardKind, String)> {
    let mut kept = BTreeSet::new();
    for bridge in bridges {
        let Bridge::Same { table, previous: column, next } = bridge else { continue };
        let Some(earlier) = rows.get(table).and_then(|rows| rows.from.as_ref()) else { continue };
        // A step may know the table by its later name, or by its earlier one already.
        for table in [table, earlier] {
            let object = |column: &str| format!("{}.{table}.{column}", previous.database);
            kept.insert((HazardKind::ValuesDeleted, object(next)));
            kept.insert((HazardKind::NotNullOverRows, object(column)));
        }
    }
    kept
}

fn refusal(hazard: Hazard) -> Refusal {
    let help = "restore a backup, or write a migration that goes on from here";
    Refusal::new(hazard.kind.code(), hazard.object, hazard.message, help)
}

/// Values of an enumeration that became the same: which rows held which is not written anywhere.
fn merged(previous: &Schema, changes: &[Change]) -> Vec<Refusal> {
    let lost = changes.iter().filter_map(|change| match change {
        Change::ChangeColumn { table, previous: Column { ty: Type::Enumeration { values }, .. }, next, rows } => {
            let after: BTreeSet<&String> = values.iter().map(|value| rows.values.get(value).unwrap_or(value)).collect();
            (after.len() < values.len()).then(|| Hazard {
                object: format!("{}.{table}.{}", previous.database, next.name),
                kind: HazardKind::ValueRemoved,
                message: format!("different values of `{}` became the same", shown(&next.name)),
                help: None,
            })
        }
        _ => None,
    });
    lost.map(refusal).collect()
}

/// What was said beside the schemas that these changes were made of: the renames, backfills and values in them.
#[must_use]
pub fn hints(previous: &Schema, changes: &[Change]) -> Hints {
    let mut hints = Hints::default();
    for (table, rows) in mapping(previous, changes) {
        let said = hints.tables.entry(table.clone()).or_default();
        said.renamed_from = rows.from.clone().filter(|from| *from != table);
        for (column, source) in rows.columns {
            let said = match source {
                Source::Kept { from, rows } => ColumnHints {
                    renamed_from: (from != column).then_some(from),
                    backfill: rows.backfill,
                    values: rows.values,
                    renamed: rows.renamed,
                    zone: rows.zone,
                },
                Source::Added { backfill } => ColumnHints { backfill, ..ColumnHints::default() },
            };
            if said != ColumnHints::default() {
                hints.tables.entry(table.clone()).or_default().columns.insert(column, said);
            }
        }
    }
    hints
}
