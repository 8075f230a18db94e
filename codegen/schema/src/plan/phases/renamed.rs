//! A table between two releases that know it by two names. In: what is made of it between them. Out: the same with a bridge between
//! its names, or the table as the next release knows it, and why the earlier one cannot use it.

use super::{Between, Bridge};
use crate::change::Change;
use crate::hints::TableHints;
use crate::schema::{Schema, Table};

/// A table as it is under another name: what is derived from the name follows.
pub(super) fn under(table: Table, name: &str) -> Table {
    if table.name == name {
        return table;
    }
    let mut alone = Schema { database: String::new(), tables: vec![table.clone()] };
    let rename = Change::RenameTable { from: table.name.clone(), to: name.to_owned() };
    // A table that is alone can have any other name.
    let renamed = alone.apply(&rename).ok().and_then(|()| alone.tables.pop());
    renamed.unwrap_or(table)
}

/// What is said where it cannot have both names.
pub(super) fn words(previous: &str, next: &str) -> String {
    format!("table `{previous}` is called `{next}`")
}

/// How far everything was before a table was looked at.
pub(super) struct Mark {
    bridges: usize,
    interrupts: usize,
    said: Option<TableHints>,
}

impl Mark {
    pub(super) fn of(between: &Between<'_>, table: &str) -> Self {
        let said = between.hints.tables.get(table).cloned();
        Self { bridges: between.bridges.len(), interrupts: between.interrupts.len(), said }
    }
}

impl Between<'_> {
    /// The table between both releases, with a bridge from its earlier name, where there can be one.
    pub(super) fn under_both_names(&mut self, before: &Table, next: &Table, made: Table, without: Mark) -> Table {
        let is_alike = |table: &Table| table.name.eq_ignore_ascii_case(&before.name);
        let obstacle = if self.next.table(&before.name).is_some() {
            Some(", and another table has its name".to_owned())
        } else if self.next.tables.iter().any(is_alike) {
            Some(", and SQLite does not tell names by the case of their letters".to_owned())
        } else if self.interrupts.len() > without.interrupts {
            // It has been said what else the earlier release would stumble over.
            Some(String::new())
        } else {
            computed_anew(before, &made).map(|column| format!(", and `{column}` of it is computed anew"))
        };
        let Some(obstacle) = obstacle else {
            self.bridges.push(Bridge::Table { previous: before.name.clone(), next: next.name.clone() });
            return made;
        };
        self.interrupt(words(&before.name, &next.name) + &obstacle);
        self.bridges.truncate(without.bridges);
        match without.said {
            Some(said) => drop(self.hints.tables.insert(next.name.clone(), said)),
            None => drop(self.hints.tables.remove(&next.name)),
        }
        next.clone()
    }
}

/// A column that is not there for a moment while the first phase runs: a view cannot show it all along.
fn computed_anew<'a>(before: &'a Table, made: &Table) -> Option<&'a str> {
    let has_moved = |name: &str| before.column(name).map(|it| &it.ty) != made.column(name).map(|it| &it.ty);
    let is_anew = |name: &str| {
        let (Some(earlier), Some(column)) = (before.column(name), made.column(name)) else { return true };
        let Some(generated) = &column.generated else { return false };
        let is_same = earlier.generated.as_ref() == Some(generated) && earlier.ty == column.ty;
        !is_same || before.columns.iter().any(|it| has_moved(&it.name) && generated.expression.may_mention(&it.name))
    };
    before.columns.iter().map(|column| column.name.as_str()).find(|name| is_anew(name))
}
