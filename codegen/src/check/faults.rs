//! Every expression of a table's attributes with what is wrong in it: what the rules about expressions look at.

use cell_syntax::decl::Rule;

use super::Context;
use crate::lower::expression::{self, Fault};
use crate::lower::row::Row;

/// The faults of every expression, with the table it is about.
pub(super) fn all<'a>(context: &Context<'a>) -> Vec<(Row<'a>, Fault)> {
    let mut found = Vec::new();
    for row in Row::all(context.program) {
        for rule in rules(&row) {
            if let Err(faults) = expression::rule(&row, rule) {
                found.extend(faults.into_iter().map(|fault| (row, fault)));
            }
        }
    }
    found
}

fn rules<'a>(row: &Row<'a>) -> Vec<&'a Rule> {
    let columns = row.table.columns.iter().flat_map(|column| [&column.generated, &column.backfill]);
    columns
        .filter_map(|rule| rule.as_ref().map(|rule| &rule.value))
        .chain(row.table.checks.iter().map(|check| &check.value))
        .chain(row.table.indexes.iter().filter_map(|index| index.predicate.as_ref()))
        .collect()
}
