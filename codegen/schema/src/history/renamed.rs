//! Which renames the sealed migrations have made: a hint in the source that says one of them has done its work. Without this, two
//! columns that were swapped would be swapped again. In: hints, migrations. Out: the hints that are left.

use std::collections::BTreeMap;

use super::{Migration, Renamed};
use crate::change::Change;
use crate::diff::PASSING;
use crate::hints::Hints;

/// From the names that there are to the names before the last rename.
#[derive(Default)]
struct Made {
    tables: BTreeMap<String, String>,
    columns: BTreeMap<(String, String), String>,
}

/// The hints without the renames that were made.
pub(super) fn unapplied(hints: &Hints, migrations: &[Migration]) -> Hints {
    let renamed = Made::of(migrations);
    let mut hints = hints.clone();
    for (table, said) in &mut hints.tables {
        if said.renamed_from.is_some() && said.renamed_from.as_ref() == renamed.tables.get(table) {
            said.renamed_from = None;
        }
        for (column, said) in &mut said.columns {
            let made = renamed.columns.get(&(table.clone(), column.clone()));
            if said.renamed_from.is_some() && said.renamed_from.as_ref() == made {
                said.renamed_from = None;
            }
        }
    }
    hints
}

impl Made {
    fn of(migrations: &[Migration]) -> Self {
        let mut made = Self::default();
        for migration in migrations {
            migration.changes.iter().for_each(|change| made.follow(change));
            for renamed in migration.squashed.iter().flat_map(|squashed| &squashed.renamed) {
                let (table, from) = (renamed.table.clone(), renamed.from.clone());
                match &renamed.column {
                    Some(column) => drop(made.columns.insert((table, column.clone()), from)),
                    None => drop(made.tables.insert(table, from)),
                }
            }
        }
        made
    }

    fn follow(&mut self, change: &Change) {
        match change {
            Change::AddTable { table } => self.forget(&table.name),
            Change::RemoveTable { table } => self.forget(table),
            Change::RenameTable { from, to } => {
                let before =
                    self.tables.remove(from).filter(|_| from.starts_with(PASSING)).unwrap_or_else(|| from.clone());
                self.tables.insert(to.clone(), before);
                let columns = std::mem::take(&mut self.columns);
                let moved =
                    |(table, column): (String, String)| (if table == *from { to.clone() } else { table }, column);
                self.columns = columns.into_iter().map(|(key, before)| (moved(key), before)).collect();
            }
            Change::AddColumn { table, column, .. } => drop(self.columns.remove(&(table.clone(), column.name.clone()))),
            Change::RemoveColumn { table, column } => drop(self.columns.remove(&(table.clone(), column.clone()))),
            Change::RenameColumn { table, from, to } => {
                let before = self.columns.remove(&(table.clone(), from.clone()));
                let before = before.filter(|_| from.starts_with(PASSING)).unwrap_or_else(|| from.clone());
                self.columns.insert((table.clone(), to.clone()), before);
            }
            _ => {}
        }
    }

    fn forget(&mut self, table: &str) {
        self.tables.remove(table);
        self.columns.retain(|(of, _), _| of != table);
    }
}

/// The renames that migrations have made, in order.
pub(super) fn made(migrations: &[Migration]) -> Vec<Renamed> {
    let Made { tables, columns } = Made::of(migrations);
    let tables = tables.into_iter().map(|(table, from)| Renamed { table, column: None, from });
    let columns = columns.into_iter().map(|((table, column), from)| Renamed { table, column: Some(column), from });
    tables.chain(columns).collect()
}
