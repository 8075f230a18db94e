//! What each release needs of the other while a second phase waits, and while one is under way.

use std::collections::BTreeMap;

use cell_migrate::{MigrateError, Options, State, When, apply, head};
use cell_schema::expr::{Expression, Function, Literal};
use cell_schema::hints::{ColumnHints, Hints, TableHints};
use cell_schema::history::{next, seal};
use cell_schema::schema::{Action, Column, Schema, Type};

use super::support::*;
use super::{Releases, contract, expand, said};

fn renamed(from: &str) -> ColumnHints {
    ColumnHints { renamed_from: Some(from.to_owned()), ..ColumnHints::default() }
}

fn filled(expr: cell_schema::expr::Expr) -> ColumnHints {
    ColumnHints { backfill: Some(Expression::Portable(expr)), ..ColumnHints::default() }
}

fn interrupts(before: Schema, after: Schema, hints: &Hints) -> Vec<String> {
    let first = seal(&next(None, &before, &Hints::default()).unwrap());
    let second = next(Some(&first), &after, hints).unwrap_or_else(|refusals| panic!("{refusals:#?}"));
    second.migrations[1].interrupts().to_vec()
}

#[tokio::test]
async fn a_second_phase_that_has_begun_lets_no_earlier_release_in() {
    let t = |name: &str| schema(vec![table("t", vec![column(name, TEXT), column("n", Type::I32)])]);
    let releases = Releases::of(t("title"), t("name"), &said("name", renamed("title"))).await;
    for place in &releases.places {
        let target = &place.target;
        expand(target, &releases.second).await;
        let mut ahead = Options::default();
        ahead.ahead = true;
        apply(target, &releases.first, &ahead).await.unwrap();
        // The bridge falls, and then something that came since is in the way.
        run(target, "CREATE VIEW v AS SELECT title FROM t").await;
        let steps =
            releases.migration().script(target.engine(), cell_schema::plan::Phase::Contract).unwrap().steps.len();
        assert!(steps > 1, "the bridge falls in a step of its own");
        let error = applied(target, &releases.second).await.unwrap_err();
        let state = head(target).await.unwrap().unwrap().state;
        if matches!(error, MigrateError::Guarded { .. }) {
            // It was seen before anything was done.
            assert_eq!(state, State::Expanded);
            apply(target, &releases.first, &ahead).await.unwrap();
        } else {
            assert_eq!(state, State::Contracting, "{error}");
            assert_eq!(apply(target, &releases.first, &ahead).await.unwrap_err().code(), "contracted");
            // It goes on, whatever else waits.
            run(target, "DROP VIEW v").await;
            let mut later = Options::default();
            later.contracts = When::Later;
            apply(target, &releases.second, &later).await.unwrap();
            assert_eq!(head(target).await.unwrap().unwrap().state, State::Contracted);
            continue;
        }
        run(target, "DROP VIEW v").await;
        contract(target, &releases).await;
    }
}

#[tokio::test]
async fn a_view_on_the_earlier_name_is_in_the_way_before_anything_runs() {
    let t = |name: &str| schema(vec![table("t", vec![column(name, TEXT)])]);
    let releases = Releases::of(t("title"), t("name"), &said("name", renamed("title"))).await;
    for place in releases.places.iter().filter(|place| place.target.engine() == cell_schema::Engine::Postgres) {
        run(&place.target, "CREATE VIEW v AS SELECT title FROM t").await;
        let mut later = Options::default();
        later.contracts = When::Later;
        let error = apply(&place.target, &releases.second, &later).await.unwrap_err();
        assert!(error.to_string().contains('v') && matches!(error, MigrateError::Guarded { .. }), "{error}");
        run(&place.target, "DROP VIEW v").await;
        expand(&place.target, &releases.second).await;
    }
}

#[tokio::test]
async fn a_sealed_migration_with_two_phases_has_taken_from_the_earlier_release_what_it_needs() {
    let t = |name: &str| schema(vec![table("t", vec![column(name, TEXT)])]);
    let first = seal(&next(None, &t("title"), &Hints::default()).unwrap());
    let open = next(Some(&first), &t("name"), &said("name", renamed("title"))).unwrap();
    for place in places().await {
        // As on a developer's machine, both phases at once, and then it is released.
        applied(&place.target, &open).await.unwrap();
        assert_eq!(head(&place.target).await.unwrap().unwrap().state, State::Open);
        let done = applied(&place.target, &seal(&open)).await.unwrap();
        assert_eq!(done.head.unwrap().state, State::Contracted);
        let mut ahead = Options::default();
        ahead.ahead = true;
        assert_eq!(apply(&place.target, &first, &ahead).await.unwrap_err().code(), "contracted");
    }
}

#[tokio::test]
async fn a_reference_that_does_something_else_holds_all_along() {
    let of = |action: Action| {
        let t = table("t", vec![nullable("p", Type::I64)]).with_reference(&["p"], "p", &["id"], action);
        schema(vec![t, table("p", vec![])])
    };
    // Divided for another reason.
    let with = |mut schema: Schema, name: &str| {
        let t = schema.tables.iter_mut().find(|table| table.name == "t").unwrap();
        t.columns.push(column(name, TEXT));
        schema
    };
    let hints = said("name", renamed("title"));
    let releases = Releases::of(with(of(Action::Cascade), "title"), with(of(Action::SetNull), "name"), &hints).await;
    for place in &releases.places {
        let target = &place.target;
        run(target, "INSERT INTO p (id) VALUES (1), (2); INSERT INTO t (p, title) VALUES (1, 'a'), (2, 'b')").await;
        expand(target, &releases.second).await;
        assert!(try_run(target, "INSERT INTO t (p, title) VALUES (9, 'c')").await.is_err());
        run(
            target,
            "PRAGMA foreign_keys = ON; DELETE FROM p WHERE id = 1".trim_start_matches(
                if target.engine() == cell_schema::Engine::Postgres { "PRAGMA foreign_keys = ON; " } else { "" },
            ),
        )
        .await;
        assert_eq!(texts(target, "SELECT title FROM t").await, ["b"]);
        contract(target, &releases).await;
    }
}

#[tokio::test]
async fn bridges_of_several_tables_come_with_their_columns() {
    let of = |name: &str| schema(vec![table("a", vec![column(name, TEXT)]), table("b", vec![column(name, TEXT)])]);
    let columns = BTreeMap::from([("name".to_owned(), renamed("title"))]);
    let said = TableHints { renamed_from: None, columns };
    let hints =
        Hints { tables: BTreeMap::from([("a".to_owned(), said.clone()), ("b".to_owned(), said)]), ..Hints::default() };
    let releases = Releases::of(of("title"), of("name"), &hints).await;
    for place in &releases.places {
        let script = releases.migration().script(place.target.engine(), cell_schema::plan::Phase::Expand).unwrap();
        // Between any two steps the earlier release writes both tables.
        for step in &script.steps {
            if step.mode == cell_schema::plan::Mode::Rebuild {
                continue;
            }
            for statement in step.statements() {
                run(&place.target, statement).await;
            }
            run(&place.target, "INSERT INTO a (title) VALUES ('x'); INSERT INTO b (title) VALUES ('y')").await;
        }
    }
}

#[tokio::test]
async fn columns_may_be_called_as_variables_of_the_triggers() {
    for name in ["found", "old", "new", "tg_op", "written"] {
        let before = schema(vec![table("t", vec![column(name, TEXT)])]);
        let after = schema(vec![table("t", vec![column(name, TEXT), column("label", TEXT)])]);
        let expr = call(Function::Concat, vec![col(name), string("!")]);
        let releases = Releases::of(before, after, &said("label", filled(expr))).await;
        for place in &releases.places {
            let target = &place.target;
            expand(target, &releases.second).await;
            run(target, &format!("INSERT INTO t (\"{name}\") VALUES ('a')")).await;
            assert_eq!(texts(target, "SELECT label FROM t").await, ["a!"], "{name}");
        }
    }
}

#[tokio::test]
async fn what_is_computed_from_a_column_with_two_names_is_computed_all_along() {
    let of = |name: &str| {
        let folded = generated("folded", TEXT, call(Function::Lower, vec![col(name)]));
        schema(vec![table("t", vec![column(name, TEXT), folded])])
    };
    let releases = Releases::of(of("title"), of("name"), &said("name", renamed("title"))).await;
    assert_eq!(releases.migration().interrupts(), [] as [String; 0]);
    for place in &releases.places {
        let target = &place.target;
        run(target, "INSERT INTO t (title) VALUES ('A')").await;
        expand(target, &releases.second).await;
        run(target, "INSERT INTO t (title) VALUES ('B'); INSERT INTO t (name) VALUES ('C')").await;
        assert_eq!(texts(target, "SELECT folded FROM t ORDER BY id").await, ["a", "b", "c"]);
        contract(target, &releases).await;
        assert_eq!(texts(target, "SELECT folded FROM t ORDER BY id").await, ["a", "b", "c"]);
    }
}

#[tokio::test]
async fn keys_and_names_change_together() {
    let of = |table_name: &str, name: &str| schema(vec![table(table_name, vec![column(name, TEXT)])]);
    let said = TableHints {
        renamed_from: Some("posts".to_owned()),
        columns: BTreeMap::from([("name".to_owned(), renamed("title"))]),
    };
    let hints = Hints { tables: BTreeMap::from([("articles".to_owned(), said)]), ..Hints::default() };
    let releases = Releases::of(of("posts", "title"), of("articles", "name"), &hints).await;
    for place in &releases.places {
        let target = &place.target;
        run(target, "INSERT INTO posts (id, title) VALUES (1, 'a'), (2, 'b')").await;
        expand(target, &releases.second).await;
        run(target, "UPDATE articles SET id = 10, name = 'x' WHERE id = 1").await;
        run(target, "UPDATE posts SET id = 20, title = 'y' WHERE id = 2").await;
        let expected = ["10x", "20y"];
        assert_eq!(texts(target, "SELECT id || title FROM posts ORDER BY id").await, expected);
        assert_eq!(texts(target, "SELECT id || name FROM articles ORDER BY id").await, expected);
        contract(target, &releases).await;
        assert_eq!(texts(target, "SELECT id || name FROM articles ORDER BY id").await, expected);
    }
}

#[test]
fn what_interrupts_is_said() {
    let one = |column: Column| schema(vec![table("t", vec![column])]);
    let lower = |of: &str| call(Function::Lower, vec![col(of)]);
    let two = |column: Column| schema(vec![table("t", vec![super::support::column("a", TEXT), column])]);
    let mut allowed = super::allowing(cell_schema::hazard::HazardKind::ValuesDeleted, "shop.t.b");
    let said = |before: Schema, after: Schema| interrupts(before, after, &allowed);
    assert_eq!(said(two(column("b", TEXT)), two(generated("b", TEXT, lower("a")))), ["column `b` of `t` is computed"]);
    assert_eq!(
        said(two(generated("b", TEXT, lower("a"))), two(column("b", TEXT))),
        ["column `b` of `t` is computed no more"]
    );
    let upper = call(Function::Upper, vec![col("a")]);
    assert_eq!(
        said(two(generated("b", TEXT, lower("a"))), two(generated("b", TEXT, upper))),
        ["column `b` of `t` is computed in another way"]
    );
    allowed = super::allowing(cell_schema::hazard::HazardKind::ValuesDeleted, "shop.t.data");
    let bytes = one(column("data", Type::Bytes { max_len: None }));
    assert_eq!(
        interrupts(bytes, schema(vec![table("t", vec![])]), &allowed),
        ["rows that the next release writes hold nothing in `data` of `t`"]
    );
    let default = defaulted("b", Type::I32, Literal::Integer(1));
    assert_eq!(interrupts(two(column("b", Type::I32)), two(default), &Hints::default()), [""; 0]);
}
