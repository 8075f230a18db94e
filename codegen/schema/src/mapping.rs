//! What rows hold after a migration, in terms of what they held before. In: the schema before, the changes. Out: for each table
//! after them, where its rows and each of its values come from. Absent: SQL, which [`crate::plan`] makes of it.

use std::collections::BTreeMap;

use crate::change::{Change, RowChange};
use crate::expr::Expression;
use crate::schema::Schema;

/// Where the rows of a table come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableRows {
    /// Its name before; `None` where it is new, and has no rows.
    pub from: Option<String>,
    /// By the column's name after.
    pub columns: BTreeMap<String, Source>,
}

/// Where the values of a column come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// From a column that was there, under this name.
    Kept {
        /// Its name before.
        from: String,
        /// What else is said of its values.
        rows: RowChange,
    },
    /// From nothing: rows hold the backfill, else the default, else null.
    Added {
        /// What rows hold.
        backfill: Option<Expression>,
    },
}

/// The tables after the changes by name.
#[must_use]
pub fn mapping(previous: &Schema, changes: &[Change]) -> BTreeMap<String, TableRows> {
    let kept = |from: &str| Source::Kept { from: from.to_owned(), rows: RowChange::default() };
    let mut tables: BTreeMap<String, TableRows> = previous
        .tables
        .iter()
        .map(|table| {
            let columns = table.columns.iter().map(|column| (column.name.clone(), kept(&column.name))).collect();
            (table.name.clone(), TableRows { from: Some(table.name.clone()), columns })
        })
        .collect();
    for change in changes {
        match change {
            Change::AddTable { table } => {
                let columns = table
                    .columns
                    .iter()
                    .map(|column| (column.name.clone(), Source::Added { backfill: None }))
                    .collect();
                tables.insert(table.name.clone(), TableRows { from: None, columns });
            }
            Change::RemoveTable { table } => drop(tables.remove(table)),
            Change::RenameTable { from, to } => {
                if let Some(rows) = tables.remove(from) {
                    tables.insert(to.clone(), rows);
                }
            }
            Change::AddColumn { table, column, backfill, .. } => {
                if let Some(rows) = tables.get_mut(table) {
                    rows.columns.insert(column.name.clone(), Source::Added { backfill: backfill.clone() });
                }
            }
            Change::RemoveColumn { table, column } => {
                if let Some(rows) = tables.get_mut(table) {
                    rows.columns.remove(column);
                }
            }
            Change::RenameColumn { table, from, to } => {
                if let Some(rows) = tables.get_mut(table)
                    && let Some(source) = rows.columns.remove(from)
                {
                    rows.columns.insert(to.clone(), source);
                }
            }
            Change::ChangeColumn { table, next, rows: said, .. } => {
                let source = tables.get_mut(table).and_then(|rows| rows.columns.get_mut(&next.name));
                if let Some(Source::Kept { rows, .. }) = source {
                    rows.clone_from(said);
                }
            }
            _ => {}
        }
    }
    tables
}

impl TableRows {
    /// The name that a column had before, where it was there.
    #[must_use]
    pub fn origin(&self, column: &str) -> Option<&str> {
        match self.columns.get(column)? {
            Source::Kept { from, .. } => Some(from),
            Source::Added { .. } => None,
        }
    }
}
