//! An applier of a migration with every kind of step is killed anywhere in it: the next one ends where an undisturbed one would,
//! with every row. Each place is a process that stays there until it is killed.

mod support;

use std::collections::BTreeSet;
use std::sync::Arc;

use cell_migrate::{Target, verify};
use cell_schema::Engine;
use cell_schema::history::{History, StepSql};
use cell_schema::plan::{Mode, Phase};
use support::*;
use tokio::task::JoinSet;

/// How many appliers stay and are killed at the same time.
const AT_ONCE: usize = 8;

/// The steps of a migration, over both phases.
fn steps(history: &History, migration: usize, engine: Engine) -> Vec<StepSql> {
    let migration = &history.migrations[migration];
    let scripts = Phase::ALL.into_iter().filter_map(|phase| migration.script(engine, phase));
    scripts.flat_map(|script| script.steps.clone()).collect()
}

/// How they run.
fn modes(history: &History, migration: usize, engine: Engine) -> Vec<Mode> {
    steps(history, migration, engine).iter().map(|step| step.mode).collect()
}

async fn begun(place: &Place, history: &History) {
    applied(&place.target, &beginning(history)).await.unwrap();
    insert_rows(&place.target).await;
}

/// Applies what is left, and looks whether all is as it should be.
async fn goes_on(target: &Target, history: &History, left: usize, place: &str) {
    let rest = applied(target, history).await.unwrap_or_else(|error| panic!("killed {place}: {error}"));
    assert_eq!(rest.steps.len(), left, "killed {place}: {:?}", titles(&rest));
    assert_eq!(verify(target, &history.snapshot).await.unwrap().differences, [], "killed {place}");
    assert_eq!(kept_rows(target).await, KEPT, "killed {place}");
}

async fn place(engine: Engine) -> Place {
    match engine {
        Engine::Sqlite => on_sqlite(),
        Engine::Postgres => on_postgres().await,
    }
}

/// Kills an applier on one side of a step of the second migration, by its place from 0.
async fn killed_at(engine: Engine, history: Arc<History>, at: usize, side: &'static str) {
    let (before, count) = (modes(&history, 0, engine).len(), modes(&history, 1, engine).len());
    let place = place(engine).await;
    begun(&place, &history).await;
    let stop = format!("{} {side}", before + at + 1);
    let mut child = stay(&place.target, "everything", &stop);
    wait_until_it_stays(&place.target, &mut child).await;
    kill(child);
    if side == "before" && at.is_multiple_of(2) {
        // Killed between two steps, it would not even have said that it begins this one.
        let lines = "DELETE FROM cell_journal WHERE migration = 2 AND event = 'started' AND step = ";
        run(&place.target, &format!("{lines}{}", at + 1)).await;
    }
    goes_on(&place.target, &history, count - at, &stop).await;
}

async fn killed_anywhere(engine: Engine) {
    let history = Arc::new(everything());
    let modes = modes(&history, 1, engine);
    let mut running = JoinSet::new();
    for (at, mode) in modes.iter().enumerate() {
        let sides: &[&'static str] =
            if *mode == Mode::Alone { &["before", "within", "after"] } else { &["before", "after"] };
        for side in sides {
            running.spawn(killed_at(engine, Arc::clone(&history), at, side));
            // An engine takes a moment to see that its client is gone: some wait for that at the same time.
            if running.len() >= AT_ONCE {
                running.join_next().await.unwrap().unwrap();
            }
        }
    }
    while let Some(ended) = running.join_next().await {
        ended.unwrap();
    }
    // Killed after the last step, it has not said that the migration is done.
    let place = place(engine).await;
    begun(&place, &history).await;
    goes_on(&place.target, &history, modes.len(), "nowhere").await;
    run(&place.target, "UPDATE cell_migrations SET state = 'started' WHERE number = 2").await;
    goes_on(&place.target, &history, 0, "at the end").await;
}

#[test]
fn the_migration_has_every_kind_of_step() {
    let history = everything();
    let modes = |engine| modes(&history, 1, engine).into_iter().collect::<BTreeSet<Mode>>();
    assert_eq!(modes(Engine::Sqlite), BTreeSet::from([Mode::Together, Mode::Rebuild]));
    assert_eq!(modes(Engine::Postgres), BTreeSet::from([Mode::Together, Mode::Alone]));
    let steps = steps(&history, 1, Engine::Postgres);
    let kinds = ["CONCURRENTLY", "UPDATE ", "VALIDATE", "SET NOT NULL", "USING INDEX", "CREATE TABLE", "TYPE bigint"];
    let more = ["ADD COLUMN", "DROP COLUMN", "DROP TABLE", "NOT VALID", "DROP INDEX", "CREATE TRIGGER", "DROP TRIGGER"];
    for kind in kinds.into_iter().chain(more) {
        let titles: Vec<&str> = steps.iter().map(|step| step.title.as_str()).collect();
        assert!(steps.iter().any(|step| step.sql.contains(kind)), "no step has {kind}: {titles:?}");
    }
}

#[tokio::test]
async fn an_applier_killed_anywhere_on_sqlite_is_followed_by_one_that_finishes() {
    killed_anywhere(Engine::Sqlite).await;
}

#[tokio::test]
async fn an_applier_killed_anywhere_on_postgres_is_followed_by_one_that_finishes() {
    killed_anywhere(Engine::Postgres).await;
}
