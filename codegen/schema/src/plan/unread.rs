//! What the next release may write and the earlier one cannot read, while both run. In: changes. Out: words for each. Nothing that
//! a database does can help: a release that writes such values only after the earlier one is gone is two releases.

use super::{Bridge, Phases};
use crate::change::Change;
use crate::refusal::shown;
use crate::schema::{Column, Type};

/// In the order of the changes, without what stands under an earlier name while both releases run.
#[must_use]
pub fn unread(changes: &[Change], phases: &Phases) -> Vec<String> {
    let is_bridged = |of: &str, name: &str, value: &String| {
        phases.bridges.iter().any(|bridge| {
            matches!(bridge, Bridge::Values { table, column, values }
                if table == of && column == name && values.contains_key(value))
        })
    };
    let mut found = Vec::new();
    for change in changes {
        let Change::ChangeColumn { table, previous, next, .. } = change else { continue };
        let place = format!("`{}` of `{}`", shown(&next.name), shown(table));
        if !previous.nullable && next.nullable {
            found.push(format!("rows without a value in {place}"));
        }
        if previous.ty.widens_to(&next.ty) {
            found.push(format!("numbers in {place} beyond those of `{}`", previous.ty.shown()));
        }
        let new = new_values(previous, next).filter(|value| !is_bridged(table, &next.name, value));
        found.extend(new.map(|value| format!("`{}` in {place}", shown(value))));
    }
    found
}

/// The values that an enumeration gains, also by another name.
fn new_values<'a>(previous: &'a Column, next: &'a Column) -> impl Iterator<Item = &'a String> {
    let values = |column: &'a Column| match &column.ty {
        Type::Enumeration { values } => Some(values),
        _ => None,
    };
    let before = values(previous);
    values(next).into_iter().flatten().filter(move |value| before.is_some_and(|before| !before.contains(value)))
}
