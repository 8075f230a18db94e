//! Tables and columns with other names.

use cell_schema::expr::{Binary, Literal};
use cell_schema::hazard::HazardKind;
use cell_schema::hints::ColumnHints;
use cell_schema::schema::{Action, Table, Type};

use super::super::story::{Saying, Story, fill, from, said};
use crate::support::*;

/// Case 48.
#[tokio::test]
async fn a_column_gets_another_name_and_type_and_becomes_required_at_once() {
    let t = |years| vec![table("t", vec![years, column("b", TEXT)])];
    for place in places().await {
        let rows = "INSERT INTO t (age, b) VALUES ('12', 'x'), (NULL, 'y'), ('-3', 'z')";
        let mut story = Story::of(place, t(nullable("age", TEXT)), rows).await;
        let after = || t(column("years", Type::I32));
        let backfill = fill(int(30)).backfill;
        let renamed = said().column("t", "years", ColumnHints { backfill, ..from("age") });
        assert_eq!(story.refused(after(), &renamed), ["cast-may-fail shop.t.years"]);
        let hints = renamed.allow(HazardKind::CastMayFail, "shop.t.years");
        story.run("UPDATE t SET age = 'old' WHERE b = 'z'").await;
        assert_eq!(story.guarded(after(), &hints).await, ["cast-may-fail shop.t.years: 1 old"]);
        story.run("UPDATE t SET age = '-3' WHERE b = 'z'").await;
        story.migrate(after(), &hints).await;
        assert_eq!(story.rows("SELECT CAST(years AS text) FROM t ORDER BY id").await, ["12", "30", "-3"]);
        story.fails("INSERT INTO t (years, b) VALUES (NULL, 'w')").await;
        story.is_settled(after(), &hints);
    }
}

/// Case 49.
#[tokio::test]
async fn a_rename_whose_earlier_name_is_still_there_is_refused() {
    let t = |name: &str, columns| table(name, columns);
    for place in places().await {
        let story = Story::of(place, vec![t("t", vec![column("a", TEXT)])], "INSERT INTO t (a) VALUES ('x')").await;
        let both = vec![t("t", vec![column("a", TEXT), nullable("b", TEXT)])];
        assert_eq!(story.refused(both, &said().column("t", "b", from("a"))), ["rename-of-what-exists shop.t.b"]);
        let both = vec![t("t", vec![column("a", TEXT)]), t("u", vec![column("a", TEXT)])];
        assert_eq!(story.refused(both, &said().renamed("u", "t")), ["rename-of-what-exists shop.u"]);
        assert_eq!(story.rows("SELECT a FROM t").await, ["x"]);
    }
}

/// Case 50.
#[tokio::test]
async fn a_rename_that_stays_in_the_source_is_no_change() {
    for place in places().await {
        let rows = "INSERT INTO t (a) VALUES ('x')";
        let mut story = Story::of(place, vec![table("t", vec![column("a", TEXT)])], rows).await;
        let after = || vec![table("u", vec![column("b", TEXT)])];
        let hints = said().renamed("u", "t").column("u", "b", from("a"));
        story.migrate(after(), &hints).await;
        story.is_settled(after(), &hints);
        assert_eq!(applied(story.target(), &story.next(after(), &hints)).await.unwrap().steps, []);
        // Not even where the earlier names are there again.
        let more =
            || vec![table("t", vec![column("a", TEXT)]), table("u", vec![column("b", TEXT), nullable("a", TEXT)])];
        story.migrate(more(), &hints).await;
        story.is_settled(more(), &hints);
        assert_eq!(story.rows("SELECT b FROM u").await, ["x"]);
    }
}

/// Case 51.
#[tokio::test]
async fn two_columns_that_are_swapped_take_their_values_with_them() {
    let columns = || vec![column("a", TEXT), column("b", TEXT)];
    let before = || {
        vec![table("t", columns()).with_unique(&["a"]).with_check("a", op(col("a"), Binary::NotEqual, string("b1")))]
    };
    let after = || {
        vec![table("t", columns()).with_unique(&["b"]).with_check("b", op(col("b"), Binary::NotEqual, string("b1")))]
    };
    for place in places().await {
        let mut story = Story::of(place, before(), "INSERT INTO t (a, b) VALUES ('a1', 'b1'), ('a2', 'b1')").await;
        let hints = said().column("t", "a", from("b")).column("t", "b", from("a"));
        story.migrate(after(), &hints).await;
        assert_eq!(story.rows("SELECT a || b FROM t ORDER BY id").await, ["b1a1", "b1a2"]);
        story.is_settled(after(), &hints);
        story.fails("INSERT INTO t (a, b) VALUES ('x', 'a1')").await;
    }
}

/// Case 52.
#[tokio::test]
async fn a_table_and_its_column_are_renamed_at_once() {
    let tables = |name: &str, mail: &str| {
        let users = table(name, vec![column(mail, text(9))])
            .with_unique(&[mail])
            .with_index(&[(mail, true)], None)
            .with_check(mail, op(col(mail), Binary::NotEqual, string("")));
        let posts = table("posts", vec![column("author", text(9))]);
        vec![users, posts.with_reference(&["author"], name, &[mail], Action::Cascade)]
    };
    for place in places().await {
        let rows = "INSERT INTO users (mail) VALUES ('a'), ('b'); INSERT INTO posts (author) VALUES ('b')";
        let mut story = Story::of(place, tables("users", "mail"), rows).await;
        let hints = said().renamed("accounts", "users").column("accounts", "email", from("mail"));
        story.migrate(tables("accounts", "email"), &hints).await;
        story.is_settled(tables("accounts", "email"), &hints);
        assert_eq!(story.rows("SELECT email FROM accounts ORDER BY id").await, ["a", "b"]);
        story.fails("INSERT INTO accounts (email) VALUES ('a')").await;
        story.fails("INSERT INTO accounts (email) VALUES ('')").await;
        story.run("INSERT INTO posts (author) VALUES ('a')").await;
        assert_eq!(story.rows("SELECT author FROM posts ORDER BY id").await, ["b", "a"]);
    }
}

/// A further case.
#[tokio::test]
async fn names_that_move_on_one_after_the_other_take_their_values_with_them() {
    let t = |names: [&str; 3]| {
        let columns = names.iter().map(|name| column(name, TEXT)).collect();
        vec![table("t", columns).with_unique(&[names[0]]).with_index(&[(names[1], false)], None)]
    };
    for place in places().await {
        let mut story = Story::of(place, t(["a", "b", "c"]), "INSERT INTO t (a, b, c) VALUES ('1', '2', '3')").await;
        let hints = said().column("t", "b", from("a")).column("t", "c", from("b")).column("t", "d", from("c"));
        story.migrate(t(["b", "c", "d"]), &hints).await;
        assert_eq!(story.rows("SELECT b || c || d FROM t").await, ["123"]);
        story.is_settled(t(["b", "c", "d"]), &hints);
    }
}

/// A further case.
#[tokio::test]
async fn names_that_move_in_a_circle_take_their_values_with_them() {
    let t = |names: [&str; 3]| {
        let columns = names.iter().map(|name| column(name, TEXT)).collect();
        vec![
            table("t", columns)
                .with_unique(&[names[0]])
                .with_check("t", op(col(names[1]), Binary::NotEqual, string("9"))),
        ]
    };
    for place in places().await {
        let mut story = Story::of(place, t(["a", "b", "c"]), "INSERT INTO t (a, b, c) VALUES ('1', '2', '3')").await;
        let hints = said().column("t", "b", from("a")).column("t", "c", from("b")).column("t", "a", from("c"));
        story.migrate(t(["b", "c", "a"]), &hints).await;
        assert_eq!(story.rows("SELECT b || c || a FROM t").await, ["123"]);
        story.is_settled(t(["b", "c", "a"]), &hints);
        story.fails("INSERT INTO t (a, b, c) VALUES ('x', '1', 'x')").await;
        story.fails("INSERT INTO t (a, b, c) VALUES ('x', 'y', '9')").await;
    }
}

/// A further case.
#[tokio::test]
async fn two_tables_that_are_swapped_take_their_rows_with_them() {
    let tables = |one: &str, other: &str| {
        let c = table("c", vec![column("one", Type::I64), column("other", Type::I64)]);
        vec![
            table(one, vec![column("x", TEXT)]).with_unique(&["x"]),
            table(other, vec![column("y", Type::I32)]).with_index(&[("y", false)], None),
            c.with_reference(&["one"], one, &["id"], Action::Cascade).with_reference(
                &["other"],
                other,
                &["id"],
                Action::Refuse,
            ),
        ]
    };
    for place in places().await {
        let rows = "INSERT INTO a (x) VALUES ('x1'), ('x2'); INSERT INTO b (y) VALUES (7); INSERT INTO c (one, other) VALUES (2, 1)";
        let mut story = Story::of(place, tables("a", "b"), rows).await;
        let hints = said().renamed("a", "b").renamed("b", "a");
        story.migrate(tables("b", "a"), &hints).await;
        story.is_settled(tables("b", "a"), &hints);
        assert_eq!(story.rows("SELECT x FROM b ORDER BY id").await, ["x1", "x2"]);
        assert_eq!(story.rows("SELECT CAST(y AS text) FROM a").await, ["7"]);
        story.run("INSERT INTO b (x) VALUES ('x3'); INSERT INTO a (y) VALUES (8)").await;
        assert_eq!(story.rows("SELECT CAST(max(id) AS text) FROM b").await, ["3"]);
        assert_eq!(story.rows("SELECT x || y FROM c JOIN b ON b.id = one JOIN a ON a.id = other").await, ["x27"]);
    }
}

/// A further case.
#[tokio::test]
async fn a_numbered_table_that_is_renamed_goes_on_counting() {
    let t = |name: &str| vec![table(name, vec![column("a", TEXT)])];
    for place in places().await {
        let rows = "INSERT INTO t (a) VALUES ('x'), ('y'), ('z'); DELETE FROM t WHERE a = 'z'";
        let mut story = Story::of(place, t("t"), rows).await;
        story.migrate(t("u"), &said().renamed("u", "t")).await;
        story.run("INSERT INTO u (a) VALUES ('w')").await;
        assert_eq!(story.rows("SELECT id || a FROM u ORDER BY id").await, ["1x", "2y", "4w"]);
        // Another table of the earlier name begins at one.
        story.migrate([t("t"), t("u")].concat(), &said()).await;
        story.run("INSERT INTO t (a) VALUES ('first')").await;
        assert_eq!(story.rows("SELECT id || a FROM t").await, ["1first"]);
    }
}

/// A further case.
#[tokio::test]
async fn a_table_that_refers_to_itself_is_renamed() {
    let t = |name: &str, parent: &str| -> Vec<Table> {
        let t = table(name, vec![nullable(parent, Type::I64), defaulted("n", Type::I32, Literal::Integer(1))]);
        vec![t.with_reference(&[parent], name, &["id"], Action::Cascade)]
    };
    for place in places().await {
        let rows = "INSERT INTO nodes (id, parent) VALUES (1, NULL), (2, 1), (3, 2), (4, NULL)";
        let mut story = Story::of(place, t("nodes", "parent"), rows).await;
        let hints = said().renamed("tree", "nodes").column("tree", "above", from("parent"));
        story.migrate(t("tree", "above"), &hints).await;
        assert_eq!(
            story.rows("SELECT id || coalesce(CAST(above AS text), '-') FROM tree ORDER BY id").await,
            ["1-", "21", "32", "4-"]
        );
        let delete =
            if story.target().url().as_str().starts_with("sqlite:") { "PRAGMA foreign_keys = ON; " } else { "" };
        story.run(&format!("{delete}DELETE FROM tree WHERE id = 1")).await;
        assert_eq!(story.rows("SELECT CAST(id AS text) FROM tree").await, ["4"]);
    }
}
