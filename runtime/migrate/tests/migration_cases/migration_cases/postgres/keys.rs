//! Keys that move, change their type or their name, and what refers to them.

use cell_schema::hazard::HazardKind;
use cell_schema::hints::Hints;
use cell_schema::schema::{Action, Table, Type};

use super::super::story::{Saying, Story, from, said};
use crate::support::*;

fn refers(table: Table, column: &str, target: &str) -> Table {
    table.with_reference(&[column], target, &["id"], Action::Refuse)
}

/// Case 34.
#[tokio::test]
async fn tables_that_refer_to_each_other_are_added_at_once() {
    let mut story =
        Story::of(on_postgres().await, vec![table("other", vec![])], "INSERT INTO other DEFAULT VALUES").await;
    let departments = refers(table("departments", vec![nullable("head", Type::I64)]), "head", "employees");
    let employees = refers(table("employees", vec![column("department", Type::I64)]), "department", "departments");
    story.migrate(vec![table("other", vec![]), departments, employees], &said()).await;
    story
        .run(
            "INSERT INTO departments DEFAULT VALUES; INSERT INTO employees (department) VALUES (1); \
             UPDATE departments SET head = 1",
        )
        .await;
    story.fails("UPDATE departments SET head = 2").await;
    story.fails("INSERT INTO employees (department) VALUES (2)").await;
}

/// Case 35.
#[tokio::test]
async fn tables_that_refer_to_each_other_are_dropped_at_once() {
    let t = |name: &str, target: &str| refers(table(name, vec![nullable("next", Type::I64)]), "next", target);
    let other = || table("other", vec![]);
    let rows = "INSERT INTO a DEFAULT VALUES; INSERT INTO c (next) VALUES (1); INSERT INTO b (next) VALUES (1); UPDATE a SET next = 1; \
                INSERT INTO other DEFAULT VALUES";
    let mut story = Story::of(on_postgres().await, vec![t("a", "b"), t("b", "c"), t("c", "a"), other()], rows).await;
    let refused = ["rows-deleted shop.a", "rows-deleted shop.b", "rows-deleted shop.c"];
    assert_eq!(story.refused(vec![other()], &said()), refused);
    let allow = |hints: Hints, object: &str| hints.allow(HazardKind::RowsDeleted, object);
    let allowed = ["shop.a", "shop.b", "shop.c"].into_iter().fold(said(), allow);
    let done = story.migrate(vec![other()], &allowed).await;
    assert_eq!(done.counted.len(), 3);
    assert_eq!(story.rows("SELECT id::text FROM other").await, ["1"]);
}

/// Case 36.
#[tokio::test]
async fn a_key_is_renamed_and_what_referred_to_it_dropped() {
    let users = |key: &str| {
        let mut users = table("users", vec![column("name", TEXT)]);
        users.columns[0].name = key.to_owned();
        Table { key: vec![key.to_owned()], ..users }
    };
    let posts = refers(table("posts", vec![column("author", Type::I64)]), "author", "users");
    let rows = "INSERT INTO users (name) VALUES ('a'), ('b'); INSERT INTO posts (author) VALUES (2)";
    let mut story = Story::of(on_postgres().await, vec![users("id"), posts], rows).await;
    let hints = said().column("users", "user_id", from("id")).allow(HazardKind::RowsDeleted, "shop.posts");
    story.migrate(vec![users("user_id")], &hints).await;
    story.run("INSERT INTO users (name) VALUES ('c')").await;
    assert_eq!(story.rows("SELECT user_id || name FROM users ORDER BY user_id").await, ["1a", "2b", "3c"]);
    story.is_settled(vec![users("user_id")], &hints);
}

/// Case 37.
#[tokio::test]
async fn a_key_and_what_refers_to_it_change_their_type_together() {
    let tables = |ty: Type| {
        let mut p = table("p", vec![column("name", TEXT)]);
        p.columns[0] = column("id", ty.clone());
        let c = table("c", vec![nullable("pid", ty.clone())]).with_reference(&["pid"], "p", &["id"], Action::SetNull);
        let mut d = table("d", vec![nullable("parent", ty.clone())]);
        d.columns[0] = column("id", ty);
        let d = d.with_reference(&["id"], "p", &["id"], Action::Cascade).with_reference(
            &["parent"],
            "d",
            &["id"],
            Action::SetNull,
        );
        vec![p, c, d]
    };
    let rows = "INSERT INTO p (id, name) VALUES (1, 'a'), (22, 'b'); INSERT INTO c (pid) VALUES (22), (NULL), (1); \
                INSERT INTO d (id, parent) VALUES (1, NULL), (22, 1)";
    let mut story = Story::of(on_postgres().await, tables(Type::I64), rows).await;
    story.migrate(tables(TEXT), &said()).await;
    assert_eq!(story.rows("SELECT c.id || name FROM c JOIN p ON p.id = pid ORDER BY c.id").await, ["1b", "3a"]);
    story.run("DELETE FROM p WHERE id = '1'").await;
    assert_eq!(story.rows("SELECT coalesce(pid, '-') FROM c ORDER BY id").await, ["22", "-", "-"]);
    assert_eq!(story.rows("SELECT id || coalesce(parent, '-') FROM d").await, ["22-"]);
}

/// Case 38.
#[tokio::test]
async fn columns_that_are_unique_together_become_the_key() {
    let columns = || vec![column("a", Type::I32), column("b", TEXT), column("c", Type::I32)];
    let before = table("t", columns()).with_unique(&["a", "b", "c"]);
    let after = || {
        let t = table("t", columns()).with_key(&["a", "b", "c"]);
        Table { columns: columns(), ..t }
    };
    let rows = "INSERT INTO t (a, b, c) VALUES (1, 'x', 1), (1, 'x', 2)";
    let mut story = Story::of(on_postgres().await, vec![before], rows).await;
    assert_eq!(story.refused(vec![after()], &said()), ["values-deleted shop.t.id"]);
    story.migrate(vec![after()], &said().allow(HazardKind::ValuesDeleted, "shop.t.id")).await;
    assert_eq!(story.rows("SELECT a || b || c FROM t ORDER BY c").await, ["1x1", "1x2"]);
    story.fails("INSERT INTO t (a, b, c) VALUES (1, 'x', 2)").await;
}

/// Case 39.
#[tokio::test]
async fn a_key_moves_to_a_column_that_changes_its_type() {
    let before = table("t", vec![column("foo", Type::I32)]);
    let after = || {
        let columns = vec![nullable("id", Type::I64), column("foo", TEXT)];
        vec![Table { columns, key: vec!["foo".to_owned()], ..table("t", vec![]) }]
    };
    let rows = "INSERT INTO t (foo) VALUES (10), (20), (20)";
    let mut story = Story::of(on_postgres().await, vec![before], rows).await;
    assert_eq!(story.guarded(after(), &said()).await, ["unique-over-rows shop.t: 1 20"]);
    story.run("UPDATE t SET foo = 30 WHERE id = 3").await;
    story.migrate(after(), &said()).await;
    story.run("INSERT INTO t (foo) VALUES ('x')").await;
    assert_eq!(
        story.rows("SELECT foo || coalesce(id::text, '-') FROM t ORDER BY foo").await,
        ["101", "202", "303", "x-"]
    );
    story.fails("INSERT INTO t (foo) VALUES ('10')").await;
}

/// Case 45.
#[tokio::test]
async fn a_table_is_renamed_and_another_takes_its_name() {
    let users = |name: &str| {
        table(name, vec![column("mail", TEXT), nullable("age", Type::I32)])
            .with_unique(&["mail"])
            .with_index(&[("age", false)], None)
    };
    let posts = |target: &str| refers(table("posts", vec![column("author", Type::I64)]), "author", target);
    let rows = "INSERT INTO users (mail) VALUES ('a'), ('b'); INSERT INTO posts (author) VALUES (2)";
    let mut story = Story::of(on_postgres().await, vec![users("users"), posts("users")], rows).await;
    let hints = said().renamed("accounts", "users");
    story.migrate(vec![users("accounts"), posts("accounts")], &hints).await;
    let both = || vec![users("accounts"), users("users"), posts("accounts")];
    story.migrate(both(), &hints).await;
    story.is_settled(both(), &hints);
    story.run("INSERT INTO users (mail) VALUES ('a'); INSERT INTO accounts (mail) VALUES ('c')").await;
    assert_eq!(story.rows("SELECT id || mail FROM accounts ORDER BY id").await, ["1a", "2b", "3c"]);
    assert_eq!(story.rows("SELECT id || mail FROM users").await, ["1a"]);
    assert_eq!(story.rows("SELECT mail FROM posts JOIN accounts ON accounts.id = author").await, ["b"]);
}

/// Case 45, in one migration.
#[tokio::test]
async fn a_table_that_is_renamed_and_remade_at_once_is_refused() {
    let users = |name: &str| table(name, vec![column("mail", TEXT)]);
    let story = Story::of(on_postgres().await, vec![users("users")], "INSERT INTO users (mail) VALUES ('a')").await;
    let refused = story.refused(vec![users("accounts"), users("users")], &said().renamed("accounts", "users"));
    assert_eq!(refused, ["rename-of-what-exists shop.accounts"]);
}
