//! The statements of a plan's steps for one engine. In: a plan and its schemas. Out: typed statements in order.
//! Absent: their text, which the dialect writes.

use std::collections::BTreeSet;

use super::{Plan, Refusal};
use crate::change::Change;
use crate::ddl::{self, ForeignKey, Statement};
use crate::dialect;
use crate::engine::Engine;
use crate::schema::Schema;

/// Each step's statements for one engine, with the step's place in [`Plan::steps`].
///
/// # Errors
/// What this engine cannot hold, such as an expression without text for it.
pub fn statements(
    engine: Engine,
    plan: &Plan,
    previous: &Schema,
    next: &Schema,
) -> Result<Vec<(usize, Statement)>, Vec<Refusal>> {
    let lowered = dialect::lower(engine, next)?;
    let mut created = Created {
        needs_targets: dialect::capability(engine).adds_foreign_keys,
        tables: previous.tables.iter().map(|table| table.name.as_str()).collect(),
        waiting: Vec::new(),
    };
    let mut statements = Vec::new();
    for (place, step) in plan.steps.iter().enumerate() {
        let find = |name: &str| lowered.tables.iter().find(|table| table.name == name);
        let of_step = match &step.change {
            Change::AddTable { table } => find(&table.name).map(|table| created.table(table)),
            Change::AddColumn { table, .. } => {
                find(table).and_then(|table| add_column(table, &step.change)).map(|s| vec![s])
            }
            Change::AddIndex { table, index } => find(table).map(|table| {
                let same = table.indexes.iter().filter(|other| other.name == index.name);
                same.map(|index| create_index(&table.name, index)).collect()
            }),
            // A plan holds nothing else.
            _ => None,
        };
        statements.extend(of_step.into_iter().flatten().map(|statement| (place, statement)));
    }
    Ok(statements)
}

/// The tables that are there, and the foreign keys that wait for one.
struct Created<'a> {
    needs_targets: bool,
    tables: BTreeSet<&'a str>,
    waiting: Vec<(&'a str, &'a ForeignKey)>,
}

impl<'a> Created<'a> {
    fn table(&mut self, table: &'a ddl::Table) -> Vec<Statement> {
        self.tables.insert(&table.name);
        let (foreign_keys, later): (Vec<&ForeignKey>, Vec<&ForeignKey>) =
            table.foreign_keys.iter().partition(|key| !self.needs_targets || self.tables.contains(key.table.as_str()));
        self.waiting.extend(later.into_iter().map(|key| (table.name.as_str(), key)));
        let foreign_keys = foreign_keys.into_iter().cloned().collect();
        let bare = ddl::Table { foreign_keys, indexes: Vec::new(), ..table.clone() };
        let mut statements = vec![Statement::CreateTable(bare)];
        statements.extend(table.indexes.iter().map(|index| create_index(&table.name, index)));
        // The last table of a circle closes it.
        let (ready, waiting): (Vec<_>, Vec<_>) =
            self.waiting.iter().copied().partition(|(_, key)| self.tables.contains(key.table.as_str()));
        self.waiting = waiting;
        statements.extend(
            ready
                .into_iter()
                .map(|(table, key)| Statement::AddForeignKey { table: table.to_owned(), foreign_key: key.clone() }),
        );
        statements
    }
}

fn add_column(table: &ddl::Table, change: &Change) -> Option<Statement> {
    let Change::AddColumn { column, checks, reference, .. } = change else { return None };
    let is_rule = |name: &str| {
        let mut rules = dialect::RULES.iter();
        rules.any(|rule| dialect::rule_name(&table.name, &column.name, rule) == name)
    };
    let is_own = |check: &&ddl::Check| is_rule(&check.name) || checks.iter().any(|own| own.name == check.name);
    Some(Statement::AddColumn {
        table: table.name.clone(),
        column: table.columns.iter().find(|other| other.name == column.name)?.clone(),
        checks: table.checks.iter().filter(is_own).cloned().collect(),
        foreign_key: reference
            .as_ref()
            .and_then(|reference| table.foreign_keys.iter().find(|key| key.name == reference.name))
            .cloned(),
    })
}

fn create_index(table: &str, index: &ddl::Index) -> Statement {
    Statement::CreateIndex { table: table.to_owned(), index: index.clone() }
}
