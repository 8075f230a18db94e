//! There and back again: where the plan says that changes can be undone, undoing them gives the schema and the rows there were.
//! The way back is applied as SQL, on its own: a history only ever goes on.

use std::cell::Cell;
use std::collections::BTreeMap;

use cell_migrate::{Options, Target, When, apply, rehearse_on, verify};
use cell_schema::change::Change;
use cell_schema::history::{History, parts, seal};
use cell_schema::plan::{Indexes, Mode, Plan, Reverse, phases, program, program_between, reverse, reverse_between};
use cell_schema::schema::Schema;
use cell_schema::{Engine, dialect};
use proptest::test_runner::TestCaseError;

use crate::change::{self, ChangeDraw, change_draws};
use crate::draw::any_schema;
use crate::support::{on_postgres, on_sqlite, run, texts};
use crate::{history, runner, scripts};

/// From where one goes back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Point {
    /// All of the migration is done.
    End,
    /// Its second phase waits.
    Between,
}

/// The changes that lead back from there, where there are some and they lose nothing.
fn undone(previous: &Schema, changes: &[Change], point: Point) -> Option<Vec<Change>> {
    let reversed = match point {
        Point::End => reverse(previous, changes),
        Point::Between => {
            let phases = phases(previous, changes).ok()?;
            if phases.contract.is_empty() && phases.bridges.is_empty() {
                return None;
            }
            reverse_between(previous, &phases)
        }
    };
    match reversed {
        Ok(Reverse::Changes(back)) => Some(back),
        _ => None,
    }
}

pub(crate) fn leads_back(engine: Engine, point: Point, cases: u32) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (tried, guarded) = (Cell::new(0_u32), Cell::new(0_u32));
    let law = |(previous, draws): (Schema, Vec<ChangeDraw>)| {
        // What is filled in where there was nothing stays.
        let fills = |change: &Change| matches!(change, Change::ChangeColumn { rows, .. } if rows.backfill.is_some());
        let fits = |plan: &Plan| undone(&previous, &plan.changes, point).is_some() && !plan.changes.iter().any(fills);
        let after = change::next(&previous, &draws, fits);
        let back = undone(&previous, &after.plan.changes, point);
        let Some(back) = back.filter(|_| !previous.tables.is_empty()) else { return Ok(()) };
        let history = history(&previous, &after);
        tried.set(tried.get() + 1);
        match runtime.block_on(there_and_back(engine, point, &previous, &history, &back)) {
            Ok(Some(())) => Ok(()),
            Ok(None) => {
                guarded.set(guarded.get() + 1);
                Ok(())
            }
            Err(message) => Err(TestCaseError::fail(format!("{message}\n{}", scripts(&history, engine)))),
        }
    };
    runner(cases).run(&(any_schema(), change_draws()), law).unwrap_or_else(|error| panic!("{error}"));
    // Rows that the way there refuses prove nothing; most cases have to.
    assert!(guarded.get() * 2 < tried.get(), "{} of {} were refused", guarded.get(), tried.get());
}

/// `None` where a guard refused the rows on the way there.
async fn there_and_back(
    engine: Engine,
    point: Point,
    previous: &Schema,
    history: &History,
    back: &[Change],
) -> Result<Option<()>, String> {
    let place = match engine {
        Engine::Sqlite => on_sqlite(),
        Engine::Postgres => on_postgres().await,
    };
    let target = &place.target;
    let mut first = history.clone();
    first.migrations.truncate(1);
    first.snapshot = previous.clone();
    first = seal(&first);
    rehearse_on(target, &first).await.map_err(|error| error.to_string())?;
    let before = rows(target, previous).await;
    let mut options = Options::default();
    if point == Point::Between {
        options.contracts = When::Later;
    }
    match apply(target, history, &options).await {
        Ok(_) => {}
        Err(error) if error.code() == "guard-refused" => return Ok(None),
        Err(error) => return Err(error.to_string()),
    }
    let phases = history.migrations.last().and_then(|migration| migration.phases.as_ref());
    let program = match (point, phases) {
        (Point::Between, Some(phases)) => program_between(engine, previous, phases, back, Indexes::Concurrently),
        _ => program(engine, &history.snapshot, back, Indexes::Concurrently),
    };
    let program = program.map_err(|error| format!("{error:?}"))?;
    let steps = parts(engine, &program).steps;
    for step in &steps {
        match step.mode {
            Mode::Together => run(target, &step.sql).await,
            Mode::Alone => {
                for statement in step.statements() {
                    run(target, statement).await;
                }
            }
            Mode::Rebuild => {
                let sql = &step.sql;
                run(
                    target,
                    &format!("PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON; BEGIN; {sql} COMMIT;"),
                )
                .await;
            }
        }
    }
    let differences = verify(target, previous).await.map_err(|error| error.to_string())?.differences;
    let sql: Vec<&str> = steps.iter().map(|step| step.sql.as_str()).collect();
    if !differences.is_empty() {
        return Err(format!("{differences:#?}\nback:\n{}", sql.join("\n")));
    }
    let after = rows(target, previous).await;
    match before == after {
        true => Ok(Some(())),
        false => Err(format!("{before:#?}\n{after:#?}\nback:\n{}", sql.join("\n"))),
    }
}

/// Every row of every table as a text, in order.
async fn rows(target: &Target, schema: &Schema) -> BTreeMap<String, Vec<String>> {
    let engine = target.engine();
    let mut all = BTreeMap::new();
    for table in &schema.tables {
        let values = table.columns.iter().map(|column| {
            let name = dialect::quote(engine, &column.name);
            match engine {
                Engine::Sqlite => format!("quote({name})"),
                Engine::Postgres => format!("coalesce(quote_literal(CAST({name} AS text)), 'NULL')"),
            }
        });
        let values: Vec<String> = values.collect();
        let sql = format!("SELECT {} FROM {}", values.join(" || ', ' || "), dialect::quote(engine, &table.name));
        let mut rows = texts(target, &sql).await;
        rows.sort();
        all.insert(table.name.clone(), rows);
    }
    all
}
