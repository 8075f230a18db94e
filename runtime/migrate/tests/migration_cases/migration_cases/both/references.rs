//! Keys of several columns, and several references to one table.

use cell_schema::hazard::HazardKind;
use cell_schema::schema::{Action, Column, Table, Type};

use super::super::story::{Saying, Story, fill, from, said};
use crate::support::*;

/// A table whose key is some of these columns.
fn keyed(name: &str, columns: Vec<Column>, key: &[&str]) -> Table {
    let t = table(name, vec![]).with_key(key);
    Table { columns, ..t }
}

/// Foreign keys hold on SQLite only where they are asked for.
fn strictly(story: &Story, sql: &str) -> String {
    let on = if story.target().url().as_str().starts_with("sqlite:") { "PRAGMA foreign_keys = ON; " } else { "" };
    format!("{on}{sql}")
}

/// A further case.
#[tokio::test]
async fn a_key_of_several_columns_is_renamed_and_retyped_with_what_refers_to_it() {
    let tables = |shelf: &str, ty: Type| {
        let places = keyed("places", vec![column(shelf, TEXT), column("slot", ty.clone())], &[shelf, "slot"]);
        let goods = table("goods", vec![nullable(shelf, TEXT), nullable("slot", ty)]);
        vec![places, goods.with_reference(&[shelf, "slot"], "places", &[shelf, "slot"], Action::SetNull)]
    };
    for place in places().await {
        let rows = "INSERT INTO places (shelf, slot) VALUES ('a', 1), ('a', 2); \
                    INSERT INTO goods (shelf, slot) VALUES ('a', 2), (NULL, 7), ('a', 1)";
        let mut story = Story::of(place, tables("shelf", Type::I16), rows).await;
        let hints = said().column("places", "rack", from("shelf")).column("goods", "rack", from("shelf"));
        story.migrate(tables("rack", Type::I64), &hints).await;
        let all = "SELECT coalesce(rack, '-') || coalesce(CAST(slot AS text), '-') FROM goods ORDER BY id";
        assert_eq!(story.rows(all).await, ["a2", "-7", "a1"]);
        story.fails(&strictly(&story, "INSERT INTO goods (rack, slot) VALUES ('b', 1)")).await;
        story.fails("INSERT INTO places (rack, slot) VALUES ('a', 1)").await;
        story.run(&strictly(&story, "DELETE FROM places WHERE slot = 2")).await;
        assert_eq!(story.rows(all).await, ["--", "-7", "a1"]);
    }
}

/// A further case.
#[tokio::test]
async fn a_key_gets_another_order_and_one_column_more() {
    let columns = || vec![column("a", Type::I32), column("b", Type::I32), column("c", Type::I32)];
    for place in places().await {
        let rows = "INSERT INTO t (a, b, c) VALUES (1, 2, 3), (1, 3, 3)";
        let mut story = Story::of(place, vec![keyed("t", columns(), &["a", "b"])], rows).await;
        story.migrate(vec![keyed("t", columns(), &["c", "b", "a"])], &said()).await;
        story.run("INSERT INTO t (a, b, c) VALUES (1, 2, 4)").await;
        story.fails("INSERT INTO t (a, b, c) VALUES (1, 2, 3)").await;
        assert_eq!(
            story.guarded(vec![keyed("t", columns(), &["a", "b"])], &said()).await,
            ["unique-over-rows shop.t: 1 1, 2"]
        );
    }
}

/// A further case.
#[tokio::test]
async fn two_references_to_one_table_stay_apart() {
    let tables = |sender: &str, receiver: &str, users: &str| {
        let mails = table("mails", vec![column(sender, Type::I64), nullable(receiver, Type::I64)])
            .with_reference(&[sender], users, &["id"], Action::Cascade)
            .with_reference(&[receiver], users, &["id"], Action::SetNull);
        vec![table(users, vec![column("name", TEXT)]), mails]
    };
    for place in places().await {
        let rows = "INSERT INTO users (name) VALUES ('a'), ('b'), ('c'); INSERT INTO mails (sender, receiver) VALUES (1, 2), (2, 3), (3, 1)";
        let mut story = Story::of(place, tables("sender", "receiver", "users"), rows).await;
        // Their columns are swapped, and their target is renamed.
        let hints = said().renamed("people", "users").column("mails", "giver", from("sender")).column(
            "mails",
            "taker",
            from("receiver"),
        );
        story.migrate(tables("giver", "taker", "people"), &hints).await;
        story.is_settled(tables("giver", "taker", "people"), &hints);
        story.run(&strictly(&story, "DELETE FROM people WHERE name = 'c'")).await;
        let all = "SELECT giver || '>' || coalesce(CAST(taker AS text), '-') FROM mails ORDER BY id";
        assert_eq!(story.rows(all).await, ["1>2", "2>-"]);
    }
}

/// A further case.
#[tokio::test]
async fn a_reference_over_rows_that_point_at_nothing_is_refused_with_an_example() {
    let tables = |bound: bool| {
        let c = table("c", vec![nullable("pid", Type::I64)]);
        let c = if bound { c.with_reference(&["pid"], "p", &["id"], Action::Cascade) } else { c };
        vec![table("p", vec![]), c]
    };
    for place in places().await {
        let rows = "INSERT INTO p (id) VALUES (1); INSERT INTO c (pid) VALUES (1), (NULL), (8), (9)";
        let mut story = Story::of(place, tables(false), rows).await;
        assert_eq!(story.guarded(tables(true), &said()).await, ["reference-over-rows shop.c.c_pid_fkey: 2 8"]);
        story.run("DELETE FROM c WHERE pid > 7").await;
        story.migrate(tables(true), &said()).await;
        story.run(&strictly(&story, "DELETE FROM p")).await;
        assert_eq!(story.rows("SELECT CAST(id AS text) FROM c").await, ["2"]);
    }
}

/// A further case.
#[tokio::test]
async fn what_happens_to_those_who_refer_changes_and_no_row_does() {
    let tables = |on_delete| {
        let c = table("c", vec![nullable("pid", Type::I64)]);
        vec![table("p", vec![]), c.with_reference(&["pid"], "p", &["id"], on_delete)]
    };
    for place in places().await {
        let rows = "INSERT INTO p (id) VALUES (1), (2); INSERT INTO c (pid) VALUES (1), (2)";
        let mut story = Story::of(place, tables(Action::Cascade), rows).await;
        story.migrate(tables(Action::Refuse), &said()).await;
        story.fails(&strictly(&story, "DELETE FROM p WHERE id = 1")).await;
        story.migrate(tables(Action::SetNull), &said()).await;
        story.run(&strictly(&story, "DELETE FROM p WHERE id = 1")).await;
        assert_eq!(story.rows("SELECT coalesce(CAST(pid AS text), '-') FROM c ORDER BY id").await, ["-", "2"]);
    }
}

/// A further case.
#[tokio::test]
async fn a_table_goes_and_those_it_referred_to_lose_no_row() {
    let p = || table("p", vec![nullable("c", Type::I64)]);
    let before = vec![
        p().with_reference(&["c"], "c", &["id"], Action::Cascade),
        table("c", vec![column("pid", Type::I64)]).with_reference(&["pid"], "p", &["id"], Action::Cascade),
    ];
    for place in places().await {
        let rows = "INSERT INTO p (id) VALUES (1), (2); INSERT INTO c (pid) VALUES (1), (2); UPDATE p SET c = id";
        let mut story = Story::of(place, before.clone(), rows).await;
        story.migrate(vec![p()], &said().allow(HazardKind::RowsDeleted, "shop.c")).await;
        assert_eq!(story.rows("SELECT CAST(c AS text) FROM p ORDER BY id").await, ["1", "2"]);
    }
}

/// A further case.
#[tokio::test]
async fn a_unique_column_that_others_refer_to_is_renamed() {
    let tables = |name: &str| {
        let c = table("c", vec![nullable("p", TEXT)]);
        vec![
            table("p", vec![column(name, TEXT)]).with_unique(&[name]),
            c.with_reference(&["p"], "p", &[name], Action::SetNull),
        ]
    };
    for place in places().await {
        let rows = "INSERT INTO p (code) VALUES ('a'), ('b'); INSERT INTO c (p) VALUES ('b'), (NULL), ('a')";
        let mut story = Story::of(place, tables("code"), rows).await;
        story.migrate(tables("name"), &said().column("p", "name", from("code"))).await;
        story.fails(&strictly(&story, "INSERT INTO c (p) VALUES ('c')")).await;
        story.run(&strictly(&story, "DELETE FROM p WHERE name = 'b'")).await;
        assert_eq!(story.rows("SELECT coalesce(p, '-') FROM c ORDER BY id").await, ["-", "-", "a"]);
    }
}

/// A further case.
#[tokio::test]
async fn a_table_is_renamed_as_it_gets_its_own_parent() {
    let before = || vec![table("things", vec![column("kind", TEXT)])];
    let after = || {
        let items = table("items", vec![column("kind", TEXT), column("box", Type::I64)]);
        vec![table("boxes", vec![]), items.with_reference(&["box"], "boxes", &["id"], Action::Cascade)]
    };
    for place in places().await {
        let mut story = Story::of(place, before(), "").await;
        let hints = said().renamed("items", "things").column("items", "box", fill(int(1)));
        story.run("INSERT INTO things (kind) VALUES ('x')").await;
        // Nothing is in the new table yet.
        assert_eq!(story.guarded(after(), &hints).await, ["reference-over-rows shop.items.items_box_fkey: 1 1"]);
        story.run("DELETE FROM things").await;
        story.migrate(after(), &hints).await;
        story.fails(&strictly(&story, "INSERT INTO items (kind, box) VALUES ('y', 1)")).await;
    }
}
