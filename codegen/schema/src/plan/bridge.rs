//! Bridges as an engine's text. In: a bridge and the schema between two releases. Out: names and values for its triggers.

use super::{Bridge, Guard, Mode, Step};
use crate::ddl::{BridgeSql, Statement};
use crate::dialect;
use crate::engine::Engine;
use crate::hazard::HazardKind;
use crate::refusal::{Refusal, shown};
use crate::schema::Schema;

pub(super) fn sql(engine: Engine, between: &Schema, bridge: &Bridge) -> Result<BridgeSql, Refusal> {
    let (table, column) = (bridge.table().to_owned(), bridge.column().to_owned());
    let missing = || {
        let object = format!("{}.{table}.{column}", between.database);
        Refusal::new(
            "history-change",
            object,
            "a bridge leads to no column",
            "take the migrations from version control",
        )
    };
    let declared = between.table(&table).ok_or_else(missing)?;
    let next = declared.column(&column).ok_or_else(missing)?;
    Ok(match bridge {
        Bridge::Fill { value, .. } => {
            let value = dialect::text_of(engine, &between.database, declared, &column, value, Some(next))?;
            BridgeSql { table, column, twin: None, value }
        }
        Bridge::Same { previous, .. } => {
            let lowered = dialect::lenient(engine, between);
            let default =
                lowered.table(&table).and_then(|table| table.column(&column)).and_then(|it| it.default.clone());
            BridgeSql {
                table,
                column,
                twin: Some(previous.clone()),
                value: default.unwrap_or_else(|| "NULL".to_owned()),
            }
        }
    })
}

/// Puts the bridges where no row slips between them and what rows are filled with: in the transaction of a copy, or before the
/// first values are written.
pub(super) fn insert(steps: &mut Vec<Step>, bridges: Vec<Step>) {
    if let Some(copy) = steps.iter_mut().find(|step| step.mode == Mode::Rebuild) {
        for bridge in bridges {
            copy.notes.push(bridge.title);
            copy.statements.extend(bridge.statements);
        }
        return;
    }
    let writes = |step: &Step| step.statements.iter().any(|statement| matches!(statement, Statement::Update { .. }));
    let place = steps.iter().position(writes).unwrap_or(steps.len());
    steps.splice(place..place, bridges);
}

/// Gives the rows that are there what a bridge gives those that come, where the column was there before.
pub(super) fn fill(engine: Engine, previous: &Schema, bridge: &Bridge, sql: &BridgeSql) -> Option<Step> {
    let (Bridge::Fill { table, column, .. }, Some(_)) =
        (bridge, previous.table(bridge.table()).and_then(|table| table.column(bridge.column())))
    else {
        return None;
    };
    let condition = Some(format!("{} IS NULL", dialect::quote(engine, column)));
    let sets = vec![(column.clone(), sql.value.clone())];
    let title = format!("fill `{}` of `{}` in the rows that are there", shown(column), shown(table));
    Some(Step::new(title, vec![Statement::Update { table: table.clone(), sets, condition }]))
}

/// Whether what a guard would tell as lost is kept under another name.
pub(super) fn keeps(bridge: &Bridge, guard: &Guard, between: &Schema) -> bool {
    match bridge {
        Bridge::Same { table, previous, .. } => {
            let object = format!("{}.{table}.{previous}", between.database);
            guard.hazard == HazardKind::ValuesDeleted && guard.object == object
        }
        Bridge::Fill { .. } => false,
    }
}
