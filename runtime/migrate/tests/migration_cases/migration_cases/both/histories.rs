//! Histories: what appears between, what failed, what is left in the source.

use cell_migrate::status;
use cell_schema::history::{next, seal};
use cell_schema::schema::{Table, Type};

use super::super::story::{Story, said};
use crate::support::*;

/// Case 53.
#[tokio::test]
async fn a_migration_between_those_that_were_applied_is_refused_before_anything_runs() {
    let t = |columns: &[&str]| vec![table("t", columns.iter().map(|name| nullable(name, TEXT)).collect())];
    for place in places().await {
        let mut story = Story::of(place, t(&["a"]), "INSERT INTO t (a) VALUES ('x')").await;
        let first = story.history.clone();
        story.migrate(t(&["a", "c"]), &said()).await;
        let before = story.contents().await;
        // Another branch has put one before ours.
        let between = seal(&next(Some(&first), &schema(t(&["a", "b"])), &said()).unwrap());
        let merged = next(Some(&between), &schema(t(&["a", "b", "c"])), &said()).unwrap();
        let more = seal(&next(Some(&seal(&merged)), &schema(t(&["a", "b", "c", "d"])), &said()).unwrap());
        let error = applied(story.target(), &more).await.unwrap_err();
        assert_eq!(error.code(), "migration-edited");
        assert!(error.to_string().contains("0002_"), "{error}");
        assert_eq!(
            status(story.target(), &more).await.unwrap().problem.map(|problem| problem.code),
            Some("migration-edited")
        );
        assert_eq!(story.contents().await, before);
    }
}

/// Case 55.
#[tokio::test]
async fn a_migration_that_failed_is_told_and_not_skipped() {
    let t = |name: &str| table(name, vec![column("n", Type::I32)]);
    let tables = |names: &[&str]| -> Vec<Table> { names.iter().map(|name| t(name)).collect() };
    for place in places().await {
        let mut story = Story::of(place, tables(&["a"]), "INSERT INTO a (n) VALUES (1)").await;
        story.run("CREATE TABLE c (theirs int)").await;
        let second = seal(&story.next(tables(&["a", "b", "c"]), &said()));
        let third = seal(&next(Some(&second), &schema(tables(&["a", "b", "c", "d"])), &said()).unwrap());
        for again in [false, true] {
            let error = applied(story.target(), &third).await.unwrap_err();
            assert_eq!(error.code(), "migration-failed");
            assert!(error.to_string().contains("create table `c`"), "{error}");
            assert_eq!(error.to_string().contains("it failed like this before"), again, "{error}");
            assert!(error.help().is_some_and(|help| help.contains("apply again")), "{:?}", error.help());
        }
        // What came before the failure is done, and what comes after it is not.
        assert_eq!(story.rows("SELECT CAST(count(*) AS text) FROM b").await, ["0"]);
        story.fails("SELECT count(*) FROM d").await;
        assert_eq!(status(story.target(), &third).await.unwrap().pending.len(), 2);
        story.run("DROP TABLE c").await;
        applied(story.target(), &third).await.unwrap();
        story.history = third;
        story.verified().await;
        assert_eq!(story.rows("SELECT CAST(n AS text) FROM a").await, ["1"]);
    }
}
