//! An applier of a migration with every kind of step is killed anywhere in it: the next one ends where an undisturbed one would,
//! with every row. Each place is a process that stays there until it is killed.

mod support;

use std::collections::BTreeSet;

use cell_migrate::{Target, verify};
use cell_schema::Engine;
use cell_schema::history::History;
use cell_schema::plan::{Mode, Phase};
use support::*;

/// How the steps of a migration run.
fn modes(history: &History, migration: usize, engine: Engine) -> Vec<Mode> {
    let script = history.migrations[migration].script(engine, Phase::Expand).unwrap();
    script.steps.iter().map(|step| step.mode).collect()
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

async fn killed_anywhere(engine: Engine, place: impl AsyncFn() -> Place) {
    let history = everything();
    let before = modes(&history, 0, engine).len();
    let modes = modes(&history, 1, engine);
    for (at, mode) in modes.iter().enumerate() {
        let sides: &[&str] = if *mode == Mode::Alone { &["before", "within", "after"] } else { &["before", "after"] };
        for side in sides {
            let place = place().await;
            begun(&place, &history).await;
            let stop = format!("{} {side}", before + at + 1);
            let mut child = stay(&place.target, "everything", &stop);
            wait_until_it_stays(&place.target, &mut child).await;
            kill(child);
            if *side == "before" && at % 2 == 0 {
                // Killed between two steps, it would not even have said that it begins this one.
                let lines = "DELETE FROM cell_journal WHERE migration = 2 AND event = 'started' AND step = ";
                run(&place.target, &format!("{lines}{}", at + 1)).await;
            }
            goes_on(&place.target, &history, modes.len() - at, &stop).await;
        }
    }
    // Killed after the last step, it has not said that the migration is done.
    let place = place().await;
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
    let script = history.migrations[1].script(Engine::Postgres, Phase::Expand).unwrap();
    let kinds =
        ["CONCURRENTLY", "UPDATE ", "VALIDATE", "SET NOT NULL", "USING INDEX", "CREATE TABLE", "RENAME", "TYPE bigint"];
    for kind in kinds.into_iter().chain(["ADD COLUMN", "DROP COLUMN", "DROP TABLE", "NOT VALID", "DROP INDEX"]) {
        assert!(script.steps.iter().any(|step| step.sql.contains(kind)), "no step has {kind}:\n{}", script.text);
    }
}

#[tokio::test]
async fn an_applier_killed_anywhere_on_sqlite_is_followed_by_one_that_finishes() {
    killed_anywhere(Engine::Sqlite, async || on_sqlite()).await;
}

#[tokio::test]
async fn an_applier_killed_anywhere_on_postgres_is_followed_by_one_that_finishes() {
    killed_anywhere(Engine::Postgres, on_postgres).await;
}
