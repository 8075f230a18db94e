//! Bridges in an engine's text. In: the schemas before and between two releases, the bridges. Out: what is put among the steps of the
//! first phase, and before those of the second.

mod table;

use super::{Bridge, Mode, Phases, Step};
use crate::ddl::{BridgeSql, BridgeWork, Statement};
use crate::dialect;
use crate::engine::Engine;
use crate::object::Object;
use crate::refusal::{Refusal, shown};
use crate::schema::Schema;
use crate::transition::replay;
use table::SecondName;

/// A bridge as an engine has it.
enum Built {
    Column(BridgeSql),
    Table(SecondName),
}

/// Where bridges stand.
struct Place<'a> {
    engine: Engine,
    previous: &'a Schema,
    between: &'a Schema,
}

/// Puts the bridges among the steps that lead to the schema between the releases.
pub(super) fn stand(
    engine: Engine,
    previous: &Schema,
    between: &Schema,
    phases: &Phases,
    steps: &mut Vec<Step>,
) -> Result<(), Vec<Refusal>> {
    let place = Place { engine, previous, between };
    let (mut columns, mut tables, mut fills) = (Vec::new(), Vec::new(), Vec::new());
    for (bridge, built) in place.all(phases)? {
        match built {
            Built::Column(sql) => {
                // The next release does not know that the rows that are there may hold nothing.
                fills.extend(fill(&place, phases, bridge, &sql));
                let title = titled("keep both releases right about", &sql);
                columns.push((sql.table.clone(), Step::new(title, vec![Statement::CreateBridge(sql)])));
            }
            Built::Table(second) => tables.push(second),
        }
    }
    insert(steps, columns);
    tables.iter().for_each(|second| second.stand(steps));
    steps.extend(fills);
    Ok(())
}

/// Takes the bridges away before the steps that lead on from there.
pub(super) fn fall(
    engine: Engine,
    previous: &Schema,
    between: &Schema,
    phases: &Phases,
    steps: &mut Vec<Step>,
) -> Result<(), Vec<Refusal>> {
    let place = Place { engine, previous, between };
    let mut drops = Vec::new();
    for (_, built) in place.all(phases)? {
        match built {
            Built::Column(sql) => {
                let title = titled("forget the earlier release's", &sql);
                drops.push(Step::new(title, vec![Statement::DropBridge(sql)]));
            }
            Built::Table(second) => drops.extend(second.fall()),
        }
    }
    steps.splice(0..0, drops);
    Ok(())
}

/// The names of tables that only the earlier release knows.
pub(super) fn second_names(phases: &Phases) -> Vec<String> {
    let name = |bridge: &Bridge| match bridge {
        Bridge::Table { previous, .. } => Some(previous.clone()),
        Bridge::Same { .. } | Bridge::Fill { .. } | Bridge::Values { .. } => None,
    };
    phases.bridges.iter().filter_map(name).collect()
}

/// What bridges a database has between the phases, beside its tables.
///
/// # Errors
/// The phases do not fit the schema.
pub fn bridge_objects(engine: Engine, previous: &Schema, phases: &Phases) -> Result<Vec<Object>, Vec<Refusal>> {
    let between = replay(previous, &phases.expand)?;
    let place = Place { engine, previous, between: &between };
    let mut objects = Vec::new();
    for (_, built) in place.all(phases)? {
        objects.extend(match built {
            Built::Column(sql) => dialect::bridge_objects(engine, &sql),
            Built::Table(second) => second.objects(),
        });
    }
    Ok(objects)
}

fn titled(title: &str, sql: &BridgeSql) -> String {
    format!("{title} `{}` of `{}`", shown(&sql.column), shown(&sql.table))
}

impl Place<'_> {
    /// Each bridge of some phases, as the engine has it.
    fn all<'b>(&self, phases: &'b Phases) -> Result<Vec<(&'b Bridge, Built)>, Vec<Refusal>> {
        let built = phases.bridges.iter().map(|bridge| Ok((bridge, self.built(bridge)?)));
        built.collect::<Result<_, Refusal>>().map_err(|refusal| vec![refusal])
    }

    fn built(&self, bridge: &Bridge) -> Result<Built, Refusal> {
        let (table, column) = match bridge {
            Bridge::Same { table, next: column, .. }
            | Bridge::Fill { table, column, .. }
            | Bridge::Values { table, column, .. } => (table, column),
            Bridge::Table { previous, next } => {
                let second = SecondName::find(self, previous, next);
                return second.map(Built::Table).ok_or_else(|| self.missing(next));
            }
        };
        let missing = || self.missing(&format!("{table}.{column}"));
        let declared = self.between.table(table).ok_or_else(missing)?;
        let known = declared.column(column).ok_or_else(missing)?;
        let work = match bridge {
            Bridge::Fill { value, .. } => {
                let database = &self.between.database;
                BridgeWork::Fill(dialect::text_of(self.engine, database, declared, column, value, Some(known))?)
            }
            Bridge::Same { previous, .. } => {
                let lowered = dialect::lenient(self.engine, self.between);
                let held = lowered.table(table).and_then(|table| table.column(column));
                let default = held.and_then(|it| it.default.clone());
                BridgeWork::Same { twin: previous.clone(), unwritten: default.unwrap_or_else(|| "NULL".to_owned()) }
            }
            Bridge::Values { values, .. } => BridgeWork::Values(values.clone().into_iter().collect()),
            Bridge::Table { .. } => return Err(missing()),
        };
        Ok(Built::Column(BridgeSql { table: table.clone(), key: declared.key.clone(), column: column.clone(), work }))
    }

    fn missing(&self, what: &str) -> Refusal {
        let object = format!("{}.{what}", self.between.database);
        let help = "take the migrations from version control";
        Refusal::new("history-change", object, "a bridge leads to nothing", help)
    }
}

/// Puts the bridges where no row slips between them and what rows are filled with: in the transaction in which its table is
/// copied, else before the first values are written in it, and never before it has its columns.
fn insert(steps: &mut Vec<Step>, bridges: Vec<(String, Step)>) {
    for (table, bridge) in bridges {
        let has = |step: &Step, what: &dyn Fn(&Statement) -> bool| step.statements.iter().any(what);
        let copies = |step: &&mut Step| {
            step.mode == Mode::Rebuild
                && has(step, &|it| matches!(it, Statement::RenameTable { to, .. } if *to == table))
        };
        if let Some(copy) = steps.iter_mut().find(copies) {
            copy.notes.push(bridge.title);
            copy.statements.extend(bridge.statements);
            continue;
        }
        let writes = |step: &Step| has(step, &|it| matches!(it, Statement::Update { table: of, .. } if *of == table));
        let place = steps.iter().position(writes).unwrap_or(steps.len());
        steps.insert(place, bridge);
    }
}

/// Gives the rows that are there what a bridge gives those that come, where the column was there before.
fn fill(place: &Place<'_>, phases: &Phases, bridge: &Bridge, sql: &BridgeSql) -> Option<Step> {
    let (Bridge::Fill { table, column, .. }, BridgeWork::Fill(value)) = (bridge, &sql.work) else { return None };
    let rows = crate::mapping::mapping(place.previous, &phases.expand).remove(table)?;
    rows.origin(column)?;
    let condition = Some(format!("{} IS NULL", dialect::quote(place.engine, column)));
    let sets = vec![(column.clone(), value.clone())];
    let title = format!("fill `{}` of `{}` in the rows that are there", shown(column), shown(table));
    Some(Step::new(title, vec![Statement::Update { table: table.clone(), sets, condition }]))
}
