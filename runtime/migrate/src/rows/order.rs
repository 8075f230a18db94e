//! The order in which tables take rows: what is referred to comes first. In a cycle, references that may be null come last.

use std::collections::BTreeSet;

use cell_schema::schema::{Reference, Schema, Table};

/// Every table, each behind those that it has to refer to, as far as that is possible; otherwise by name.
pub(super) fn order(schema: &Schema) -> Vec<&Table> {
    let mut placed: BTreeSet<&str> = BTreeSet::new();
    let mut order = Vec::new();
    while order.len() < schema.tables.len() {
        let waiting = || schema.tables.iter().filter(|table| !placed.contains(table.name.as_str()));
        let ready = |table: &&Table, all: bool| {
            table.references.iter().all(|reference| {
                let optional = !all && is_optional(table, reference);
                optional || reference.table == table.name || placed.contains(reference.table.as_str())
            })
        };
        let next = waiting()
            .find(|table| ready(table, true))
            .or_else(|| waiting().find(|table| ready(table, false)))
            .or_else(|| waiting().next());
        let Some(next) = next else { break };
        placed.insert(&next.name);
        order.push(next);
    }
    order
}

fn is_optional(table: &Table, reference: &Reference) -> bool {
    reference.columns.iter().any(|column| table.column(column).is_some_and(|column| column.nullable))
}
