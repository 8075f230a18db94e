//! Types, defaults and backfills.

use cell_schema::expr::{Binary, Function, Literal};
use cell_schema::hazard::HazardKind;
use cell_schema::schema::{Action, Column, Default, Table, Type};

use super::super::story::{Saying, Story, fill, said};
use crate::support::*;

fn t(column: Column) -> Vec<Table> {
    vec![table("t", vec![column])]
}

/// Case 22.
#[tokio::test]
async fn a_default_fills_no_row_and_a_backfill_does() {
    let rows = "INSERT INTO t (age) VALUES (12), (22), (NULL)";
    let mut story = Story::of(on_postgres().await, t(nullable("age", Type::I32)), rows).await;
    let with_default = |column| Column { default: Some(Default::Value(Literal::Integer(9))), ..column };
    story.migrate(t(with_default(nullable("age", Type::I32))), &said()).await;
    let all = "SELECT coalesce(age::text, '-') FROM t ORDER BY id";
    assert_eq!(story.rows(all).await, ["12", "22", "-"]);
    let required = || t(with_default(column("age", Type::I32)));
    assert_eq!(story.guarded(required(), &said()).await, ["not-null-over-rows shop.t.age: 1 3"]);
    story.migrate(required(), &said().column("t", "age", fill(int(30)))).await;
    story.run("INSERT INTO t DEFAULT VALUES").await;
    assert_eq!(story.rows(all).await, ["12", "22", "30", "9"]);
    story.fails("INSERT INTO t (age) VALUES (NULL)").await;
}

/// Case 29.
#[tokio::test]
async fn numbers_become_texts_with_another_default() {
    let before = t(defaulted("a", Type::I32, Literal::Integer(0)));
    let mut story =
        Story::of(on_postgres().await, before, "INSERT INTO t (a) VALUES (-7), (DEFAULT), (2147483647)").await;
    story.migrate(t(defaulted("a", TEXT, Literal::Text("something".to_owned()))), &said()).await;
    story.run("INSERT INTO t DEFAULT VALUES").await;
    assert_eq!(story.rows("SELECT a FROM t ORDER BY id").await, ["-7", "0", "2147483647", "something"]);
}

/// Case 30.
#[tokio::test]
async fn texts_become_numbers_with_another_default_where_they_are_numbers() {
    let before = t(defaulted("a", TEXT, Literal::Text("something".to_owned())));
    let after = || t(defaulted("a", Type::I32, Literal::Integer(8)));
    let rows = "INSERT INTO t (a) VALUES ('-7'), (DEFAULT), ('2147483648'), ('007')";
    let mut story = Story::of(on_postgres().await, before, rows).await;
    assert_eq!(story.refused(after(), &said()), ["cast-may-fail shop.t.a"]);
    let allowed = said().allow(HazardKind::CastMayFail, "shop.t.a");
    assert_eq!(story.guarded(after(), &allowed).await, ["cast-may-fail shop.t.a: 3 007"]);
    story.run("DELETE FROM t WHERE a <> '-7'").await;
    story.migrate(after(), &allowed).await;
    story.run("INSERT INTO t DEFAULT VALUES").await;
    assert_eq!(story.rows("SELECT a::text FROM t ORDER BY id").await, ["-7", "8"]);
}

/// Case 31.
#[tokio::test]
async fn numbers_that_would_lose_digits_are_refused() {
    let tables = |price, ratio| vec![table("t", vec![column("price", price), column("ratio", ratio)])];
    let before = tables(Type::Decimal { precision: 9, scale: 2 }, Type::F64);
    let after = || tables(Type::I32, Type::F32);
    let rows = "INSERT INTO t (price, ratio) VALUES (1.55, 0.1), (-2.50, 0.5), (3.00, 1e-3)";
    let mut story = Story::of(on_postgres().await, before, rows).await;
    let refused = story.refused(after(), &said());
    assert_eq!(refused, ["lossy-cast shop.t.price", "cast-may-fail shop.t.ratio", "lossy-cast shop.t.ratio"]);
    let allowed = said()
        .allow(HazardKind::LossyCast, "shop.t.price")
        .allow(HazardKind::LossyCast, "shop.t.ratio")
        .allow(HazardKind::CastMayFail, "shop.t.ratio");
    let done = story.migrate(after(), &allowed).await;
    let counted: Vec<(&str, u64)> = done.counted.iter().map(|found| (found.object.as_str(), found.count)).collect();
    assert_eq!(counted, [("shop.t.price", 2), ("shop.t.ratio", 2)]);
    assert_eq!(
        story.rows("SELECT price::text || ' ' || ratio::text FROM t ORDER BY id").await,
        ["2 0.1", "-3 0.5", "3 0.001"]
    );
}

/// Case 32.
#[tokio::test]
async fn texts_that_would_be_cut_are_refused() {
    let mut story =
        Story::of(on_postgres().await, t(column("a", TEXT)), "INSERT INTO t (a) VALUES ('abcdef'), ('äöü'), ('')")
            .await;
    assert_eq!(story.refused(t(column("a", text(3))), &said()), ["values-truncated shop.t.a"]);
    assert_eq!(story.rows("SELECT a FROM t ORDER BY id").await, ["abcdef", "äöü", ""]);
    let done = story.migrate(t(column("a", text(3))), &said().allow(HazardKind::ValuesTruncated, "shop.t.a")).await;
    assert_eq!((done.counted[0].count, done.counted[0].example.as_deref()), (1, Some("abcdef")));
    assert_eq!(story.rows("SELECT a FROM t ORDER BY id").await, ["abc", "äöü", ""]);
    story.fails("INSERT INTO t (a) VALUES ('abcd')").await;
}

/// Case 46.
#[tokio::test]
async fn a_random_default_is_another_in_each_row_that_is_there() {
    let name = || column("name", TEXT);
    let rows = "INSERT INTO t (name) SELECT i::text FROM generate_series(1, 200) AS i";
    let mut story = Story::of(on_postgres().await, t(name()), rows).await;
    let token = Column { default: Some(Default::RandomUuid), ..column("token", Type::Uuid) };
    let after = || vec![table("t", vec![name(), token.clone()]).with_unique(&["token"])];
    let history = story.next(after(), &said());
    let scripts = &history.migrations[1].scripts;
    let script = scripts.iter().find(|script| script.engine == cell_schema::Engine::Postgres).unwrap();
    assert!(script.text.contains("table-rewritten"), "{}", script.text);
    story.migrate(after(), &said()).await;
    assert_eq!(story.rows("SELECT count(DISTINCT token)::text FROM t").await, ["200"]);
}

/// Case 47.
#[tokio::test]
async fn a_type_changes_and_what_binds_the_column_stays() {
    let tables = |ty: Type| {
        let p = Table { key: vec!["code".to_owned()], ..table("p", vec![column("code", ty.clone())]) };
        let p = p.with_key(&["code"]);
        let p = Table { columns: vec![column("code", ty.clone())], ..p };
        let c = table("c", vec![defaulted("code", ty, Literal::Integer(5))])
            .with_unique(&["code"])
            .with_check("code", op(col("code"), Binary::Greater, int(2)))
            .with_reference(&["code"], "p", &["code"], Action::Refuse);
        vec![p, c]
    };
    let rows = "INSERT INTO p (code) VALUES (1), (5), (7); INSERT INTO c (code) VALUES (7)";
    let mut story = Story::of(on_postgres().await, tables(Type::I16), rows).await;
    story.migrate(tables(Type::I64), &said()).await;
    story.run("INSERT INTO c DEFAULT VALUES").await;
    assert_eq!(story.rows("SELECT code::text FROM c ORDER BY id").await, ["7", "5"]);
    for value in ["6", "NULL", "7", "1"] {
        story.fails(&format!("INSERT INTO c (code) VALUES ({value})")).await;
    }
    story.fails("DELETE FROM p WHERE code = 7").await;
    story
        .run("INSERT INTO p (code) VALUES (9223372036854775807); INSERT INTO c (code) VALUES (9223372036854775807)")
        .await;
}

/// Case 47, where the way between the types is through a text.
#[tokio::test]
async fn a_number_becomes_a_text_and_what_binds_it_is_bound_anew() {
    let tables = |c: Table| {
        let p = table("p", vec![column("code", c.columns[1].ty.clone())]).with_unique(&["code"]);
        vec![p, c.with_unique(&["code"]).with_reference(&["code"], "p", &["code"], Action::Cascade)]
    };
    let before = table("c", vec![defaulted("code", Type::I32, Literal::Integer(5))])
        .with_check("code", op(col("code"), Binary::Greater, int(2)));
    let after = table("c", vec![defaulted("code", TEXT, Literal::Text("5".to_owned()))])
        .with_check("code", op(call(Function::Len, vec![col("code")]), Binary::Less, int(3)));
    let rows = "INSERT INTO p (code) VALUES (5), (70); INSERT INTO c (code) VALUES (70)";
    let mut story = Story::of(on_postgres().await, tables(before), rows).await;
    story.migrate(tables(after), &said()).await;
    story.run("INSERT INTO c DEFAULT VALUES; INSERT INTO p (code) VALUES ('abc')").await;
    assert_eq!(story.rows("SELECT code FROM c ORDER BY id").await, ["70", "5"]);
    for value in ["'6'", "NULL", "'70'", "'abc'"] {
        story.fails(&format!("INSERT INTO c (code) VALUES ({value})")).await;
    }
}
