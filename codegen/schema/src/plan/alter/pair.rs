//! Tables that are there, each beside what it shall be. In: a database, a subject. Out: in what they differ.

use crate::ddl::{Database, Table};
use crate::plan::Subject;

/// A table that is there, and as it shall be.
pub(super) struct Pair<'t> {
    pub(super) before: &'t Table,
    pub(super) after: &'t Table,
    pub(super) differs: Differs,
}

impl<'t> Pair<'t> {
    /// Nothing where the table is new.
    pub(super) fn of(subject: &Subject<'_>, current: &'t Database, after: &'t Table) -> Option<Self> {
        let before = current.table(&after.name)?;
        Some(Self { before, after, differs: Differs::between(subject, before, after) })
    }
}

/// In what a table is not yet as it shall be: looked at once, while it is at hand.
#[derive(Clone, Copy)]
pub(super) struct Differs {
    pub(super) columns: bool,
    pub(super) key: bool,
    pub(super) uniques: bool,
    pub(super) references: bool,
    pub(super) checks: bool,
    pub(super) indexes: bool,
}

impl Differs {
    fn between(subject: &Subject<'_>, before: &Table, after: &Table) -> Self {
        Self {
            columns: before.columns != after.columns || subject.transition.moves(&after.name),
            key: before.key != after.key,
            uniques: before.uniques != after.uniques,
            references: before.foreign_keys != after.foreign_keys,
            checks: before.checks != after.checks,
            indexes: before.indexes != after.indexes,
        }
    }

    pub(super) fn any(self) -> bool {
        self.columns || self.key || self.uniques || self.references || self.checks || self.indexes
    }
}
