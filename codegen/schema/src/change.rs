//! What may differ between two schemas, and how a schema becomes the next by it.
//! Absent: finding changes ([`crate::diff`]) and whether one can be made on rows ([`crate::plan`]).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::expr::Expression;
use crate::refusal::shown;
use crate::rename;
use crate::schema::{Check, Column, Index, Reference, Schema, Table, Unique};

/// One difference between two schemas. Together with the schema before, changes say everything about the schema after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are the table's name and the part that is added, removed or changed")]
pub enum Change {
    /// A table with everything that belongs to it.
    AddTable {
        table: Table,
    },
    RemoveTable {
        table: String,
    },
    /// A table with another name: what refers to it follows, and so do the names that are derived from it.
    RenameTable {
        from: String,
        to: String,
    },
    /// A column, behind those that are there, with the constraints that are about it alone.
    AddColumn {
        table: String,
        column: Column,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        checks: Vec<Check>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<Reference>,
        /// What rows that are there hold; without it, the default or nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        backfill: Option<Expression>,
    },
    RemoveColumn {
        table: String,
        column: String,
    },
    /// A column with another name: what names it follows, and so do the names that are derived from it.
    RenameColumn {
        table: String,
        from: String,
        to: String,
    },
    /// A column whose type, nullability, numbering, default or expression differ.
    ChangeColumn {
        table: String,
        previous: Column,
        next: Column,
        /// How the rows that are there change with it.
        #[serde(default, skip_serializing_if = "RowChange::is_nothing")]
        rows: RowChange,
    },
    /// A primary key over other columns, or in another order.
    ChangeKey {
        table: String,
        previous: Vec<String>,
        next: Vec<String>,
    },
    AddUnique {
        table: String,
        unique: Unique,
    },
    RemoveUnique {
        table: String,
        unique: String,
    },
    ChangeUnique {
        table: String,
        unique: Unique,
    },
    AddIndex {
        table: String,
        index: Index,
    },
    RemoveIndex {
        table: String,
        index: String,
    },
    ChangeIndex {
        table: String,
        index: Index,
    },
    AddReference {
        table: String,
        reference: Reference,
    },
    RemoveReference {
        table: String,
        reference: String,
    },
    ChangeReference {
        table: String,
        reference: Reference,
    },
    AddCheck {
        table: String,
        check: Check,
    },
    RemoveCheck {
        table: String,
        check: String,
    },
    ChangeCheck {
        table: String,
        check: Check,
    },
    /// The feed follows a table from now on.
    FollowTable {
        table: String,
    },
    /// It does so no more.
    UnfollowTable {
        table: String,
    },
}

/// What is said of the values that a changed column has in the rows that are there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowChange {
    /// What rows hold that hold nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backfill: Option<Expression>,
    /// What becomes of single values of an enumeration.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
    /// Which of them were only renamed, by the earlier name.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub renamed: BTreeSet<String>,
    /// The time zone of times that were stored without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
}

impl RowChange {
    fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// A change that does not fit the schema it was applied to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// What was missing, or was there already.
    pub message: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Mismatch {}

fn mismatch(message: String) -> Mismatch {
    Mismatch { message }
}

/// What stands in a table under a name of its own.
pub(crate) trait Named: Clone + PartialEq {
    /// What messages call it.
    const KIND: &'static str;
    /// Its name.
    fn name(&self) -> &str;
}

macro_rules! named {
    ($($type:ty => $kind:literal),* $(,)?) => {$(
        impl Named for $type {
            const KIND: &'static str = $kind;
            fn name(&self) -> &str {
                &self.name
            }
        }
    )*};
}

named!(Table => "table", Column => "column", Unique => "unique", Index => "index", Reference => "reference", Check => "check");

impl Schema {
    /// Makes one change.
    ///
    /// # Errors
    /// Where the change does not fit: what it removes is missing, or what it adds is there. The schema is then as before.
    pub fn apply(&mut self, change: &Change) -> Result<(), Mismatch> {
        match change {
            Change::AddTable { table } => {
                let mut table = table.clone();
                table.sort();
                add(&mut self.tables, &table)
            }
            Change::RemoveTable { table } => remove(&mut self.tables, table),
            Change::RenameTable { from, to } => {
                position(&self.tables, from)?;
                absent(&self.tables, to)?;
                rename::table(self, from, to);
                Ok(())
            }
            Change::RenameColumn { table, from, to } => {
                let columns = &self.table_mut(table)?.columns;
                position(columns, from)?;
                absent(columns, to)?;
                rename::column(self, table, from, to);
                Ok(())
            }
            Change::AddColumn { table, column, checks, reference, .. } => {
                // On a copy, so that a second half which does not fit leaves nothing behind.
                let target = self.table_mut(table)?;
                let mut next = target.clone();
                absent(&next.columns, &column.name)?;
                next.columns.push(column.clone());
                for check in checks {
                    add(&mut next.checks, check)?;
                }
                if let Some(reference) = reference {
                    add(&mut next.references, reference)?;
                }
                *target = next;
                Ok(())
            }
            Change::RemoveColumn { table, column } => remove(&mut self.table_mut(table)?.columns, column),
            Change::ChangeColumn { table, previous, next, .. } => {
                let columns = &mut self.table_mut(table)?.columns;
                let column = columns.iter_mut().find(|column| *column == previous).ok_or_else(|| {
                    mismatch(format!("column `{}` is not as the change says it was", shown(&previous.name)))
                })?;
                *column = next.clone();
                Ok(())
            }
            Change::ChangeKey { table, previous, next } => {
                let table = self.table_mut(table)?;
                if table.key != *previous {
                    return Err(mismatch(format!("the key of `{}` is not as the change says", shown(&table.name))));
                }
                table.key.clone_from(next);
                Ok(())
            }
            Change::AddUnique { table, unique } => add(&mut self.table_mut(table)?.uniques, unique),
            Change::RemoveUnique { table, unique } => remove(&mut self.table_mut(table)?.uniques, unique),
            Change::ChangeUnique { table, unique } => replace(&mut self.table_mut(table)?.uniques, unique),
            Change::AddIndex { table, index } => add(&mut self.table_mut(table)?.indexes, index),
            Change::RemoveIndex { table, index } => remove(&mut self.table_mut(table)?.indexes, index),
            Change::ChangeIndex { table, index } => replace(&mut self.table_mut(table)?.indexes, index),
            Change::AddReference { table, reference } => add(&mut self.table_mut(table)?.references, reference),
            Change::RemoveReference { table, reference } => remove(&mut self.table_mut(table)?.references, reference),
            Change::ChangeReference { table, reference } => replace(&mut self.table_mut(table)?.references, reference),
            Change::AddCheck { table, check } => add(&mut self.table_mut(table)?.checks, check),
            Change::RemoveCheck { table, check } => remove(&mut self.table_mut(table)?.checks, check),
            Change::ChangeCheck { table, check } => replace(&mut self.table_mut(table)?.checks, check),
            Change::FollowTable { table } => self.follow(table, true),
            Change::UnfollowTable { table } => self.follow(table, false),
        }
    }

    fn follow(&mut self, table: &str, followed: bool) -> Result<(), Mismatch> {
        let table = self.table_mut(table)?;
        if table.followed == followed {
            let follows = if followed { "follows" } else { "does not follow" };
            return Err(mismatch(format!("the feed {follows} `{}` already", shown(&table.name))));
        }
        table.followed = followed;
        Ok(())
    }

    fn table_mut(&mut self, name: &str) -> Result<&mut Table, Mismatch> {
        self.place(name)
            .and_then(|place| self.tables.get_mut(place))
            .ok_or_else(|| mismatch(format!("there is no table `{}`", shown(name))))
    }
}

fn absent<T: Named>(parts: &[T], name: &str) -> Result<(), Mismatch> {
    if parts.iter().any(|part| part.name() == name) {
        return Err(mismatch(format!("{} `{}` is there already", T::KIND, shown(name))));
    }
    Ok(())
}

fn position<T: Named>(parts: &[T], name: &str) -> Result<usize, Mismatch> {
    parts
        .iter()
        .position(|part| part.name() == name)
        .ok_or_else(|| mismatch(format!("there is no {} `{}`", T::KIND, shown(name))))
}

fn add<T: Named>(parts: &mut Vec<T>, part: &T) -> Result<(), Mismatch> {
    absent(parts, part.name())?;
    let place = parts.partition_point(|other| other.name() < part.name());
    parts.insert(place, part.clone());
    Ok(())
}

fn remove<T: Named>(parts: &mut Vec<T>, name: &str) -> Result<(), Mismatch> {
    let place = position(parts, name)?;
    parts.remove(place);
    Ok(())
}

fn replace<T: Named>(parts: &mut Vec<T>, part: &T) -> Result<(), Mismatch> {
    remove(parts, part.name())?;
    add(parts, part)
}
