//! What is said of a change beside the schema: `renamed_from`, `backfill`, `zone`, `allow`, and what becomes of an enumeration's
//! values. In: a table's struct, its SQL name in one database. Out: hints by SQL name, and hazards that may happen. What cannot
//! be lowered is left out; a rule of `check` says why.

use std::collections::BTreeSet;

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
        let said = ColumnHints {
            renamed_from: column.renamed_from.as_ref().map(|name| name.value.clone()),
            backfill: column.backfill.as_ref().and_then(|said| Some(expression::rule(row, &said.value).ok()?.0)),
            zone: column.zone.as_ref().map(|zone| zone.value.clone()),
            values: values(row, column),
        };
        if said != ColumnHints::default() {
            hints.columns.insert(name, said);
        }
    }
    hints
}

/// What becomes of the values of a column's enumeration, by their earlier texts.
fn values(row: &Row<'_>, column: &decl::Column) -> std::collections::BTreeMap<String, String> {
    let Ok(stored) = row.stored(column) else { return Default::default() };
    let Kind::Enumeration(id) = stored.kind else { return Default::default() };
    let Decl::Enumeration(enumeration) = &row.program.declared(id).decl else { return Default::default() };
    let text = |ident: &syn::Ident| {
        enumeration.values.iter().find(|value| value.ident == *ident).map(|value| value.text.clone())
    };
    let renamed = enumeration
        .values
        .iter()
        .filter_map(|value| Some((value.renamed_from.as_ref()?.value.clone(), value.text.clone())));
    let removed =
        enumeration.values.iter().filter_map(|value| Some((value.text.clone(), text(value.removed_to.as_ref()?)?)));
    renamed.chain(removed).collect()
}
