//! What is said of a change beside the schema: `renamed_from`, `backfill`, `zone`, `allow`, and what becomes of an enumeration's
//! values. In: a table's struct, its SQL name in one database. Out: hints by SQL name, and hazards that may happen. What cannot
//! be lowered is left out; a rule of `check` says why.

use std::collections::{BTreeMap, BTreeSet};

use cell_schema::hazard::{Allowed, HazardKind};
use cell_schema::hints::{ColumnHints, TableHints};
use cell_syntax::decl::{self, Decl};

use super::expression;
use super::row::{Row, sql_name};
use super::types::Kind;

/// The hints of a table; `object` is its full name: `shop.products`.
pub(super) fn table(row: &Row<'_>, object: &str, allowed: &mut BTreeSet<Allowed>) -> TableHints {
    let mut hints = TableHints {
        renamed_from: row.table.renamed_from.as_ref().map(|name| name.value.clone()),
        ..TableHints::default()
    };
    for column in &row.table.columns {
        let name = sql_name(column);
        for hazard in column.allow.iter().filter_map(|word| HazardKind::from_code(&word.to_string())) {
            allowed.insert(Allowed { hazard, object: format!("{object}.{name}") });
        }
        let (values, renamed) = values(row, column);
        let said = ColumnHints {
            renamed_from: column.renamed_from.as_ref().map(|name| name.value.clone()),
            backfill: column.backfill.as_ref().and_then(|said| Some(expression::rule(row, &said.value).ok()?.0)),
            zone: column.zone.as_ref().map(|zone| zone.value.clone()),
            values,
            renamed,
        };
        if said != ColumnHints::default() {
            hints.columns.insert(name, said);
        }
    }
    hints
}

/// What becomes of the values of a column's enumeration, by their earlier texts. Of a value that was renamed and then removed
/// both earlier texts become the other value's. And which of them are those of values that were only renamed.
fn values(row: &Row<'_>, column: &decl::Column) -> (BTreeMap<String, String>, BTreeSet<String>) {
    let (mut values, mut renamed) = (BTreeMap::new(), BTreeSet::new());
    let Ok(Kind::Enumeration(id)) = row.stored(column).map(|stored| stored.kind) else { return (values, renamed) };
    let Decl::Enumeration(enumeration) = &row.program.declared(id).decl else { return (values, renamed) };
    for value in &enumeration.values {
        let becomes = value.removed_to.as_ref().map_or(Some(value), |to| {
            enumeration.values.iter().find(|other| other.ident == *to && other.removed_to.is_none())
        });
        let Some(becomes) = becomes else { continue };
        let earlier = value.renamed_from.as_ref().map(|from| from.value.clone());
        let removed = value.removed_to.as_ref().map(|_| value.text.clone());
        renamed.extend(earlier.iter().filter(|_| removed.is_none()).cloned());
        values.extend(earlier.into_iter().chain(removed).map(|from| (from, becomes.text.clone())));
    }
    (values, renamed)
}
