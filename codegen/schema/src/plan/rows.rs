//! Rows as they will be, computed from rows as they are. In: where a table's rows come from, an engine. Out: a query over the
//! tables before, whose columns are those after. A rebuild copies by it, a guard counts over it, a rehearsal compares with it.

use super::Subject;
use crate::dialect::{self, convert::convert};
use crate::engine::Engine;
use crate::expr::Expression;
use crate::mapping::Source;
use crate::refusal::Refusal;
use crate::schema::{Column, Default, Schema, Table};
use crate::transition::Transition;

/// A table after the changes, and how to compute its rows before them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its name after.
    pub table: String,
    /// Its columns whose values follow from what was there, in order; generated ones and computed defaults are left out.
    pub columns: Vec<String>,
    /// Computes these columns of every row, before the changes.
    pub query: String,
}

/// The tables whose rows survive the changes, by name.
///
/// # Errors
/// What [`super::program`] refuses.
pub fn kept(engine: Engine, previous: &Schema, changes: &[crate::change::Change]) -> Result<Vec<Kept>, Vec<Refusal>> {
    let transition = Transition::of_all(previous, changes)?;
    let subject = Subject::new(engine, &transition, super::Indexes::InTransactions)?;
    let mut kept = Vec::new();
    for table in &transition.after.tables {
        let Some(rows) = transition.rows.get(&table.name).filter(|rows| rows.from.is_some()) else { continue };
        let columns: Vec<&Column> = table
            .columns
            .iter()
            .filter(|column| column.generated.is_none())
            .filter(|column| {
                let added = matches!(rows.columns.get(&column.name), Some(Source::Added { backfill: None }));
                !(added && matches!(column.default, Some(Default::Now | Default::RandomUuid)))
            })
            .collect();
        let query = query(&subject, table, &columns).map_err(|refusal| vec![refusal])?;
        let columns = columns.iter().map(|column| column.name.clone()).collect();
        kept.push(Kept { table: table.name.clone(), columns, query });
    }
    Ok(kept)
}

/// A query for some columns of a table after the changes, in order. Without a table before, it has no rows.
pub(super) fn query(subject: &Subject<'_>, table: &Table, columns: &[&Column]) -> Result<String, Refusal> {
    let quote = |name: &str| subject.quote(name);
    let Some(from) = subject.transition.origin(&table.name) else {
        let nothing: Vec<String> = columns
            .iter()
            .map(|column| format!("{} AS {}", nothing(subject, table, column), quote(&column.name)))
            .collect();
        return Ok(format!("SELECT {}\nWHERE 1 = 0", nothing.join(", ")));
    };
    if columns.iter().any(|column| column.generated.is_some()) {
        return computed(subject, table, columns);
    }
    let valued = |column: &Column| Ok(format!("{} AS {}", value(subject, table, column)?, quote(&column.name)));
    let backfilled = backfilled(subject, &table.name);
    if !columns.iter().any(|column| backfilled.contains(&column.name.as_str())) {
        let list = columns.iter().map(|column| valued(column)).collect::<Result<Vec<String>, Refusal>>()?;
        return Ok(format!("SELECT {}\nFROM {}", listed(&list), quote(from)));
    }
    // A backfill is over the other columns as they will be.
    let plain = table.columns.iter().filter(|column| column.generated.is_none());
    let inner = plain.map(valued).collect::<Result<Vec<String>, Refusal>>()?;
    let mut outer = Vec::with_capacity(columns.len());
    for column in columns {
        let name = quote(&column.name);
        let value = match backfill(subject, table, column) {
            Some(backfill) => {
                let backfill = text(subject, table, column, backfill)?;
                let kept = matches!(source(subject, table, column), Some(Source::Kept { .. }));
                if kept { format!("coalesce({name}, {backfill})") } else { backfill }
            }
            None => name.clone(),
        };
        outer.push(format!("{value} AS {name}"));
    }
    Ok(format!("SELECT {}\nFROM (SELECT {} FROM {}) AS earlier", listed(&outer), listed(&inner), quote(from)))
}

/// The same where some of the columns are generated: over the others as they will be, backfills and all.
fn computed(subject: &Subject<'_>, table: &Table, columns: &[&Column]) -> Result<String, Refusal> {
    let plain: Vec<&Column> = table.columns.iter().filter(|column| column.generated.is_none()).collect();
    let filled = query(subject, table, &plain)?;
    let mut list = Vec::with_capacity(columns.len());
    for column in columns {
        let name = subject.quote(&column.name);
        list.push(match &column.generated {
            Some(generated) => format!("{} AS {name}", text(subject, table, column, &generated.expression)?),
            None => name,
        });
    }
    Ok(format!("SELECT {}\nFROM ({filled}) AS filled", list.join(", ")))
}

/// A list that has at least one element.
fn listed(list: &[String]) -> String {
    if list.is_empty() { "1 AS nothing".to_owned() } else { list.join(", ") }
}

fn source<'s>(subject: &'s Subject<'_>, table: &Table, column: &Column) -> Option<&'s Source> {
    subject.transition.rows.get(&table.name)?.columns.get(&column.name)
}

/// The columns of a table of which something is said for rows without a value.
pub(super) fn backfilled<'s>(subject: &'s Subject<'_>, table: &str) -> Vec<&'s str> {
    let columns = subject.transition.rows.get(table).into_iter().flat_map(|rows| &rows.columns);
    columns.filter(|(_, source)| said(source).is_some()).map(|(name, _)| name.as_str()).collect()
}

/// What is said of rows without a value.
pub(super) fn backfill<'s>(subject: &'s Subject<'_>, table: &Table, column: &Column) -> Option<&'s Expression> {
    source(subject, table, column).and_then(said)
}

fn said(source: &Source) -> Option<&Expression> {
    match source {
        Source::Kept { rows, .. } => rows.backfill.as_ref(),
        Source::Added { backfill } => backfill.as_ref(),
    }
}

/// The expression of a backfill or of a generated column, over the columns after the changes.
pub(super) fn text(
    subject: &Subject<'_>,
    table: &Table,
    column: &Column,
    expression: &Expression,
) -> Result<String, Refusal> {
    dialect::text_of(subject.engine, subject.transition.database(), table, &column.name, expression, Some(column))
}

/// The value of a column that is not generated, without its backfill, over the columns before.
fn value(subject: &Subject<'_>, table: &Table, column: &Column) -> Result<String, Refusal> {
    match source(subject, table, column) {
        Some(Source::Kept { from, rows }) => {
            let x = subject.quote(from);
            if !subject.transition.changes(&table.name, &column.name) {
                return Ok(x);
            }
            let before = subject.transition.origin(&table.name).and_then(|table| subject.transition.previous(table));
            let before = before.and_then(|table| table.column(from));
            let converted = before.and_then(|before| convert(subject.engine, &x, &before.ty, &column.ty, &rows.values));
            Ok(converted.map_or(x, |converted| converted.value))
        }
        None if subject.transition.untouched(&table.name).is_some() => Ok(subject.quote(&column.name)),
        Some(Source::Added { backfill: Some(_) }) | None => Ok(nothing(subject, table, column)),
        Some(Source::Added { backfill: None }) => {
            let lowered = subject.after.table(&table.name).and_then(|table| table.column(&column.name));
            let default = lowered.and_then(|column| column.default.clone());
            Ok(match (&column.default, default) {
                (Some(Default::Value(_)), Some(text)) => text,
                (Some(_), Some(text)) => format!("({text})"),
                _ => nothing(subject, table, column),
            })
        }
    }
}

/// A null of the column's type.
fn nothing(subject: &Subject<'_>, table: &Table, column: &Column) -> String {
    let lowered = subject.after.table(&table.name).and_then(|table| table.column(&column.name));
    lowered.map_or_else(|| "NULL".to_owned(), |column| format!("CAST(NULL AS {})", column.ty))
}
