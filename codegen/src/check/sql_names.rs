//! The SQL names that developers chose, with their places: what the rules about names look at.

use std::collections::BTreeSet;

use syn::ext::IdentExt as _;

use super::Context;
use crate::lower::row::{Row, name_span, sql_name};
use crate::model::Place;

/// A table's or a column's name.
pub(super) struct SqlName {
    pub(super) kind: &'static str,
    pub(super) name: String,
    pub(super) place: Place,
}

/// Every table's and column's name, each once where it is written.
pub(super) fn all(context: &Context<'_>) -> Vec<SqlName> {
    let mut names = Vec::new();
    for row in Row::all(context.program) {
        if let Some(name) = &row.table.name {
            names.push(SqlName { kind: "table", name: name.value.clone(), place: row.place(name.span) });
        }
        for column in &row.table.columns {
            names.push(SqlName { kind: "column", name: sql_name(column), place: row.place(name_span(column)) });
        }
    }
    for tables in &context.databases {
        let named: BTreeSet<String> =
            tables.database.tables.iter().map(|field| field.ident.unraw().to_string()).collect();
        for member in tables.members.tables.iter().filter(|member| named.contains(&member.name)) {
            names.push(SqlName { kind: "table", name: member.name.clone(), place: member.field });
        }
    }
    names
}

/// A name as a message shows it: on one line, whatever it holds.
pub(super) fn shown(name: &str) -> String {
    name.escape_debug().to_string()
}
