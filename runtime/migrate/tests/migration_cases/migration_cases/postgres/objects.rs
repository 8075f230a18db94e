//! Indexes, constraints and what a database has beside the model.

use cell_migrate::{MigrateError, Options, State, apply, head};
use cell_schema::expr::Binary;
use cell_schema::hazard::HazardKind;
use cell_schema::history::seal;
use cell_schema::plan::summary;
use cell_schema::schema::{Action, Type};

use super::super::story::{Saying, Story, said, steps};
use crate::support::*;

/// Case 41.
#[tokio::test]
async fn what_goes_with_a_column_is_named() {
    let pairs = || table("pairs", vec![column("x", Type::I32), column("y", Type::I32)]).with_unique(&["x", "y"]);
    let before = table("t", vec![column("a", Type::I32), column("b", Type::I32)])
        .with_index(&[("a", false), ("b", false)], None)
        .with_unique(&["a", "b"])
        .with_check("sum", op(op(col("a"), Binary::Add, col("b")), Binary::Greater, int(0)))
        .with_reference(&["a", "b"], "pairs", &["x", "y"], Action::Refuse);
    let after = || vec![pairs(), table("t", vec![column("a", Type::I32)])];
    let rows = "INSERT INTO pairs (x, y) VALUES (1, 2); INSERT INTO t (a, b) VALUES (1, 2)";
    let mut story = Story::of(on_postgres().await, vec![pairs(), before], rows).await;
    assert_eq!(story.refused(after(), &said()), ["values-deleted shop.t.b"]);
    let allowed = said().allow(HazardKind::ValuesDeleted, "shop.t.b");
    let named = [
        "drop reference `t_a_b_fkey` of `t`",
        "drop check `t_sum_check` of `t`",
        "drop index `t_a_b_idx` of `t`",
        "drop unique `t_a_b_key` of `t`",
        "drop column `b` of `t`",
    ];
    let changes: Vec<String> = story.next(after(), &allowed).migrations[1].changes.iter().map(summary).collect();
    assert_eq!(changes, named);
    let done = story.migrate(after(), &allowed).await;
    for name in named {
        assert!(steps(&done).contains(&name), "{name}: {:?}", steps(&done));
    }
    assert_eq!(story.rows("SELECT a::text FROM t").await, ["1"]);
}

/// Case 42.
#[tokio::test]
async fn long_names_that_begin_alike_do_not_collide() {
    let long = "a_column_whose_name_is_about_as_long_as_one_may_be_in_postgres";
    let t = |names: &[String]| {
        let t = table("a_table_with_a_long_name", names.iter().map(|name| nullable(name, Type::I32)).collect());
        let t =
            names.iter().fold(t, |t, name| t.with_index(&[(name.as_str(), false)], None).with_unique(&[name.as_str()]));
        vec![t]
    };
    let names: Vec<String> = ["1", "2"].map(|end| format!("{}{end}", &long[..62])).into();
    let mut story = Story::of(on_postgres().await, t(&names[..1]), "").await;
    story.run(&format!("INSERT INTO a_table_with_a_long_name ({}) VALUES (1)", names[0])).await;
    story.migrate(t(&names), &said()).await;
    let indexes = "SELECT indexname::text FROM pg_indexes WHERE tablename = 'a_table_with_a_long_name'";
    assert_eq!(story.rows(indexes).await.len(), 5);
    // A name that is chosen is never cut.
    let mut chosen = t(&names);
    chosen[0].indexes[0].name = "i".repeat(70);
    assert_eq!(story.refused(chosen, &said())[0], format!("sql-name shop.a_table_with_a_long_name.{}", "i".repeat(70)));
}

/// Case 43.
#[tokio::test]
async fn an_index_that_was_not_built_is_built_anew() {
    let t = || table("t", vec![column("a", TEXT), column("b", TEXT)]);
    let mut story =
        Story::of(on_postgres().await, vec![t()], "INSERT INTO t (a, b) VALUES ('x', 'y'), ('x', 'z')").await;
    let concurrently = "CREATE UNIQUE INDEX CONCURRENTLY t_a_key ON t (a)";
    story.fails(concurrently).await;
    let valid = "SELECT indisvalid::text FROM pg_index WHERE indexrelid = 't_a_key'::regclass";
    assert_eq!(story.rows(valid).await, ["false"]);
    story.run("DELETE FROM t WHERE b = 'z'").await;
    let after = || vec![t().with_unique(&["a"]).with_index(&[("b", false)], None)];
    let done = story.migrate(after(), &said()).await;
    assert!(steps(&done).contains(&"build the unique index `t_a_key` on `t`"), "{:?}", steps(&done));
    assert_eq!(story.rows(valid).await, ["true"]);
    story.fails("INSERT INTO t (a, b) VALUES ('x', 'w')").await;
}

/// Case 43, from a migration that failed itself.
#[tokio::test]
async fn a_build_that_failed_is_told_and_begun_again() {
    let t = || table("t", vec![column("a", Type::I32)]);
    let mut story = Story::of(on_postgres().await, vec![t()], "INSERT INTO t (a) VALUES (1), (2)").await;
    let history = seal(&story.next(vec![t().with_unique(&["a"])], &said()));
    // A row that comes behind the guards and before the index: what another process writes meanwhile.
    story
        .run(
            "CREATE FUNCTION again() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN \
             IF NOT EXISTS (SELECT 1 FROM t WHERE a = 1 AND id > 2) THEN INSERT INTO t (a) VALUES (1); END IF; END $$; \
             CREATE EVENT TRIGGER again ON ddl_command_start WHEN TAG IN ('DROP INDEX') EXECUTE FUNCTION again()",
        )
        .await;
    let error = apply(story.target(), &history, &Options::default()).await.unwrap_err();
    assert!(matches!(error, MigrateError::Step(_)), "{error}");
    assert_eq!(
        story.rows("SELECT indisvalid::text FROM pg_index WHERE indexrelid = 't_a_key'::regclass").await,
        ["false"]
    );
    // The first phase is done: what failed is the second, for which the unique index waits.
    assert_eq!(head(story.target()).await.unwrap().unwrap().state, State::Expanded);
    story.run("DROP EVENT TRIGGER again; DELETE FROM t WHERE id > 2").await;
    let done = applied(story.target(), &history).await.unwrap();
    assert!(done.steps.iter().any(|step| step.failed_before.is_some()));
    story.history = history;
    story.verified().await;
}

/// Case 44.
#[tokio::test]
async fn a_view_on_a_column_refuses_its_new_type_by_name() {
    let t = |ty| vec![table("t", vec![column("a", ty), column("b", TEXT)])];
    let mut story = Story::of(on_postgres().await, t(Type::I32), "INSERT INTO t (a, b) VALUES (1, 'x')").await;
    story.run("CREATE VIEW others AS SELECT b FROM t; CREATE VIEW doubled AS SELECT a * 2 AS it FROM t").await;
    let found = story.guarded(t(Type::I64), &said()).await;
    assert_eq!(found, ["object-in-the-way shop.t.a: 1 doubled"]);
    story.run("DROP VIEW doubled").await;
    story.migrate(t(Type::I64), &said()).await;
    assert_eq!(story.rows("SELECT b FROM others").await, ["x"]);
}

/// Case 44, with what the model knows.
#[tokio::test]
async fn a_generated_column_over_a_column_of_another_type_is_computed_anew() {
    let t = |ty| {
        let doubled = generated("doubled", Type::I64, op(col("a"), Binary::Multiply, int(2)));
        vec![table("t", vec![column("a", ty), doubled]).with_index(&[("doubled", false)], None)]
    };
    let mut story = Story::of(on_postgres().await, t(Type::I32), "INSERT INTO t (a) VALUES (1), (4)").await;
    let done = story.migrate(t(Type::I64), &said()).await;
    assert!(
        steps(&done).iter().any(|title| title.contains("`doubled` of `t`, which is computed anew")),
        "{:?}",
        steps(&done)
    );
    story.run("INSERT INTO t (a) VALUES (3000000000)").await;
    assert_eq!(story.rows("SELECT doubled::text FROM t ORDER BY id").await, ["2", "8", "6000000000"]);
    // A view on what is computed is in the way as well.
    story.run("CREATE VIEW seen AS SELECT doubled FROM t; DELETE FROM t WHERE a > 4").await;
    let found = story.guarded(t(Type::I16), &said().allow(HazardKind::CastMayFail, "shop.t.a")).await;
    assert_eq!(found, ["object-in-the-way shop.t.doubled: 1 seen"]);
}
