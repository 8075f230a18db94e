//! What the next release may write and the earlier one cannot read, while both run. In: changes. Out: words for each. Nothing that
//! a database does can help: a release that writes such values only after the earlier one is gone is two releases.

use crate::change::Change;
use crate::refusal::shown;
use crate::schema::{Column, Type};

/// In the order of the changes.
#[must_use]
pub fn unread(changes: &[Change]) -> Vec<String> {
    let mut found = Vec::new();
    for change in changes {
        let Change::ChangeColumn { table, previous, next, .. } = change else { continue };
        let place = format!("`{}` of `{}`", shown(&next.name), shown(table));
        if !previous.nullable && next.nullable {
            found.push(format!("rows without a value in {place}"));
        }
        found.extend(new_values(previous, next).map(|value| format!("`{}` in {place}", shown(value))));
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
