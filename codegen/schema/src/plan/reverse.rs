//! The way back. In: a schema, the changes that were made to it. Out: the changes that undo them without loss, or why there are
//! none. What the changes deleted, cut or made the same is lost, and so is what undoing them would: then the way back is a restore.

use std::collections::BTreeSet;

use crate::change::Change;
use crate::hazard::{Consent, Hazard, HazardKind};
use crate::hints::{ColumnHints, Hints};
use crate::mapping::{Source, mapping};
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
    let transition = Transition::of_all(previous, changes)?;
    let next = &*transition.after;
    let mut hints = Hints::default();
    for (table, rows) in mapping(previous, changes) {
        let Some(from) = &rows.from else { continue };
        let said = hints.tables.entry(from.clone()).or_default();
        said.renamed_from = (*from != table).then(|| table.clone());
        for column in rows.columns.keys() {
            let Some(origin) = rows.origin(column).filter(|origin| origin != column) else { continue };
            let renamed_from = Some(column.clone());
            said.columns.insert(origin.to_owned(), ColumnHints { renamed_from, ..ColumnHints::default() });
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
    let refused = findings
        .into_iter()
        .map(|finding| finding.hazard)
        .filter(|hazard| hazard.kind.consent() != Consent::Told && hazard.kind != HazardKind::ObjectInTheWay);
    refusals.extend(refused.map(refusal));
    refusals.sort();
    refusals.dedup();
    Ok(if refusals.is_empty() { Reverse::Changes(back) } else { Reverse::None(refusals) })
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
