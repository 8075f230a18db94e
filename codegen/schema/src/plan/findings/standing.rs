//! What others have made on columns and tables that go or change: views and triggers that the model does not know. In: a column, a
//! table. Out: findings, whose objects are counted on the live database.

use super::{Counted, Finder, Finding};
use crate::hazard::{Hazard, HazardKind};
use crate::refusal::shown;
use crate::schema::Schema;

impl Finder<'_> {
    /// What stands on the columns that are computed from one that goes or changes: they are dropped, and computed anew.
    pub(super) fn standing_on_computed(&mut self, table: &str, column: &str) {
        let Some(before) = self.transition.previous(table) else { return };
        for computed in &before.columns {
            if computed.generated.as_ref().is_some_and(|generated| generated.expression.may_mention(column)) {
                self.standing(&self.object(table, &computed.name), table.to_owned(), Some(computed.name.clone()));
            }
        }
    }

    pub(super) fn standing(&mut self, object: &str, table: String, column: Option<String>) {
        let is_known =
            |finding: &Finding| finding.hazard.kind == HazardKind::ObjectInTheWay && finding.hazard.object == object;
        if self.findings.iter().any(is_known) {
            return;
        }
        let counted = Counted::Objects { table, column };
        self.found(HazardKind::ObjectInTheWay, object.to_owned(), stands_on(object), None, counted);
    }
}

/// That something which the model does not know may stand on a column.
pub(in crate::plan) fn stands(schema: &Schema, table: &str, column: &str) -> Finding {
    let object = format!("{}.{table}.{column}", schema.database);
    let message = stands_on(&object);
    let hazard = Hazard { kind: HazardKind::ObjectInTheWay, object, message, help: None };
    Finding { hazard, counted: Counted::Objects { table: table.to_owned(), column: Some(column.to_owned()) } }
}

fn stands_on(object: &str) -> String {
    format!("`{}` may have views and triggers on it that the model does not know", shown(object))
}
