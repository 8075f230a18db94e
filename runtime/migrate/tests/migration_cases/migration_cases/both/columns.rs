//! Columns that are made of others, bound more, numbered, or seen from views.

use cell_schema::expr::{Binary, Function, Literal};
use cell_schema::hazard::HazardKind;
use cell_schema::hints::Hints;
use cell_schema::history::{next, seal};
use cell_schema::schema::{Action, Column, Default, Table, Type};

use super::super::story::{Saying, Story, becomes, fill, from, one_of, said};
use crate::support::*;

fn is_sqlite(story: &Story) -> bool {
    story.target().url().as_str().starts_with("sqlite:")
}

/// A further case: in two steps, since a backfill is over the columns that there are afterwards.
#[tokio::test]
async fn columns_become_one_and_what_it_was_made_of_goes() {
    let parts = || vec![column("first", TEXT), nullable("last", TEXT)];
    let t = |columns| table("t", columns);
    let name = || column("name", TEXT);
    let made = |last| said().column("t", "name", fill(call(Function::Concat, vec![col("first"), string(" "), last])));
    for place in places().await {
        let rows = "INSERT INTO t (first, last) VALUES ('Ada', 'Lovelace'), ('Alan', NULL)";
        let mut story = Story::of(place, vec![t(parts()).with_unique(&["first"])], rows).await;
        let last = || vec![t(vec![name()]).with_unique(&["name"])];
        let allowed = made(col("last"))
            .allow(HazardKind::ValuesDeleted, "shop.t.first")
            .allow(HazardKind::ValuesDeleted, "shop.t.last");
        assert_eq!(story.refused(last(), &allowed), ["expression-type shop.t.name"]);
        let both = || vec![t([parts(), vec![name()]].concat()).with_unique(&["name"])];
        // A backfill that gives nothing is no value.
        assert_eq!(story.guarded(both(), &made(col("last"))).await, ["not-null-over-rows shop.t.name: 1 2"]);
        story.migrate(both(), &made(call(Function::Coalesce, vec![col("last"), string("-")]))).await;
        let allowed = Hints { allowed: allowed.allowed, ..said() };
        story.migrate(last(), &allowed).await;
        assert_eq!(story.rows("SELECT name FROM t ORDER BY id").await, ["Ada Lovelace", "Alan -"]);
    }
}

/// A further case.
#[tokio::test]
async fn columns_of_different_types_are_swapped_and_converted() {
    let t = |columns| vec![table("t", columns)];
    for place in places().await {
        let rows = "INSERT INTO t (a, b) VALUES (7, '8'), (-1, '0')";
        let mut story = Story::of(place, t(vec![column("a", Type::I32), column("b", TEXT)]), rows).await;
        let hints = said().column("t", "a", from("b")).column("t", "b", from("a"));
        let allowed = hints.allow(HazardKind::CastMayFail, "shop.t.a");
        // The types stay where they are, so that both values are converted.
        story.migrate(t(vec![column("a", Type::I32), column("b", TEXT)]), &allowed).await;
        assert_eq!(story.rows("SELECT (a + 1) || b FROM t ORDER BY id").await, ["97", "1-1"]);
    }
}

/// A further case.
#[tokio::test]
async fn whole_numbers_that_do_not_fit_a_smaller_type_refuse_it() {
    let t = |ty| vec![table("t", vec![column("n", ty)])];
    for place in places().await {
        let rows = "INSERT INTO t (n) VALUES (0), (65535), (-1), (65536)";
        let mut story = Story::of(place, t(Type::I64), rows).await;
        let allowed = said().allow(HazardKind::CastMayFail, "shop.t.n");
        assert_eq!(story.guarded(t(Type::U16), &allowed).await, ["cast-may-fail shop.t.n: 2 -1"]);
        story.run("DELETE FROM t WHERE id > 2").await;
        story.migrate(t(Type::U16), &allowed).await;
        story.fails("INSERT INTO t (n) VALUES (-1)").await;
        story.fails("INSERT INTO t (n) VALUES (65536)").await;
        assert_eq!(story.guarded(t(Type::Bool), &allowed).await, ["cast-may-fail shop.t.n: 1 65535"]);
        story.run("UPDATE t SET n = 1 WHERE n > 0").await;
        story.migrate(t(Type::Bool), &allowed).await;
        story.migrate(t(Type::I16), &said()).await;
        assert_eq!(story.rows("SELECT CAST(n AS text) FROM t ORDER BY id").await, ["0", "1"]);
    }
}

/// A further case.
#[tokio::test]
async fn a_key_that_becomes_numbered_goes_on_behind_its_rows() {
    let t = |automatic| {
        let mut t = table("t", vec![column("a", TEXT)]);
        t.columns[0].automatic = automatic;
        let c = table("c", vec![column("t", Type::I64)]);
        vec![t, c.with_reference(&["t"], "t", &["id"], Action::Cascade)]
    };
    for place in places().await {
        let rows = "INSERT INTO t (id, a) VALUES (3, 'x'), (41, 'y'); INSERT INTO c (t) VALUES (41), (3)";
        let mut story = Story::of(place, t(false), rows).await;
        story.migrate(t(true), &said()).await;
        story.run("INSERT INTO t (a) VALUES ('z')").await;
        assert_eq!(story.rows("SELECT id || a FROM t ORDER BY id").await, ["3x", "41y", "42z"]);
        story.migrate(t(false), &said()).await;
        story.run("INSERT INTO t (id, a) VALUES (43, 'w')").await;
        assert_eq!(story.rows("SELECT a FROM c JOIN t ON t.id = c.t ORDER BY c.id").await, ["y", "x"]);
    }
}

/// A further case.
#[tokio::test]
async fn a_numbered_key_is_renamed_and_goes_on_counting() {
    let tables = |key: &str| {
        let mut t = table("t", vec![column("a", TEXT)]);
        t.columns[0].name = key.to_owned();
        let t = Table { key: vec![key.to_owned()], ..t };
        vec![t, table("c", vec![column("t", Type::I64)]).with_reference(&["t"], "t", &[key], Action::Cascade)]
    };
    for place in places().await {
        let rows = "INSERT INTO t (a) VALUES ('x'), ('y'); DELETE FROM t WHERE id = 2; INSERT INTO c (t) VALUES (1)";
        let mut story = Story::of(place, tables("id"), rows).await;
        story.migrate(tables("number"), &said().column("t", "number", from("id"))).await;
        story.run("INSERT INTO t (a) VALUES ('z')").await;
        assert_eq!(story.rows("SELECT number || a FROM t ORDER BY number").await, ["1x", "3z"]);
        assert_eq!(story.rows("SELECT a FROM c JOIN t ON number = c.t").await, ["x"]);
    }
}

/// A further case.
#[tokio::test]
async fn defaults_come_change_and_go_and_no_row_does() {
    let t = |default| vec![table("t", vec![Column { default, ..column("a", Type::I32) }, column("b", TEXT)])];
    let value = |value| Some(Default::Value(Literal::Integer(value)));
    for place in places().await {
        let mut story = Story::of(place, t(None), "INSERT INTO t (a, b) VALUES (5, 'x')").await;
        story.migrate(t(value(7)), &said()).await;
        story.run("INSERT INTO t (b) VALUES ('y')").await;
        story.migrate(t(value(-8)), &said()).await;
        story.run("INSERT INTO t (b) VALUES ('z')").await;
        story.migrate(t(None), &said()).await;
        story.fails("INSERT INTO t (b) VALUES ('w')").await;
        assert_eq!(story.rows("SELECT a || b FROM t ORDER BY id").await, ["5x", "7y", "-8z"]);
    }
}

/// A further case.
#[tokio::test]
async fn a_value_gets_another_name_where_a_default_a_check_and_an_index_name_it() {
    let t = |kind: &str| {
        let ty = one_of(&["book", kind]);
        let t = table("t", vec![defaulted("kind", ty, Literal::Text(kind.to_owned())), column("n", Type::I32)]);
        let is = || op(col("kind"), Binary::Equal, string(kind));
        vec![
            t.with_index(&[("n", false)], Some(is()))
                .with_check("n", op(op(col("n"), Binary::Greater, int(0)), Binary::Or, is())),
        ]
    };
    for place in places().await {
        let rows = "INSERT INTO t (kind, n) VALUES ('tape', -1), ('book', 2)";
        let mut story = Story::of(place, t("tape"), rows).await;
        story.migrate(t("disc"), &said().column("t", "kind", becomes(&[("tape", "disc")]))).await;
        story.run("INSERT INTO t (n) VALUES (-3)").await;
        story.fails("INSERT INTO t (kind, n) VALUES ('book', -3)").await;
        assert_eq!(story.rows("SELECT kind || n FROM t ORDER BY id").await, ["disc-1", "book2", "disc-3"]);
    }
}

/// A further case.
#[tokio::test]
async fn two_migrations_that_build_on_each_other_are_applied_at_once() {
    let t = |columns| vec![table("t", columns)];
    let first = || t(vec![column("n", TEXT)]);
    let second = || t(vec![column("number", TEXT), nullable("m", Type::I32)]);
    let third = || {
        t(vec![column("number", Type::I32), column("m", Type::I64)])
            .into_iter()
            .map(|t| t.with_unique(&["m"]))
            .collect::<Vec<_>>()
    };
    for place in places().await {
        let mut story = Story::of(place, first(), "INSERT INTO t (n) VALUES ('1'), ('2')").await;
        let more = seal(&story.next(second(), &said().column("t", "number", from("n"))));
        let hints = said().allow(HazardKind::CastMayFail, "shop.t.number").column("t", "m", fill(col("id")));
        let all = next(Some(&more), &schema(third()), &hints).unwrap_or_else(|refusals| panic!("{refusals:#?}"));
        story.history = seal(&all);
        applied(story.target(), &story.history).await.unwrap();
        story.verified().await;
        assert_eq!(story.rows("SELECT number || '=' || m FROM t ORDER BY id").await, ["1=1", "2=2"]);
    }
}

/// A further case: PostgreSQL says beforehand what stands on a column, SQLite only when it is gone.
#[tokio::test]
async fn a_view_on_what_goes_refuses_it_by_name() {
    let t = |columns| table("t", columns);
    let u = || table("u", vec![]);
    for place in places().await {
        let before = vec![t(vec![column("a", TEXT), column("b", TEXT)]), u()];
        let mut story =
            Story::of(place, before, "INSERT INTO t (a, b) VALUES ('x', 'y'); INSERT INTO u (id) VALUES (1)").await;
        story.run("CREATE VIEW seen AS SELECT b FROM t; CREATE VIEW counted AS SELECT count(*) AS n FROM u").await;
        let column_goes = (vec![t(vec![column("a", TEXT)]), u()], HazardKind::ValuesDeleted, "shop.t.b", "seen");
        let table_goes = (vec![t(vec![column("a", TEXT)])], HazardKind::RowsDeleted, "shop.u", "counted");
        for (after, hazard, object, view) in [column_goes, table_goes] {
            let allowed = said().allow(hazard, object);
            if is_sqlite(&story) {
                let error = applied(story.target(), &story.next(after.clone(), &allowed)).await.unwrap_err();
                assert_eq!(error.code(), "rows-changed");
                assert!(error.to_string().contains(&format!("the view `{view}` could no longer be read")), "{error}");
                assert_eq!(story.rows("SELECT a || u.id FROM t, u").await, ["x1"]);
            } else {
                assert_eq!(
                    story.guarded(after.clone(), &allowed).await,
                    [format!("object-in-the-way {object}: 1 {view}")]
                );
            }
            story.run(&format!("DROP VIEW {view}")).await;
            story.migrate(after, &allowed).await;
        }
        assert_eq!(story.rows("SELECT a FROM t").await, ["x"]);
    }
}

/// A further case.
#[tokio::test]
async fn a_column_s_name_changes_in_case_only() {
    let t = |name: &str| {
        let t = table("t", vec![column(name, TEXT), nullable("p", Type::I64)]).with_unique(&[name]);
        vec![t.with_check("long", op(call(Function::Len, vec![col(name)]), Binary::Less, int(9)))]
    };
    for place in places().await {
        let mut story = Story::of(place, t("Name"), "INSERT INTO t (\"Name\") VALUES ('x')").await;
        story.migrate(t("name"), &said().column("t", "name", from("Name"))).await;
        assert_eq!(story.rows("SELECT name FROM t").await, ["x"]);
        story.fails("INSERT INTO t (name) VALUES ('x')").await;
    }
}

/// A further case.
#[tokio::test]
async fn times_become_days_and_days_times_only_where_that_is_said() {
    let t = |ty| vec![table("t", vec![column("at", ty)])];
    for place in places().await {
        let rows = "INSERT INTO t (at) VALUES ('2024-02-29T00:00:00.000000Z'), ('2024-12-31T23:59:59.999999Z')";
        let mut story = Story::of(place, t(Type::Instant), rows).await;
        assert_eq!(story.refused(t(Type::Date), &said()), ["lossy-cast shop.t.at"]);
        let done = story.migrate(t(Type::Date), &said().allow(HazardKind::LossyCast, "shop.t.at")).await;
        assert_eq!(done.counted[0].count, 1);
        let days = "SELECT CAST(at AS text) FROM t ORDER BY id";
        assert_eq!(story.rows(days).await, ["2024-02-29", "2024-12-31"]);
        assert_eq!(story.refused(t(Type::Instant), &said()), ["time-zone-assumed shop.t.at"]);
        story.migrate(t(Type::Instant), &said().allow(HazardKind::TimeZoneAssumed, "shop.t.at")).await;
        story.migrate(t(TEXT), &said()).await;
        let times = ["2024-02-29T00:00:00.000000Z", "2024-12-31T00:00:00.000000Z"];
        assert_eq!(story.rows("SELECT at FROM t ORDER BY id").await, times);
        // A text is no time where its month or its hour is none.
        let bad = "INSERT INTO t (at) VALUES ('2024-13-01T00:00:00.000000Z'), ('2024-01-01T24:00:00.000000Z'), ('2023-02-29T00:00:00.000000Z')";
        story.run(bad).await;
        let allowed = said().allow(HazardKind::CastMayFail, "shop.t.at");
        assert_eq!(
            story.guarded(t(Type::Instant), &allowed).await,
            ["cast-may-fail shop.t.at: 3 2023-02-29T00:00:00.000000Z"]
        );
        story.run("DELETE FROM t WHERE id > 2").await;
        story.migrate(t(Type::Instant), &allowed).await;
    }
}

/// A further case.
#[tokio::test]
async fn a_backfill_is_made_of_columns_by_their_new_names_and_types() {
    let t = |columns| vec![table("t", columns)];
    for place in places().await {
        let rows = "INSERT INTO t (n, note) VALUES ('4', NULL), ('5', 'own')";
        let mut story = Story::of(place, t(vec![column("n", TEXT), nullable("note", TEXT)]), rows).await;
        let after = vec![column("count", Type::I32), column("note", TEXT), column("twice", Type::I64)];
        let hints = said()
            .column("t", "count", from("n"))
            .column("t", "note", fill(string("none")))
            .column("t", "twice", fill(op(col("count"), Binary::Multiply, int(2))))
            .allow(HazardKind::CastMayFail, "shop.t.count");
        story.migrate(t(after), &hints).await;
        assert_eq!(story.rows("SELECT count || note || twice FROM t ORDER BY id").await, ["4none8", "5own10"]);
    }
}
