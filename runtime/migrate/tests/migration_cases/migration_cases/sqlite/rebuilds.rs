//! What a rebuild must not take with it: rows that refer to the table, indexes, views, triggers, numbers.

use cell_schema::expr::Binary;
use cell_schema::hints::Hints;
use cell_schema::schema::{Action, Column, Table, Type};

use super::super::story::{Saying, Story, fill, from, rebuilt, said};
use crate::support::*;

/// `p` with an optional `a`, and `c` that refers to it.
fn parent_and_child(a: Column, on_delete: Action) -> Vec<Table> {
    let c = table("c", vec![nullable("pid", Type::I64)]).with_reference(&["pid"], "p", &["id"], on_delete);
    vec![table("p", vec![a]), c]
}

const ROWS: &str = "INSERT INTO p (a) VALUES ('x'), (NULL), ('z'); INSERT INTO c (pid) VALUES (1), (2), (2), (3)";

fn filled() -> Hints {
    said().column("p", "a", fill(string("none")))
}

async fn required_over_references(on_delete: Action) {
    let mut story = Story::of(on_sqlite(), parent_and_child(nullable("a", TEXT), on_delete), ROWS).await;
    let done = story.migrate(parent_and_child(column("a", TEXT), on_delete), &filled()).await;
    assert!(rebuilt(&done, "p"), "{done:?}");
    assert_eq!(story.rows("SELECT a FROM p ORDER BY id").await, ["x", "none", "z"]);
    assert_eq!(
        story.rows("SELECT id || '>' || coalesce(pid, '-') FROM c ORDER BY id").await,
        ["1>1", "2>2", "3>2", "4>3"]
    );
}

/// Case 1.
#[tokio::test]
async fn a_rebuild_deletes_no_row_that_would_go_with_its_parent() {
    required_over_references(Action::Cascade).await;
}

/// Case 2.
#[tokio::test]
async fn a_rebuild_makes_no_reference_null() {
    required_over_references(Action::SetNull).await;
}

/// Case 3.
#[tokio::test]
async fn a_table_loses_autoincrement_and_those_behind_it_keep_their_rows() {
    let tables = |automatic| {
        let mut users = table("users", vec![column("name", TEXT)]);
        users.columns[0].automatic = automatic;
        let subscriptions = table("subscriptions", vec![column("user", Type::I64)]);
        let metadata = table("metadata", vec![column("subscription", Type::I64)]);
        vec![
            users,
            subscriptions.with_reference(&["user"], "users", &["id"], Action::Cascade),
            metadata.with_reference(&["subscription"], "subscriptions", &["id"], Action::Cascade),
        ]
    };
    let rows = "INSERT INTO users (id, name) VALUES (4, 'a'), (9, 'b'); INSERT INTO subscriptions (user) VALUES (4), (9), (9); \
                INSERT INTO metadata (subscription) VALUES (1), (2), (3), (3)";
    let mut story = Story::of(on_sqlite(), tables(true), rows).await;
    let done = story.migrate(tables(false), &said()).await;
    assert!(rebuilt(&done, "users"), "{done:?}");
    assert_eq!(story.rows("SELECT id || name FROM users ORDER BY id").await, ["4a", "9b"]);
    assert_eq!(story.rows("SELECT group_concat(user) FROM subscriptions").await, ["4,9,9"]);
    assert_eq!(story.rows("SELECT group_concat(subscription) FROM metadata").await, ["1,2,3,3"]);
    // They still depend on each other.
    story.run("PRAGMA foreign_keys = ON; DELETE FROM users WHERE id = 9").await;
    assert_eq!(story.rows("SELECT group_concat(subscription) FROM metadata").await, ["1"]);
}

/// Case 4.
#[tokio::test]
async fn a_column_is_renamed_in_a_table_that_refers_to_itself() {
    let bar = |name: &str| {
        let bar = table("bar", vec![nullable("bar_id", Type::I64), column(name, TEXT)]);
        vec![bar.with_reference(&["bar_id"], "bar", &["id"], Action::Cascade)]
    };
    let rows = "INSERT INTO bar (id, bar_id, data) VALUES (1, NULL, 'a'), (2, 1, 'b'), (3, 2, 'c')";
    let mut story = Story::of(on_sqlite(), bar("data"), rows).await;
    story.migrate(bar("content"), &said().column("bar", "content", from("data"))).await;
    let all = "SELECT id || coalesce(bar_id, '-') || content FROM bar ORDER BY id";
    assert_eq!(story.rows(all).await, ["1-a", "21b", "32c"]);
    story.run("PRAGMA foreign_keys = ON; DELETE FROM bar WHERE id = 2").await;
    assert_eq!(story.rows(all).await, ["1-a"]);
}

/// Case 5.
#[tokio::test]
async fn a_column_is_renamed_in_a_table_that_others_refer_to() {
    let tables = |name: &str| {
        let bar = table("bar", vec![column("foo_id", Type::I64)]);
        vec![table("foo", vec![column(name, TEXT)]), bar.with_reference(&["foo_id"], "foo", &["id"], Action::Cascade)]
    };
    let rows = "INSERT INTO foo (data) VALUES ('a'), ('b'); INSERT INTO bar (foo_id) VALUES (2), (1)";
    let mut story = Story::of(on_sqlite(), tables("data"), rows).await;
    story.migrate(tables("content"), &said().column("foo", "content", from("data"))).await;
    let all = "SELECT content FROM bar JOIN foo ON foo.id = foo_id ORDER BY bar.id";
    assert_eq!(story.rows(all).await, ["b", "a"]);
    story.run("PRAGMA foreign_keys = ON; DELETE FROM foo WHERE id = 2").await;
    assert_eq!(story.rows(all).await, ["a"]);
    story.fails("PRAGMA foreign_keys = ON; INSERT INTO bar (foo_id) VALUES (2)").await;
}

async fn uniques_survive(unique: &[&str]) {
    let a = |other: Column| {
        vec![table("a", vec![column("field", TEXT), column("second", TEXT), other]).with_unique(unique)]
    };
    let rows = "INSERT INTO a (field, second) VALUES ('f', 's'), ('g', 't')";
    let mut story = Story::of(on_sqlite(), a(nullable("n", Type::I32)), rows).await;
    let done = story.migrate(a(column("n", Type::I32)), &said().column("a", "n", fill(int(0)))).await;
    assert!(rebuilt(&done, "a"), "{done:?}");
    story.fails("INSERT INTO a (field, second, n) VALUES ('f', 's', 1)").await;
    assert_eq!(story.rows("SELECT field || second || n FROM a ORDER BY id").await, ["fs0", "gt0"]);
}

/// Case 6.
#[tokio::test]
async fn a_unique_column_stays_unique_in_a_rebuild() {
    uniques_survive(&["field"]).await;
}

/// Case 7.
#[tokio::test]
async fn columns_that_are_unique_together_stay_so_in_a_rebuild() {
    uniques_survive(&["field", "second"]).await;
}

/// Case 8.
#[tokio::test]
async fn a_view_over_a_rebuilt_table_still_answers() {
    let p = |a: Column| vec![table("p", vec![a])];
    let mut story = Story::of(on_sqlite(), p(nullable("a", TEXT)), "INSERT INTO p (a) VALUES ('x'), (NULL)").await;
    story.run("CREATE VIEW seen AS SELECT p.id, p.a || '!' AS loud FROM p; CREATE VIEW twice AS SELECT loud || loud AS it FROM seen").await;
    let views = "SELECT sql FROM sqlite_schema WHERE type = 'view' ORDER BY name";
    let before = story.rows(views).await;
    let done = story.migrate(p(column("a", TEXT)), &filled()).await;
    assert!(rebuilt(&done, "p"), "{done:?}");
    assert_eq!(story.rows(views).await, before);
    assert_eq!(story.rows("SELECT it FROM twice").await, ["x!x!", "none!none!"]);
}

/// Case 9.
#[tokio::test]
async fn a_trigger_on_a_rebuilt_table_still_fires() {
    let tables = |a: Column| vec![table("p", vec![a]), table("log", vec![column("what", TEXT)])];
    let mut story = Story::of(on_sqlite(), tables(nullable("a", TEXT)), "INSERT INTO p (a) VALUES ('x')").await;
    story
        .run(
            "CREATE TRIGGER logged AFTER INSERT ON p BEGIN INSERT INTO log (what) VALUES ('p ' || new.a); END; \
             CREATE TRIGGER counted AFTER INSERT ON log WHEN new.what = 'p b' BEGIN UPDATE p SET a = a || '+' WHERE id = 1; END",
        )
        .await;
    let done = story.migrate(tables(column("a", TEXT)), &filled()).await;
    assert!(rebuilt(&done, "p"), "{done:?}");
    assert_eq!(story.rows("SELECT what FROM log").await, [] as [String; 0], "the copy fires nothing");
    story.run("INSERT INTO p (a) VALUES ('b')").await;
    assert_eq!(story.rows("SELECT what FROM log").await, ["p b"]);
    assert_eq!(story.rows("SELECT a FROM p ORDER BY id").await, ["x+", "b"]);
}

/// Case 10.
#[tokio::test]
async fn a_number_that_was_issued_is_not_issued_again() {
    let p = |a: Column| vec![table("p", vec![a])];
    let rows = "INSERT INTO p (a) VALUES ('x'), ('y'), ('z'); DELETE FROM p WHERE id = 3";
    let mut story = Story::of(on_sqlite(), p(nullable("a", TEXT)), rows).await;
    let done = story.migrate(p(column("a", TEXT)), &filled()).await;
    assert!(rebuilt(&done, "p"), "{done:?}");
    story.run("INSERT INTO p (a) VALUES ('w')").await;
    assert_eq!(story.rows("SELECT id || a FROM p ORDER BY id").await, ["1x", "2y", "4w"]);
    assert_eq!(story.rows("SELECT name || seq FROM sqlite_sequence WHERE name NOT LIKE 'cell%'").await, ["p4"]);
}

/// Case 16.
#[tokio::test]
async fn a_generated_column_is_computed_anew_in_a_rebuild() {
    let p = |a: Column| {
        vec![table(
            "p",
            vec![a, column("n", Type::I32), generated("doubled", Type::I64, op(col("n"), Binary::Multiply, int(2)))],
        )]
    };
    let mut story = Story::of(on_sqlite(), p(nullable("a", TEXT)), "INSERT INTO p (n) VALUES (3), (4)").await;
    let done = story.migrate(p(column("a", TEXT)), &filled()).await;
    assert!(rebuilt(&done, "p"), "{done:?}");
    let copy = done.steps.iter().find(|step| step.sql.contains("INSERT INTO")).unwrap();
    assert!(!copy.sql.split("INSERT INTO").nth(1).unwrap().contains("doubled"), "{}", copy.sql);
    story.run("UPDATE p SET n = 5 WHERE id = 1").await;
    assert_eq!(story.rows("SELECT a || doubled FROM p ORDER BY id").await, ["none10", "none8"]);
}

/// Case 17, with what stands in its way where no backfill is said.
#[tokio::test]
async fn rows_without_a_value_get_the_backfill_when_it_becomes_required() {
    let people = |age: Column| vec![table("people", vec![age])];
    let rows = "INSERT INTO people (age) VALUES (12), (22), (NULL)";
    let mut story = Story::of(on_sqlite(), people(nullable("age", Type::I32)), rows).await;
    let found = story.guarded(people(column("age", Type::I32)), &said()).await;
    assert_eq!(found, ["not-null-over-rows shop.people.age: 1 3"]);
    story.migrate(people(column("age", Type::I32)), &said().column("people", "age", fill(int(30)))).await;
    assert_eq!(story.rows("SELECT CAST(age AS text) FROM people ORDER BY id").await, ["12", "22", "30"]);
    story.fails("INSERT INTO people (age) VALUES (NULL)").await;
}
