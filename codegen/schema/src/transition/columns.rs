//! What changes say of columns, by their table, so that nobody searches all changes for one. In: changes. Out: the columns that
//! are added, with what comes with them, and those that are changed.

use std::collections::HashMap;

use crate::change::Change;
use crate::schema::{Check, Column, Reference};

/// What happens to the columns of a table.
#[derive(Default)]
pub(super) struct Columns<'a> {
    added: Vec<(&'a str, WithColumn<'a>)>,
    /// Before and after.
    changed: Vec<(&'a Column, &'a Column)>,
}

/// The constraints that come with a column.
#[derive(Clone, Copy)]
pub(crate) struct WithColumn<'a> {
    pub(crate) checks: &'a [Check],
    pub(crate) reference: Option<&'a Reference>,
}

pub(super) fn by_table(changes: &[Change]) -> HashMap<&str, Columns<'_>> {
    let mut tables: HashMap<&str, Columns<'_>> = HashMap::new();
    for change in changes {
        match change {
            Change::AddColumn { table, column, checks, reference, .. } => {
                let with = WithColumn { checks, reference: reference.as_ref() };
                tables.entry(table).or_default().added.push((&column.name, with));
            }
            Change::ChangeColumn { table, previous, next, .. } => {
                tables.entry(table).or_default().changed.push((previous, next));
            }
            _ => {}
        }
    }
    tables
}

impl<'a> Columns<'a> {
    pub(super) fn added(&self, column: &str) -> Option<WithColumn<'a>> {
        self.added.iter().find(|(name, _)| *name == column).map(|(_, with)| *with)
    }

    pub(super) fn changes(&self, column: &str) -> bool {
        self.changed.iter().any(|(_, next)| next.name == column)
    }

    pub(super) fn retypes(&self) -> bool {
        self.changed.iter().any(|(previous, next)| previous.ty != next.ty)
    }
}
