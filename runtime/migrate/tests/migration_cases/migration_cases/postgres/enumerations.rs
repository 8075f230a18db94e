//! Enumerations: values that come, go and are mapped, where defaults, predicates and keys name them.

use cell_schema::expr::{Binary, Literal};
use cell_schema::hazard::HazardKind;
use cell_schema::schema::{Action, Column, Table, Type};

use super::super::story::{Saying, Story, becomes, fill, one_of, said};
use crate::support::*;

fn kind(values: &[&str], default: &str) -> Vec<Table> {
    vec![table("t", vec![defaulted("kind", one_of(values), Literal::Text(default.to_owned()))])]
}

/// Case 23.
#[tokio::test]
async fn an_enumeration_gets_other_values_and_another_default_at_once() {
    let rows = "INSERT INTO t (kind) VALUES ('1'), ('2'), ('3'), (DEFAULT)";
    let mut story = Story::of(on_postgres().await, kind(&["1", "2", "3"], "1"), rows).await;
    story.migrate(kind(&["0", "1", "1.5", "2", "2.5", "3", "4"], "1.5"), &said()).await;
    story.run("INSERT INTO t (kind) VALUES (DEFAULT), ('4')").await;
    assert_eq!(story.rows("SELECT kind FROM t ORDER BY id").await, ["1", "2", "3", "1", "1.5", "4"]);
    story.fails("INSERT INTO t (kind) VALUES ('5')").await;
}

/// Case 24.
#[tokio::test]
async fn a_value_in_use_is_removed_only_with_what_becomes_of_it() {
    let before = || kind(&["book", "tape", "disc"], "book");
    let after = || kind(&["book", "disc"], "book");
    let rows = "INSERT INTO t (kind) VALUES ('tape'), ('book'), ('tape')";
    let mut story = Story::of(on_postgres().await, before(), rows).await;
    assert_eq!(story.refused(after(), &said()), ["value-removed shop.t.kind"]);
    let allowed = said().allow(HazardKind::ValueRemoved, "shop.t.kind");
    assert_eq!(story.guarded(after(), &allowed).await, ["value-removed shop.t.kind: 2 tape"]);
    story.migrate(after(), &said().column("t", "kind", becomes(&[("tape", "disc")]))).await;
    story.run("INSERT INTO t (kind) VALUES (DEFAULT)").await;
    assert_eq!(story.rows("SELECT kind FROM t ORDER BY id").await, ["disc", "book", "disc", "book"]);
}

/// Case 24, where the default is what goes.
#[tokio::test]
async fn a_default_that_is_no_value_any_more_is_refused() {
    let story = Story::of(on_postgres().await, kind(&["book", "tape"], "tape"), "").await;
    let mapped = said().column("t", "kind", becomes(&[("tape", "book")]));
    assert_eq!(story.refused(kind(&["book"], "tape"), &mapped), ["column-default shop.t.kind"]);
}

/// Case 25: a list of values is a table of its own, whose key holds them.
#[tokio::test]
async fn values_of_a_list_are_mapped_and_may_not_become_equal() {
    let tables = |values: &[&str]| {
        let kinds = table("kinds", vec![column("owner", Type::I64), column("kind", one_of(values))]);
        let kinds = kinds.with_key(&["owner", "kind"]);
        let kinds =
            Table { columns: kinds.columns.into_iter().filter(|column| column.name != "id").collect(), ..kinds };
        vec![table("owners", vec![]), kinds.with_reference(&["owner"], "owners", &["id"], Action::Cascade)]
    };
    let rows = "INSERT INTO owners (id) VALUES (1), (2); \
                INSERT INTO kinds (owner, kind) VALUES (1, 'book'), (1, 'tape'), (1, 'disc'), (2, 'tape')";
    let mut story = Story::of(on_postgres().await, tables(&["book", "tape", "disc"]), rows).await;
    let after = || tables(&["book", "disc"]);
    assert_eq!(story.refused(after(), &said()), ["value-removed shop.kinds.kind"]);
    let allowed = said().allow(HazardKind::ValueRemoved, "shop.kinds.kind");
    assert_eq!(story.guarded(after(), &allowed).await, ["value-removed shop.kinds.kind: 2 tape"]);
    let mapped = said().column("kinds", "kind", becomes(&[("tape", "disc")]));
    assert_eq!(story.guarded(after(), &mapped).await, ["unique-over-rows shop.kinds: 1 1, disc"]);
    story.run("DELETE FROM kinds WHERE kind = 'disc'").await;
    story.migrate(after(), &mapped).await;
    assert_eq!(story.rows("SELECT owner || kind FROM kinds ORDER BY 1").await, ["1book", "1disc", "2disc"]);
}

/// Case 26.
#[tokio::test]
async fn an_index_over_some_values_follows_the_enumeration() {
    let t = |values: &[&str], only: &str| {
        let t = table("t", vec![column("kind", one_of(values)), column("name", TEXT)]);
        vec![t.with_index(&[("name", false)], Some(op(col("kind"), Binary::Equal, string(only))))]
    };
    let rows = "INSERT INTO t (kind, name) VALUES ('tape', 'a'), ('book', 'b')";
    let mut story = Story::of(on_postgres().await, t(&["book", "tape"], "tape"), rows).await;
    let mapped = said().column("t", "kind", becomes(&[("tape", "disc")]));
    story.migrate(t(&["book", "disc"], "disc"), &mapped).await;
    assert_eq!(story.rows("SELECT kind || name FROM t ORDER BY id").await, ["disca", "bookb"]);
    let index = "SELECT indexdef FROM pg_indexes WHERE indexname = 't_name_idx'";
    let definition = story.rows(index).await.remove(0);
    assert!(definition.contains("disc") && !definition.contains("tape"), "{definition}");
    // Also where the predicate stays and only the values differ.
    story.migrate(t(&["book", "disc", "film"], "disc"), &said()).await;
    assert_eq!(story.rows(index).await, [definition]);
}

/// Case 27.
#[tokio::test]
async fn a_value_that_looks_like_sql_is_stored_as_itself() {
    const EVIL: &str = "x'); DROP TABLE foo; --";
    let tables = |columns: Vec<Column>| vec![table("foo", vec![]), table("t", columns)];
    let evil = || Literal::Text(EVIL.to_owned());
    let first = || vec![defaulted("kind", one_of(&["a", EVIL]), evil()), nullable("note", TEXT)];
    let mut story = Story::of(on_postgres().await, tables(first()), "INSERT INTO t (note) VALUES (NULL), ('n')").await;
    let columns =
        vec![defaulted("kind", one_of(&[EVIL, "b"]), evil()), column("note", TEXT), defaulted("more", TEXT, evil())];
    let hints = said().column("t", "note", fill(string(EVIL))).column("t", "kind", becomes(&[("a", EVIL)]));
    story.migrate(tables(columns), &hints).await;
    assert_eq!(story.rows("SELECT DISTINCT kind FROM t").await, [EVIL]);
    assert_eq!(story.rows("SELECT note FROM t ORDER BY id").await, [EVIL, "n"]);
    assert_eq!(story.rows("SELECT DISTINCT more FROM t").await, [EVIL]);
    assert_eq!(story.rows("SELECT count(*)::text FROM foo").await, ["0"]);
}

/// Case 28.
#[tokio::test]
async fn a_text_becomes_an_enumeration_where_every_row_is_within() {
    let t = |ty| vec![table("t", vec![column("kind", ty)])];
    let rows = "INSERT INTO t (kind) VALUES ('book'), ('disc'), ('Book'), ('film')";
    let mut story = Story::of(on_postgres().await, t(TEXT), rows).await;
    let after = || t(one_of(&["book", "disc"]));
    assert_eq!(story.refused(after(), &said()), ["cast-may-fail shop.t.kind"]);
    let allowed = said().allow(HazardKind::CastMayFail, "shop.t.kind");
    assert_eq!(story.guarded(after(), &allowed).await, ["cast-may-fail shop.t.kind: 2 Book"]);
    story.run("DELETE FROM t WHERE kind IN ('Book', 'film')").await;
    story.migrate(after(), &allowed).await;
    assert_eq!(story.rows("SELECT kind FROM t ORDER BY id").await, ["book", "disc"]);
    story.fails("INSERT INTO t (kind) VALUES ('film')").await;
}
