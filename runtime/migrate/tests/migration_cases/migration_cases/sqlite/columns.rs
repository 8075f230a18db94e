//! Columns that come, go or change, and keys.

use std::fs::File;

use cell_migrate::{Adoption, baseline};
use cell_schema::expr::{Binary, Literal};
use cell_schema::hazard::HazardKind;
use cell_schema::history::{next, seal};
use cell_schema::schema::{Action, Column, Table, Type};

use super::super::story::{Saying, Story, said, steps};
use crate::support::*;

/// A file that nothing of ours has made is taken over without a step.
async fn is_adopted_as_it_is(sql: &str, model: Table) {
    let place = on_sqlite();
    File::create_new(place.target.url().as_str().trim_start_matches("sqlite:")).unwrap();
    run(&place.target, sql).await;
    let history = seal(&next(None, &schema(vec![model]), &said()).expect("a history"));
    let adopted = baseline(&place.target, &history, &Adoption::default()).await.unwrap();
    assert_eq!((adopted.differences, adopted.steps), (vec![], vec![]), "{sql}");
}

/// Case 11.
#[tokio::test]
async fn a_text_becomes_a_number_where_it_is_one() {
    let t = |ty| vec![table("t", vec![column("t", ty)])];
    let mut story = Story::of(on_sqlite(), t(TEXT), "INSERT INTO t (t) VALUES ('12'), ('abc'), ('12 ')").await;
    assert_eq!(story.refused(t(Type::I32), &said()), ["cast-may-fail shop.t.t"]);
    let allowed = said().allow(HazardKind::CastMayFail, "shop.t.t");
    assert_eq!(story.guarded(t(Type::I32), &allowed).await, ["cast-may-fail shop.t.t: 2 12 "]);
    story.run("DELETE FROM t WHERE t <> '12'").await;
    story.migrate(t(Type::I32), &allowed).await;
    assert_eq!(story.rows("SELECT typeof(t) || t FROM t").await, ["integer12"]);
}

/// Case 12.
#[tokio::test]
async fn an_index_goes_before_the_column_that_it_covers() {
    let t = |columns| table("t", columns);
    let before = t(vec![column("a", TEXT), column("b", TEXT), column("c", TEXT)])
        .with_index(&[("a", false), ("b", true)], None)
        .with_index(&[("c", false)], Some(op(col("b"), Binary::Equal, string("x"))));
    let after = || vec![t(vec![column("a", TEXT), column("c", TEXT)])];
    let mut story = Story::of(on_sqlite(), vec![before], "INSERT INTO t (a, b, c) VALUES ('1', '2', '3')").await;
    assert_eq!(story.refused(after(), &said()), ["values-deleted shop.t.b"]);
    let allowed = said().allow(HazardKind::ValuesDeleted, "shop.t.b");
    let history = story.next(after(), &allowed);
    let named: Vec<String> = history.migrations[1].changes.iter().map(cell_schema::plan::summary).collect();
    assert_eq!(named, ["drop index `t_a_b_idx` of `t`", "drop index `t_c_idx` of `t`", "drop column `b` of `t`"]);
    story.migrate(after(), &allowed).await;
    assert_eq!(story.rows("SELECT a || c FROM t").await, ["13"]);
}

/// Case 13.
#[tokio::test]
async fn a_key_of_type_i64_is_the_row_id() {
    let t = |columns| vec![table("t", columns)];
    let mut story = Story::of(on_sqlite(), t(vec![column("a", TEXT)]), "INSERT INTO t (a) VALUES ('x')").await;
    story.run("INSERT INTO t (id, a) VALUES (NULL, 'y')").await;
    // Also after a rebuild.
    story.migrate(t(vec![nullable("a", TEXT)]), &said()).await;
    story.run("INSERT INTO t (a) VALUES ('z'); INSERT INTO t (id, a) VALUES (NULL, 'w')").await;
    let all = "SELECT (id IS rowid) || typeof(id) || id || a FROM t ORDER BY id";
    assert_eq!(story.rows(all).await, ["1integer1x", "1integer2y", "1integer3z", "1integer4w"]);
    story.fails("UPDATE t SET id = NULL").await;
}

/// Case 14.
#[tokio::test]
async fn a_table_s_name_changes_in_case_only() {
    let tables = |name: &str| {
        let posts = table("posts", vec![column("author", Type::I64)]);
        vec![
            table(name, vec![column("mail", TEXT)]).with_unique(&["mail"]),
            posts.with_reference(&["author"], name, &["id"], Action::Cascade),
        ]
    };
    let rows = "INSERT INTO \"User\" (mail) VALUES ('a'), ('b'); INSERT INTO posts (author) VALUES (2); DELETE FROM \"User\" WHERE id = 1";
    let mut story = Story::of(on_sqlite(), tables("User"), rows).await;
    story.migrate(tables("user"), &said().renamed("user", "User")).await;
    story.run("INSERT INTO user (mail) VALUES ('c')").await;
    assert_eq!(story.rows("SELECT id || mail FROM user ORDER BY id").await, ["2b", "3c"]);
    assert_eq!(story.rows("SELECT name FROM sqlite_schema WHERE name LIKE 'user'").await, ["user"]);
    story.run("PRAGMA foreign_keys = ON; DELETE FROM user WHERE id = 2").await;
    assert_eq!(story.rows("SELECT CAST(count(*) AS text) FROM posts").await, ["0"]);
}

/// Case 15.
#[tokio::test]
async fn a_required_reference_with_a_default_is_added_to_rows() {
    let c = table("c", vec![column("name", TEXT)]);
    let with = |default| {
        let mut c = c.clone();
        c.columns.push(defaulted("pid", Type::I64, Literal::Integer(default)));
        vec![table("p", vec![]), c.with_reference(&["pid"], "p", &["id"], Action::Cascade)]
    };
    let rows = "INSERT INTO p (id) VALUES (7); INSERT INTO c (name) VALUES ('a'), ('b')";
    let mut story = Story::of(on_sqlite(), vec![table("p", vec![]), c.clone()], rows).await;
    assert_eq!(story.guarded(with(8), &said()).await, ["reference-over-rows shop.c.c_pid_fkey: 2 8"]);
    story.migrate(with(7), &said()).await;
    assert_eq!(story.rows("SELECT name || pid FROM c ORDER BY id").await, ["a7", "b7"]);
    story.fails("PRAGMA foreign_keys = ON; INSERT INTO c (name, pid) VALUES ('c', 8)").await;
}

/// Case 18: how it is stored is nothing that a model says.
#[tokio::test]
async fn a_generated_column_whose_storage_is_unsaid_is_no_change() {
    let t = || table("t", vec![column("n", Type::I32), generated("m", Type::I64, op(col("n"), Binary::Add, int(1)))]);
    let story = Story::of(on_sqlite(), vec![t()], "INSERT INTO t (n) VALUES (1)").await;
    story.is_settled(vec![t()], &said());
    let made = story.rows("SELECT sql FROM sqlite_schema WHERE name = 't'").await.remove(0);
    is_adopted_as_it_is(&made, t()).await;
    for storage in ["", " VIRTUAL"] {
        is_adopted_as_it_is(&made.replace(" STORED", storage), t()).await;
    }
}

/// Case 19.
#[tokio::test]
async fn a_required_column_without_a_value_for_rows_is_refused() {
    let companies = |columns: Vec<Column>| vec![table("companies", columns)];
    let name = || column("name", TEXT);
    let rows = "INSERT INTO companies (name) VALUES ('a'), ('b')";
    let mut story = Story::of(on_sqlite(), companies(vec![name()]), rows).await;
    let after = companies(vec![name(), column("age", Type::I32)]);
    assert_eq!(story.refused(after, &said()), ["not-null-without-default shop.companies.age"]);
    assert_eq!(story.rows("SELECT name FROM companies ORDER BY id").await, ["a", "b"]);
    // The ways on: a default, a backfill, an option.
    story.migrate(companies(vec![name(), defaulted("age", Type::I32, Literal::Integer(1))]), &said()).await;
    assert_eq!(story.rows("SELECT name || age FROM companies ORDER BY id").await, ["a1", "b1"]);
}

/// Case 20.
#[tokio::test]
async fn a_key_that_is_said_to_be_required_is_no_change() {
    let t = || table("t", vec![column("a", TEXT)]);
    let story = Story::of(on_sqlite(), vec![t()], "").await;
    story.is_settled(vec![t()], &said());
    for key in ["INTEGER PRIMARY KEY AUTOINCREMENT", "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT"] {
        is_adopted_as_it_is(&format!("CREATE TABLE t (id {key}, a TEXT NOT NULL) STRICT"), t()).await;
    }
}

/// Case 21.
#[tokio::test]
async fn unique_over_a_duplicate_is_refused_with_an_example() {
    let t = || table("t", vec![column("a", TEXT), nullable("b", Type::I32)]);
    let rows = "INSERT INTO t (a, b) VALUES ('x', 1), ('x', 1), ('x', 2), ('y', NULL), ('y', NULL), ('z', 1), ('z', 1), ('z', 1)";
    let mut story = Story::of(on_sqlite(), vec![t()], rows).await;
    let after = || vec![t().with_unique(&["a", "b"])];
    assert_eq!(story.guarded(after(), &said()).await, ["unique-over-rows shop.t.t_a_b_key: 2 x, 1"]);
    story.run("DELETE FROM t WHERE id IN (2, 7, 8)").await;
    let done = story.migrate(after(), &said()).await;
    assert!(!steps(&done).is_empty());
    assert_eq!(story.rows("SELECT CAST(count(*) AS text) FROM t").await, ["5"]);
}
