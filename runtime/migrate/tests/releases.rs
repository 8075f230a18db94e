//! What a release sealed stays: in the database too, which may be ahead of a release, and remembers which one runs where.

mod support;

use cell_migrate::{
    Applied, Coming, MigrateError, Options, Release, State, Target, Url, announce_release, apply, head, record_release,
    releases, status, verify,
};
use cell_schema::history::{History, seal};
use cell_schema::schema::Schema;
use support::*;

fn third() -> Schema {
    let mut third = story().snapshot;
    third.tables.push(table("d", vec![]));
    third
}

/// Three sealed migrations: what follows the release of `story()`.
fn later() -> History {
    seal(&history(&[&first(), &story().snapshot, &third()]))
}

async fn applied_ahead(target: &Target, history: &History) -> Result<Applied, MigrateError> {
    let mut options = Options::default();
    options.ahead = true;
    apply(target, history, &options).await
}

async fn states(target: &Target) -> Vec<String> {
    texts(target, "SELECT state FROM cell_migrations ORDER BY number").await
}

#[tokio::test]
async fn a_sealed_migration_is_sealed_when_it_is_applied() {
    for place in places().await {
        let done = applied(&place.target, &seal(&story())).await.unwrap();
        assert_eq!(done.head.unwrap().state, State::Sealed);
        assert_eq!(states(&place.target).await, ["sealed", "sealed"]);
    }
}

#[tokio::test]
async fn an_open_migration_is_sealed_with_its_history() {
    for place in places().await {
        applied(&place.target, &story()).await.unwrap();
        assert_eq!(states(&place.target).await, ["sealed", "open"]);
        let done = applied(&place.target, &seal(&story())).await.unwrap();
        assert_eq!((done.steps.len(), done.head.clone()), (0, head(&place.target).await.unwrap()));
        assert_eq!(states(&place.target).await, ["sealed", "sealed"]);
        // It is not opened again by a checkout that has not heard of the release.
        applied(&place.target, &story()).await.unwrap();
        assert_eq!(states(&place.target).await, ["sealed", "sealed"]);
    }
}

#[tokio::test]
async fn a_draft_of_what_a_release_sealed_is_moved_on_and_sealed() {
    for place in places().await {
        let mut draft = first();
        draft.tables.push(table("c", vec![]));
        applied(&place.target, &history(&[&first(), &draft])).await.unwrap();
        let done = applied(&place.target, &seal(&story())).await.unwrap();
        assert!(!done.steps.is_empty() && done.steps.iter().all(|step| step.draft));
        assert_eq!(done.head, head(&place.target).await.unwrap());
        assert_eq!(states(&place.target).await, ["sealed", "sealed"]);
        assert_eq!(verify(&place.target, &story().snapshot).await.unwrap().differences, []);
    }
}

#[tokio::test]
async fn a_migration_that_is_sealed_in_the_database_is_no_draft() {
    for place in places().await {
        applied(&place.target, &seal(&story())).await.unwrap();
        let other = history(&[&first(), &third()]);
        for history in [other.clone(), seal(&other)] {
            let error = applied_ahead(&place.target, &history).await.unwrap_err();
            assert_eq!(error.code(), "migration-edited");
            assert_eq!(status(&place.target, &history).await.unwrap().problem.unwrap().code, "migration-edited");
        }
    }
}

#[tokio::test]
async fn a_database_that_a_later_release_migrated_serves_the_earlier_one() {
    for place in places().await {
        applied(&place.target, &later()).await.unwrap();
        let newest = head(&place.target).await.unwrap();
        for earlier in [seal(&story()), story(), seal(&history(&[&first()]))] {
            assert_eq!(applied(&place.target, &earlier).await.unwrap_err().code(), "migration-unknown");
            let beyond: Vec<String> =
                later().migrations[earlier.migrations.len()..].iter().map(|migration| migration.name.clone()).collect();
            let done = applied_ahead(&place.target, &earlier).await.unwrap();
            assert_eq!((done.steps.len(), &done.ahead, &done.head), (0, &beyond, &newest));
            let status = status(&place.target, &earlier).await.unwrap();
            assert_eq!(
                (status.pending.len(), status.ahead, status.problem.map(|problem| problem.code)),
                (0, beyond, Some("migration-unknown"))
            );
        }
        assert_eq!(states(&place.target).await, ["sealed"; 3]);
        // One that went another way is no earlier one.
        let other = seal(&history(&[&third()]));
        assert_eq!(applied_ahead(&place.target, &other).await.unwrap_err().code(), "migration-edited");
        assert_eq!(status(&place.target, &other).await.unwrap().ahead, [""; 0]);
    }
}

#[tokio::test]
async fn a_later_release_that_is_half_applied_lets_the_earlier_one_run() {
    for place in places().await {
        applied(&place.target, &seal(&story())).await.unwrap();
        applied(&place.target, &later()).await.unwrap();
        run(&place.target, "UPDATE cell_migrations SET state = 'started' WHERE number = 3").await;
        let done = applied_ahead(&place.target, &seal(&story())).await.unwrap();
        assert_eq!(done.ahead.len(), 1);
        // What it had begun is still known, and is finished by it.
        assert_eq!(states(&place.target).await, ["sealed", "sealed", "started"]);
        applied(&place.target, &later()).await.unwrap();
        assert_eq!(states(&place.target).await, ["sealed"; 3]);
    }
}

#[tokio::test]
async fn an_open_migration_beyond_is_not_a_releases() {
    for place in places().await {
        let open = history(&[&first(), &story().snapshot, &third()]);
        applied(&place.target, &open).await.unwrap();
        // Directly behind the history it is a draft that was dropped, and holds a table.
        let error = applied_ahead(&place.target, &seal(&story())).await.unwrap_err();
        assert_eq!(error.code(), "draft-refused");
        let error = applied_ahead(&place.target, &seal(&history(&[&first()]))).await.unwrap_err();
        assert_eq!(error.code(), "migration-unknown");
    }
}

#[tokio::test]
async fn a_database_remembers_which_release_runs_where() {
    for place in places().await {
        assert_eq!(releases(&place.target).await.unwrap(), []);
        let history = seal(&story());
        applied(&place.target, &history).await.unwrap();
        assert_eq!(releases(&place.target).await.unwrap(), []);
        for (application, region, release) in
            [("shop", "eu", 1), ("shop", "Us", 2), ("desk'", "eu", 7), ("shop", "eu", 3)]
        {
            record_release(&place.target, coming(application, region, release, 2)).await.unwrap();
        }
        let row = |application: &str, region: &str, release| Release {
            application: application.to_owned(),
            region: region.to_owned(),
            release,
        };
        let expected = [row("desk'", "eu", 7), row("shop", "Us", 2), row("shop", "eu", 3)];
        assert_eq!(releases(&place.target).await.unwrap(), expected);
        // It is none of the application's tables, and in nobody's way.
        let verified = verify(&place.target, &history.snapshot).await.unwrap();
        assert_eq!((verified.differences, verified.unmodelled), (vec![], vec![]));
        applied(&place.target, &later()).await.unwrap();
    }
}

fn coming<'a>(application: &'a str, region: &'a str, release: u32, head: u32) -> Coming<'a> {
    Coming { application, region, release, head }
}

#[tokio::test]
async fn as_long_as_two_releases_run_the_one_that_knows_less_counts() {
    for place in places().await {
        let target = &place.target;
        applied(target, &later()).await.unwrap();
        let mut steps: Vec<String> = Vec::new();
        let mut recorded = async || {
            let row = texts(target, "SELECT release || ' ' || head FROM cell_releases WHERE region = 'eu'").await;
            steps.extend(row);
        };
        // The first there is, the next, back again, which is given up, and another one.
        announce_release(target, coming("shop", "eu", 1, 1), None).await.unwrap();
        recorded().await;
        announce_release(target, coming("shop", "eu", 2, 3), Some(1)).await.unwrap();
        recorded().await;
        record_release(target, coming("shop", "eu", 2, 3)).await.unwrap();
        recorded().await;
        announce_release(target, coming("shop", "eu", 1, 1), Some(2)).await.unwrap();
        recorded().await;
        announce_release(target, coming("shop", "eu", 3, 4), Some(2)).await.unwrap();
        recorded().await;
        record_release(target, coming("shop", "eu", 3, 4)).await.unwrap();
        recorded().await;
        assert_eq!(steps, ["1 1", "1 1", "2 3", "2 1", "2 1", "3 4"]);
        // Of one that was never written down nothing is known.
        announce_release(target, coming("shop", "us", 3, 4), Some(2)).await.unwrap();
        let row = texts(target, "SELECT release || ' ' || head FROM cell_releases WHERE region = 'us'").await;
        assert_eq!(row, ["2 0"]);
    }
}

#[tokio::test]
async fn two_that_record_at_once_both_do() {
    for place in places().await {
        applied(&place.target, &story()).await.unwrap();
        let (one, other) = tokio::join!(
            record_release(&place.target, coming("shop", "eu", 1, 2)),
            record_release(&place.target, coming("shop", "us", 1, 2))
        );
        one.unwrap();
        other.unwrap();
        assert_eq!(releases(&place.target).await.unwrap().len(), 2);
    }
}

#[tokio::test]
async fn a_release_is_recorded_in_no_strangers_database() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.db");
    let on_file = Target::new(Url::sqlite(&file)).unwrap();
    assert_eq!(record_release(&on_file, coming("shop", "eu", 1, 2)).await.unwrap_err().code(), "database-missing");
    assert!(!file.exists());
    std::fs::write(&file, []).unwrap();
    for target in [on_file, on_postgres().await.target] {
        run(&target, "CREATE TABLE guests (x int)").await;
        let error = record_release(&target, coming("shop", "eu", 1, 2)).await.unwrap_err();
        assert_eq!(error.code(), "unknown-database");
        assert_eq!(releases(&target).await.unwrap(), []);
    }
}
