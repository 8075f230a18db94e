//! The triggers by which the feed follows tables, among the steps of a program. In: the schemas before and after, the steps. Out: the
//! steps with what makes triggers, takes them away, and says that all of a table may have changed where no trigger told of it.
//!
//! Triggers are made last, and taken away first; in between a table may be written unheard. So whatever makes triggers also says that
//! all may have changed, in the same transaction. What copies a table (SQLite) makes them anew with the copy.

use super::{Mode, Step, Subject};
use crate::ddl::{FollowSql, Statement};
use crate::dialect;
use crate::refusal::shown;
use crate::schema::{Schema, Table};

/// Adds what the feed needs.
pub(super) fn follow(subject: &Subject<'_>, steps: &mut Vec<Step>) {
    let transition = subject.transition;
    let (mut first, mut last) = (Vec::new(), Vec::new());
    let mut kept = Vec::new();
    for table in transition.after.tables.iter().filter(|table| table.followed) {
        let before = transition.origin(&table.name).and_then(|from| transition.previous(from));
        let Some(before) = before.filter(|before| before.followed) else {
            last.push(following(table, !transition.follows() && last.is_empty()));
            continue;
        };
        kept.push(before.name.as_str());
        if let Some(step) = steps.iter_mut().find(|step| copies(step, &table.name)) {
            step.statements.extend(made(table));
        } else if dialect::capability(subject.engine).alters {
            if sql(before) == sql(table) {
                tell(steps, &table.name);
            } else {
                first.push(no_more(&before.name));
                last.push(following(table, false));
            }
        }
    }
    let gone = transition.before.tables.iter().filter(|table| table.followed && !kept.contains(&table.name.as_str()));
    first.extend(gone.map(|table| no_more(&table.name)));
    steps.splice(0..0, first);
    steps.extend(last);
}

/// What brings the triggers of tables in a database that nobody of ours has made to what they shall be.
pub(super) fn adopt(schema: &Schema, differs: impl Fn(&str) -> bool) -> Vec<Step> {
    let tables = schema.tables.iter().filter(|table| table.followed && differs(&table.name));
    let steps = tables.map(|table| {
        let mut step = following(table, true);
        step.statements.insert(1, Statement::Unfollow { table: table.name.clone() });
        step
    });
    steps.collect()
}

/// What a table's triggers are made of.
fn sql(table: &Table) -> FollowSql {
    let key = table.key.iter().filter_map(|name| table.column(name));
    FollowSql {
        table: table.name.clone(),
        key: key.map(|column| (column.name.clone(), column.ty.clone())).collect(),
        uniques: table.uniques.iter().map(|unique| unique.columns.clone()).collect(),
    }
}

fn made(table: &Table) -> [Statement; 2] {
    [Statement::Follow(sql(table)), Statement::Reset { table: table.name.clone() }]
}

fn following(table: &Table, is_first: bool) -> Step {
    let mut statements = if is_first { vec![Statement::CreateFeed] } else { Vec::new() };
    statements.extend(made(table));
    Step::new(format!("follow `{}` in the feed", shown(&table.name)), statements)
}

fn no_more(table: &str) -> Step {
    let title = format!("follow `{}` in the feed no more", shown(table));
    Step::new(title, vec![Statement::Unfollow { table: table.to_owned() }])
}

fn copies(step: &Step, table: &str) -> bool {
    let renames = |statement: &Statement| matches!(statement, Statement::RenameTable { to, .. } if to == table);
    step.mode == Mode::Rebuild && step.statements.iter().any(renames)
}

/// Steps that write every row of a table tell so once, instead of row by row or, where no trigger fires, not at all.
fn tell(steps: &mut [Step], name: &str) {
    let writes = |statement: &Statement| {
        matches!(
            statement,
            Statement::Update { table, .. } | Statement::AlterType { table, .. } | Statement::DropExpression { table, .. }
                if table == name
        )
    };
    for step in steps.iter_mut().filter(|step| step.statements.iter().any(writes)) {
        step.statements.insert(0, Statement::Reset { table: name.to_owned() });
    }
}
