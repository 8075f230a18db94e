//! A table under the name that the earlier release knows: a view where the engine's views can be written as tables can, else a second
//! table that is kept in step. In: the table before and between the releases. Out: the name beside the steps that take it away, and
//! the steps that end it. There is no moment without the earlier name: both come in one transaction.

use super::Place;
use crate::ddl::{self, MirrorSql, Statement};
use crate::dialect;
use crate::engine::Engine;
use crate::expr::Expression;
use crate::names;
use crate::object::Object;
use crate::plan::{Mode, Step};
use crate::refusal::shown;
use crate::schema::{Schema, Table};

/// The second name of a table.
pub(super) struct SecondName {
    engine: Engine,
    previous: String,
    next: String,
    /// As the earlier release knows them.
    columns: Vec<String>,
    /// Where it is a table.
    mirror: Option<Mirror>,
}

struct Mirror {
    table: ddl::Table,
    sql: MirrorSql,
}

impl SecondName {
    /// None where a table is missing, or a column that the earlier release knows.
    pub(super) fn find(place: &Place<'_>, previous: &str, next: &str) -> Option<Self> {
        let (earlier, now) = (place.previous.table(previous)?, place.between.table(next)?);
        let columns: Vec<String> = earlier.columns.iter().map(|column| column.name.clone()).collect();
        if !columns.iter().all(|column| now.column(column).is_some()) {
            return None;
        }
        let mirror = if dialect::capability(place.engine).writes_views {
            None
        } else {
            let table = mirrored(earlier, now);
            let plain = table.columns.iter().filter(|column| column.generated.is_none());
            let rest = plain.map(|column| column.name.clone()).filter(|name| !table.key.contains(name)).collect();
            let (previous, next) = (previous.to_owned(), next.to_owned());
            let sql = MirrorSql { previous, next, key: table.key.clone(), rest };
            let alone = Schema { database: place.between.database.clone(), tables: vec![table] };
            Some(Mirror { table: dialect::lenient(place.engine, &alone).tables.pop()?, sql })
        };
        let (previous, next) = (previous.to_owned(), next.to_owned());
        Some(Self { engine: place.engine, previous, next, columns, mirror })
    }

    pub(super) fn stand(&self, steps: &mut [Step]) {
        let title = format!("keep `{}` for the release before", shown(&self.previous));
        let Some(mirror) = &self.mirror else { return self.view(steps, title) };
        let Some(step) = steps.iter_mut().find(|step| step.mode == Mode::Rebuild) else { return };
        step.notes.push(format!("{title}, in step with `{}`", shown(&self.next)));
        let columns = [mirror.sql.key.as_slice(), &mirror.sql.rest].concat();
        let list: Vec<String> = columns.iter().map(|column| dialect::quote(self.engine, column)).collect();
        let query = format!("SELECT {}\nFROM {}", list.join(", "), dialect::quote(self.engine, &self.next));
        let table = self.previous.clone();
        step.statements.push(Statement::CreateTable(ddl::Table { indexes: Vec::new(), ..mirror.table.clone() }));
        step.statements.push(Statement::Copy { table: table.clone(), columns, query });
        if mirror.table.columns.iter().any(|column| column.identity) {
            step.statements.push(Statement::CopySequence { from: self.next.clone(), to: table.clone() });
        }
        let index = |index: &ddl::Index| Statement::CreateIndex {
            table: table.clone(),
            index: index.clone(),
            concurrently: false,
        };
        step.statements.extend(mirror.table.indexes.iter().map(index));
        step.statements.push(Statement::CreateMirror(mirror.sql.clone()));
    }

    /// A view in the step that gives the table its new name, and out of the way of those that give its columns other types.
    fn view(&self, steps: &mut [Step], title: String) {
        let (name, table) = (self.previous.clone(), self.next.clone());
        let create = Statement::CreateView { name, table, columns: self.columns.clone() };
        for step in steps {
            let has = |what: &dyn Fn(&Statement) -> bool| step.statements.iter().any(what);
            if has(&|it| matches!(it, Statement::RenameTable { to, .. } if *to == self.next)) {
                step.notes.push(title.clone());
                step.statements.push(create.clone());
            } else if has(&|it| matches!(it, Statement::AlterType { table, .. } if *table == self.next)) {
                step.statements.insert(0, Statement::DropView(self.previous.clone()));
                step.statements.push(create.clone());
            }
        }
    }

    pub(super) fn fall(&self) -> Vec<Step> {
        let name = shown(&self.previous);
        let title = format!("forget the earlier release's `{name}`");
        let Some(mirror) = &self.mirror else {
            return vec![Step::new(title, vec![Statement::DropView(self.previous.clone())])];
        };
        let apart = format!("keep `{name}` and `{}` in step no more", shown(&self.next));
        let drop = Step::new(title, vec![Statement::DropTables(vec![self.previous.clone()])]);
        // Whatever others made of it is looked after, as where any table goes.
        vec![Step::new(apart, vec![Statement::DropMirror(mirror.sql.clone())]), Step { mode: Mode::Rebuild, ..drop }]
    }

    pub(super) fn objects(&self) -> Vec<Object> {
        match &self.mirror {
            Some(mirror) => dialect::mirror_objects(&mirror.sql),
            None => vec![Object::View(self.previous.clone())],
        }
    }
}

/// The second table: the columns that the earlier release knows, as they are now, and what binds them. It computes as that release
/// does. References are kept by the other.
fn mirrored(earlier: &Table, now: &Table) -> Table {
    let column = |column: &crate::schema::Column| match (column.generated.is_some(), now.column(&column.name)) {
        (false, Some(now)) => now.clone(),
        _ => column.clone(),
    };
    let columns: Vec<_> = earlier.columns.iter().map(column).collect();
    let there = |name: &str| columns.iter().any(|column| column.name == name);
    // Raw text may name columns that are not here; the other table holds it.
    let fits =
        |expression: &Expression| expression.portable().is_some_and(|expr| expr.columns().into_iter().all(there));
    let uniques = now.uniques.iter().filter(|unique| unique.columns.iter().all(|column| there(column)));
    let checks = now.checks.iter().filter(|check| fits(&check.expression));
    // The names of indexes are one another's in all of a database.
    let indexes = now
        .indexes
        .iter()
        .filter(|index| index.columns.iter().all(|part| there(&part.column)) && index.predicate.iter().all(fits));
    let indexes = indexes.map(|index| crate::schema::Index {
        name: names::constraint(&earlier.name, &[&index.name], "bridge"),
        ..index.clone()
    });
    Table {
        name: earlier.name.clone(),
        key: earlier.key.clone(),
        uniques: uniques.cloned().collect(),
        indexes: indexes.collect(),
        references: Vec::new(),
        checks: checks.cloned().collect(),
        followed: false,
        columns,
    }
}
