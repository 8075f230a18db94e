//! Two releases on one database: what one writes the other reads, between the phases of a migration, on both engines.

mod between;
mod renamed;
#[path = "../support/mod.rs"]
mod support;
mod values;

use std::collections::BTreeMap;

use cell_migrate::{MigrateError, Options, State, Target, When, apply, drift, head, verify};
use cell_schema::expr::{Binary, Expression, Function, Literal};
use cell_schema::hazard::{Allowed, HazardKind};
use cell_schema::hints::{ColumnHints, Hints, TableHints};
use cell_schema::history::{History, next, seal};
use cell_schema::schema::{Action, Column, Schema, Type};
use support::*;

fn said(column: &str, hints: ColumnHints) -> Hints {
    let columns = BTreeMap::from([(column.to_owned(), hints)]);
    Hints { tables: BTreeMap::from([("t".to_owned(), TableHints { renamed_from: None, columns })]), ..Hints::default() }
}

fn allowing(hazard: HazardKind, object: &str) -> Hints {
    Hints { allowed: [Allowed { hazard, object: object.to_owned() }].into(), ..Hints::default() }
}

/// Two releases and the places where the first runs.
struct Releases {
    first: History,
    second: History,
    places: Vec<Place>,
}

impl Releases {
    async fn of(before: Schema, after: Schema, hints: &Hints) -> Self {
        let first = seal(&next(None, &before, &Hints::default()).expect("a history"));
        let second = seal(&next(Some(&first), &after, hints).unwrap_or_else(|refusals| panic!("{refusals:#?}")));
        let places = places().await;
        for place in &places {
            applied(&place.target, &first).await.unwrap();
        }
        Self { first, second, places }
    }

    fn migration(&self) -> &cell_schema::history::Migration {
        &self.second.migrations[1]
    }
}

async fn expand(target: &Target, history: &History) {
    let mut options = Options::default();
    options.contracts = When::Later;
    apply(target, history, &options).await.unwrap();
    assert_eq!(head(target).await.unwrap().unwrap().state, State::Expanded);
    // What stands between the releases is neither a difference nor somebody else's.
    let found = drift(target, history).await.unwrap();
    assert_eq!((found.differences, found.unmodelled), (vec![], vec![]));
}

/// The second phase: then the schema is the next release's, and the first can no longer run.
async fn contract(target: &Target, releases: &Releases) {
    applied(target, &releases.second).await.unwrap();
    assert_eq!(head(target).await.unwrap().unwrap().state, State::Contracted);
    let verified = verify(target, &releases.second.snapshot).await.unwrap();
    assert_eq!((verified.differences, verified.unmodelled), (vec![], vec![]));
    let mut options = Options::default();
    options.ahead = true;
    let error = apply(target, &releases.first, &options).await.unwrap_err();
    assert_eq!(error.code(), "contracted");
}

async fn row(target: &Target, sql: &str) -> String {
    texts(target, sql).await.join("; ")
}

#[tokio::test]
async fn a_column_with_two_names_holds_the_same_under_both() {
    let t = |name: &str| {
        schema(vec![
            table("parents", vec![]),
            table(
                "t",
                vec![column(name, TEXT), defaulted("n", Type::I32, Literal::Integer(1)), nullable("parent", Type::I64)],
            )
            .with_unique(&[name])
            .with_check(name, op(call(Function::Len, vec![col(name)]), Binary::Greater, int(0)))
            .with_reference(&["parent"], "parents", &["id"], Action::SetNull),
        ])
    };
    let releases = Releases::of(
        t("title"),
        t("name"),
        &said("name", ColumnHints { renamed_from: Some("title".to_owned()), ..ColumnHints::default() }),
    )
    .await;
    assert_eq!(releases.migration().interrupts(), [] as [String; 0]);
    for place in &releases.places {
        let target = &place.target;
        run(target, "INSERT INTO t (title) VALUES ('a')").await;
        expand(target, &releases.second).await;
        run(target, "INSERT INTO t (title) VALUES ('b')").await;
        run(target, "INSERT INTO t (name) VALUES ('c')").await;
        let all = "SELECT title || '=' || name FROM t ORDER BY id";
        assert_eq!(texts(target, all).await, ["a=a", "b=b", "c=c"]);
        run(target, "UPDATE t SET title = 'A' WHERE title = 'a'; UPDATE t SET name = 'C' WHERE name = 'c'").await;
        assert_eq!(texts(target, all).await, ["A=A", "b=b", "C=C"]);
        // Each is still bound as it was.
        for sql in [
            "INSERT INTO t (title) VALUES ('C')",
            "INSERT INTO t (name) VALUES ('A')",
            "INSERT INTO t (name) VALUES ('')",
        ] {
            assert!(try_run(target, sql).await.is_err(), "{sql}");
        }
        contract(target, &releases).await;
        assert_eq!(texts(target, "SELECT name FROM t ORDER BY id").await, ["A", "b", "C"]);
        assert!(try_run(target, "INSERT INTO t (name) VALUES (NULL)").await.is_err());
    }
}

#[tokio::test]
async fn a_default_is_told_from_what_was_written() {
    let t = |name: &str| {
        schema(vec![table("t", vec![Column { nullable: true, ..defaulted(name, Type::I32, Literal::Integer(7)) }])])
    };
    let renamed = ColumnHints { renamed_from: Some("a".to_owned()), ..ColumnHints::default() };
    let releases = Releases::of(t("a"), t("b"), &said("b", renamed)).await;
    for place in &releases.places {
        let target = &place.target;
        expand(target, &releases.second).await;
        for sql in [
            "INSERT INTO t (id) VALUES (1)",
            "INSERT INTO t (id, a) VALUES (2, 5)",
            "INSERT INTO t (id, b) VALUES (3, 6)",
            "INSERT INTO t (id, a) VALUES (4, NULL)",
            "INSERT INTO t (id, b) VALUES (5, NULL)",
        ] {
            run(target, sql).await;
        }
        let all = "SELECT coalesce(CAST(a AS text), '-') || coalesce(CAST(b AS text), '-') FROM t ORDER BY id";
        assert_eq!(texts(target, all).await, ["77", "55", "66", "--", "--"]);
        contract(target, &releases).await;
    }
}

#[tokio::test]
async fn a_required_column_is_filled_for_those_who_do_not_know_it() {
    let before = schema(vec![table("t", vec![column("a", TEXT), nullable("age", Type::I32)])]);
    let after = schema(vec![table("t", vec![column("a", TEXT), column("age", Type::I32), column("label", TEXT)])]);
    let fill = |expr| ColumnHints { backfill: Some(Expression::Portable(expr)), ..ColumnHints::default() };
    let mut hints = said("age", fill(int(30)));
    let label = fill(call(Function::Concat, vec![col("a"), string("'s")]));
    hints.tables.get_mut("t").unwrap().columns.insert("label".to_owned(), label);
    let releases = Releases::of(before, after, &hints).await;
    assert_eq!(releases.migration().interrupts(), [] as [String; 0]);
    for place in &releases.places {
        let target = &place.target;
        run(target, "INSERT INTO t (a) VALUES ('old')").await;
        run(target, "INSERT INTO t (a, age) VALUES ('none', NULL)").await;
        expand(target, &releases.second).await;
        assert_eq!(texts(target, "SELECT a FROM t WHERE age IS NULL OR label IS NULL").await, [""; 0]);
        run(target, "DELETE FROM t WHERE a = 'none'").await;
        run(target, "INSERT INTO t (a, age) VALUES ('still', NULL); UPDATE t SET age = NULL WHERE a = 'old'").await;
        run(target, "INSERT INTO t (a, age, label) VALUES ('new', 5, 'own')").await;
        let all = "SELECT a || ' ' || age || ' ' || label FROM t ORDER BY id";
        let expected = ["old 30 old's", "still 30 still's", "new 5 own"];
        assert_eq!(texts(target, all).await, expected);
        contract(target, &releases).await;
        assert_eq!(texts(target, all).await, expected);
    }
}

#[tokio::test]
async fn a_column_is_filled_from_one_that_has_another_name_since() {
    let before = schema(vec![table("t", vec![column("title", TEXT), nullable("age", Type::I32)])]);
    let after = schema(vec![table("t", vec![column("name", TEXT), column("age", Type::I32), column("label", TEXT)])]);
    let fill = |expr| ColumnHints { backfill: Some(Expression::Portable(expr)), ..ColumnHints::default() };
    let mut hints = said("age", fill(call(Function::Len, vec![col("name")])));
    let columns = &mut hints.tables.get_mut("t").unwrap().columns;
    columns.insert("label".to_owned(), fill(call(Function::Concat, vec![col("name"), string("'s")])));
    let renamed = ColumnHints { renamed_from: Some("title".to_owned()), ..ColumnHints::default() };
    columns.insert("name".to_owned(), renamed);
    let releases = Releases::of(before, after, &hints).await;
    assert_eq!(releases.migration().interrupts(), [] as [String; 0]);
    for place in &releases.places {
        let target = &place.target;
        run(target, "INSERT INTO t (title) VALUES ('old')").await;
        expand(target, &releases.second).await;
        run(target, "INSERT INTO t (title) VALUES ('early'); INSERT INTO t (name, age, label) VALUES ('late', 1, 'l')")
            .await;
        let all = "SELECT name || age || label FROM t ORDER BY id";
        assert_eq!(texts(target, all).await, ["old3old's", "early5early's", "late1l"]);
        contract(target, &releases).await;
        assert_eq!(texts(target, all).await, ["old3old's", "early5early's", "late1l"]);
    }
}

#[tokio::test]
async fn tables_and_columns_may_be_called_as_triggers_call_rows() {
    for (before, after) in [("old", "new"), ("new", "old"), ("rowid", "rowid"), ("row", "row")] {
        let table = |name: &str, column_name: &str| {
            let columns = vec![
                column(column_name, TEXT),
                defaulted("rowid", Type::I64, Literal::Integer(1)),
                column("n", Type::I32),
            ];
            schema(vec![table(name, columns)])
        };
        let mut hints = said("b", ColumnHints { renamed_from: Some("a".to_owned()), ..ColumnHints::default() });
        let mut renamed = hints.tables.remove("t").unwrap();
        renamed.renamed_from = Some(before.to_owned()).filter(|_| before != after);
        hints.tables.insert(after.to_owned(), renamed);
        let releases = Releases::of(table(before, "a"), table(after, "b"), &hints).await;
        assert_eq!(releases.migration().interrupts(), [] as [String; 0]);
        for place in &releases.places {
            let target = &place.target;
            run(target, &format!("INSERT INTO \"{before}\" (a, n) VALUES ('u', 1), ('v', 2)")).await;
            expand(target, &releases.second).await;
            run(target, &format!("INSERT INTO \"{before}\" (a, n) VALUES ('w', 3)")).await;
            run(target, &format!("INSERT INTO \"{after}\" (b, n) VALUES ('x', 4)")).await;
            run(target, &format!("UPDATE \"{before}\" SET a = 'U' WHERE n = 1")).await;
            run(target, &format!("UPDATE \"{after}\" SET b = 'V', n = 5 WHERE n = 2")).await;
            run(target, &format!("DELETE FROM \"{before}\" WHERE n = 3")).await;
            assert_eq!(
                texts(target, &format!("SELECT a || n FROM \"{before}\" ORDER BY id")).await,
                ["U1", "V5", "x4"]
            );
            assert_eq!(texts(target, &format!("SELECT b || n FROM \"{after}\" ORDER BY id")).await, ["U1", "V5", "x4"]);
            contract(target, &releases).await;
            assert_eq!(texts(target, &format!("SELECT b || n FROM \"{after}\" ORDER BY id")).await, ["U1", "V5", "x4"]);
        }
    }
}

#[tokio::test]
async fn what_only_the_earlier_release_knows_stays_readable() {
    let before = schema(vec![
        table("t", vec![column("a", TEXT), column("gone", Type::I32), column("code", TEXT)]).with_unique(&["gone"]),
        table("log", vec![column("t", Type::I64)]).with_reference(&["t"], "t", &["id"], Action::Refuse),
    ]);
    let after = schema(vec![table("t", vec![column("a", TEXT)])]);
    let mut hints = allowing(HazardKind::ValuesDeleted, "shop.t.gone");
    hints.allowed.extend(allowing(HazardKind::ValuesDeleted, "shop.t.code").allowed);
    hints.allowed.extend(allowing(HazardKind::RowsDeleted, "shop.log").allowed);
    let releases = Releases::of(before, after, &hints).await;
    for place in &releases.places {
        let target = &place.target;
        run(target, "INSERT INTO t (a, gone, code) VALUES ('x', 1, 'c'); INSERT INTO log (t) VALUES (1)").await;
        expand(target, &releases.second).await;
        run(target, "INSERT INTO t (a) VALUES ('y'), ('z')").await;
        run(target, "INSERT INTO t (a, gone, code) VALUES ('w', 2, 'd'); DELETE FROM t WHERE id = 1").await;
        let all = "SELECT a || gone || code FROM t ORDER BY id";
        assert_eq!(texts(target, all).await, ["y0", "z0", "w2d"]);
        assert_eq!(row(target, "SELECT CAST(count(*) AS text) FROM log").await, "1");
        contract(target, &releases).await;
        assert_eq!(texts(target, "SELECT a FROM t ORDER BY id").await, ["y", "z", "w"]);
    }
}

#[tokio::test]
async fn what_binds_more_waits_for_the_earlier_release_to_go() {
    let before = schema(vec![
        table("t", vec![column("n", Type::I32), column("name", text(40)), nullable("p", Type::I64)]),
        table("p", vec![]),
    ]);
    let after = schema(vec![
        table("t", vec![column("n", Type::I32), column("name", text(5)), nullable("p", Type::I64)])
            .with_check("n", op(col("n"), Binary::Greater, int(0)))
            .with_reference(&["p"], "p", &["id"], Action::SetNull),
        table("p", vec![]),
    ]);
    let releases = Releases::of(before, after, &allowing(HazardKind::ValuesTruncated, "shop.t.name")).await;
    for place in &releases.places {
        let target = &place.target;
        expand(target, &releases.second).await;
        run(target, "INSERT INTO t (n, name, p) VALUES (0, 'abcdefg', 9)").await;
        // The rows that it wrote meanwhile are in the way, and nothing is lost by that.
        let error = applied(target, &releases.second).await.unwrap_err();
        assert!(matches!(error, MigrateError::Guarded { .. }), "{error}");
        assert_eq!(texts(target, "SELECT name FROM t").await, ["abcdefg"]);
        run(target, "UPDATE t SET n = 1, p = NULL").await;
        contract(target, &releases).await;
        assert_eq!(texts(target, "SELECT name FROM t").await, ["abcde"]);
    }
}

#[tokio::test]
async fn what_the_earlier_release_leaves_out_and_repeats_is_allowed_until_it_is_gone() {
    let before = schema(vec![table("t", vec![column("code", TEXT), defaulted("n", Type::I32, Literal::Integer(7))])]);
    let after = schema(vec![table("t", vec![column("code", TEXT), column("n", Type::I32)]).with_unique(&["code"])]);
    let releases = Releases::of(before, after, &Hints::default()).await;
    assert_eq!(releases.migration().interrupts(), [] as [String; 0]);
    for place in &releases.places {
        let target = &place.target;
        expand(target, &releases.second).await;
        run(target, "INSERT INTO t (code) VALUES ('a'); INSERT INTO t (code, n) VALUES ('a', 8)").await;
        // Rows that are the same are in the way, and stay as they are.
        let error = applied(target, &releases.second).await.unwrap_err();
        assert!(matches!(error, MigrateError::Guarded { .. }), "{error}");
        run(target, "UPDATE t SET code = 'b' WHERE n = 8").await;
        contract(target, &releases).await;
        assert_eq!(texts(target, "SELECT code || n FROM t ORDER BY id").await, ["a7", "b8"]);
        for sql in ["INSERT INTO t (code) VALUES ('c')", "INSERT INTO t (code, n) VALUES ('a', 9)"] {
            assert!(try_run(target, sql).await.is_err(), "{sql}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_bridged_is_said() {
    let before = schema(vec![table("t", vec![column("n", Type::I32), column("m", TEXT)])]);
    let after =
        schema(vec![table("t", vec![column("n", TEXT), column("m", TEXT), column("k", Type::I16)]).with_key(&["k"])]);
    let fill = ColumnHints { backfill: Some(Expression::Portable(int(1))), ..ColumnHints::default() };
    let mut hints = said("k", fill);
    hints.allowed.extend(allowing(HazardKind::ValuesDeleted, "shop.t.id").allowed);
    let first = seal(&next(None, &before, &Hints::default()).unwrap());
    let second = next(Some(&first), &after, &hints).unwrap_or_else(|refusals| panic!("{refusals:#?}"));
    assert_eq!(second.migrations[1].interrupts(), ["the key of `t` is another"]);
    assert!(!second.migrations[1].has_contract());
}
