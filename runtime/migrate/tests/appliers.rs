//! Two appliers at once, and appliers that are killed: the database ends as one that was left in peace.

mod support;

use std::time::Duration;

use cell_migrate::{Options, apply, status, verify};
use support::*;

#[tokio::test]
async fn of_two_appliers_at_once_one_does_everything() {
    for place in places().await {
        let history = story();
        let (one, other) = tokio::join!(applied(&place.target, &history), applied(&place.target, &history));
        let (one, other) = (one.unwrap(), other.unwrap());
        assert_eq!((one.steps.len() + other.steps.len(), one.steps.len().min(other.steps.len())), (4, 0));
        assert_eq!(one.head, other.head);
        assert_eq!(verify(&place.target, &history.snapshot).await.unwrap().differences, []);
    }
}

#[tokio::test]
async fn an_applier_waits_no_longer_than_it_was_told() {
    for place in places().await {
        let mut child = stay(&place.target, "story", "1 before");
        wait_until_it_stays(&place.target, &mut child).await;
        let mut options = Options::default();
        options.patience = Duration::ZERO;
        let error = apply(&place.target, &story(), &options).await.unwrap_err();
        assert_eq!(error.code(), "database-busy");
        kill(child);
    }
}

#[tokio::test]
async fn an_applier_killed_anywhere_is_followed_by_one_that_finishes() {
    for step in 1..=4 {
        for side in ["before", "after"] {
            for place in places().await {
                let history = story();
                let mut child = stay(&place.target, "story", &format!("{step} {side}"));
                wait_until_it_stays(&place.target, &mut child).await;
                kill(child);
                let rest = applied(&place.target, &history).await.unwrap();
                assert_eq!(rest.steps.len(), 5 - step, "killed {side} step {step}: {:?}", titles(&rest));
                let verified = verify(&place.target, &history.snapshot).await.unwrap();
                assert_eq!(verified.differences, [], "killed {side} step {step}");
            }
        }
    }
}

#[tokio::test]
async fn an_applier_killed_before_its_last_line_is_followed_by_one_that_finishes() {
    for place in places().await {
        let history = story();
        applied(&place.target, &history).await.unwrap();
        // Every step is done, and the line that says so of the migration is missing.
        run(&place.target, "UPDATE cell_migrations SET state = 'started' WHERE number = 2").await;
        assert_eq!(applied(&place.target, &history).await.unwrap().steps, []);
        assert_eq!(texts(&place.target, "SELECT state FROM cell_migrations ORDER BY number").await, ["sealed", "open"]);
    }
}

#[tokio::test]
async fn a_migration_that_changes_after_half_of_it_is_refused() {
    for place in places().await {
        let mut child = stay(&place.target, "story", "4 before");
        wait_until_it_stays(&place.target, &mut child).await;
        kill(child);
        let mut changed = story();
        let mut model = changed.snapshot.clone();
        model.tables.push(table("d", vec![]));
        changed = cell_schema::history::next(Some(&changed), &model, &cell_schema::hints::Hints::default()).unwrap();
        let error = applied(&place.target, &changed).await.unwrap_err();
        assert_eq!(error.code(), "migration-edited");
        assert!(error.to_string().contains("up to step 1"), "{error}");
    }
}

#[tokio::test]
async fn a_migration_that_changes_before_any_of_it_is_applied_as_it_is_now() {
    for place in places().await {
        let mut child = stay(&place.target, "story", "3 before");
        wait_until_it_stays(&place.target, &mut child).await;
        kill(child);
        let sealed = story();
        let mut model = sealed.snapshot.clone();
        model.tables.push(table("d", vec![]));
        let changed = cell_schema::history::next(Some(&sealed), &model, &cell_schema::hints::Hints::default()).unwrap();
        assert_eq!(applied(&place.target, &changed).await.unwrap().steps.len(), 3);
        assert_eq!(verify(&place.target, &changed.snapshot).await.unwrap().differences, []);
    }
}

#[tokio::test]
async fn a_migration_that_is_dropped_before_any_of_it_is_forgotten() {
    for place in places().await {
        let mut child = stay(&place.target, "story", "3 before");
        wait_until_it_stays(&place.target, &mut child).await;
        kill(child);
        let mut dropped = story();
        let second = dropped.migrations.pop().unwrap();
        dropped = cell_schema::history::next(Some(&dropped), &first(), &cell_schema::hints::Hints::default()).unwrap();
        let rest = applied(&place.target, &dropped).await.unwrap();
        assert_eq!((rest.steps.len(), rest.head.unwrap().number), (0, 1));
        assert_eq!(verify(&place.target, &dropped.snapshot).await.unwrap().differences, []);
        let status = status(&place.target, &dropped).await.unwrap();
        assert!(status.applied.iter().all(|migration| migration.name != second.name), "{status:?}");
        // Another one of its number knows nothing of it.
        assert_eq!(applied(&place.target, &story()).await.unwrap().steps.len(), 2);
    }
}
