//! Whether PostgreSQL writes a table anew is what a migration says of it: a table that is written anew lies in another file.

mod support;

use cell_schema::Engine;
use cell_schema::expr::{Binary, Literal};
use cell_schema::plan::Phase;
use cell_schema::schema::{Column, Default, Type};
use support::*;

fn with(ty: Type, default: Option<Default>) -> Column {
    Column { default, ..nullable("x", ty) }
}

/// A column before, where there is one, the column after, and whether every row is written for it.
fn kinds() -> Vec<(Option<Column>, Column, bool)> {
    let decimal = |precision, scale| Type::Decimal { precision, scale };
    let change = |from: Type, to: Type, rewritten| (Some(nullable("x", from)), nullable("x", to), rewritten);
    vec![
        change(Type::I32, Type::I64, true),
        change(Type::U16, Type::I32, false),
        change(text(10), text(20), false),
        change(decimal(12, 2), decimal(15, 2), false),
        change(decimal(12, 2), decimal(15, 3), true),
        change(Type::I16, Type::I32, true),
        (None, nullable("x", Type::U16), false),
        (None, defaulted("x", Type::U16, Literal::Integer(3)), false),
        (None, with(Type::Instant, Some(Default::Now)), false),
        (None, with(Type::Uuid, Some(Default::RandomUuid)), true),
        (None, generated("x", Type::I64, op(col("n"), Binary::Add, int(1))), true),
    ]
}

#[tokio::test]
async fn a_table_that_is_written_anew_is_said_to_be() {
    for (before, after, rewritten) in kinds() {
        let place = on_postgres().await;
        let what = format!("{before:?} to {after:?}");
        let n = || column("n", Type::I32);
        let first = schema(vec![table("t", std::iter::once(n()).chain(before).collect())]);
        let second = schema(vec![table("t", vec![n(), after])]);
        applied(&place.target, &history(&[&first])).await.expect(&what);
        run(&place.target, "INSERT INTO t (n) SELECT * FROM generate_series(1, 1000)").await;
        let file = "SELECT pg_relation_filenode('t')::text";
        let earlier = texts(&place.target, file).await;
        let history = history(&[&first, &second]);
        applied(&place.target, &history).await.expect(&what);
        assert_eq!(texts(&place.target, file).await != earlier, rewritten, "{what}");
        let script = history.migrations[1].script(Engine::Postgres, Phase::Expand).expect("SQL");
        assert_eq!(script.text.contains("hazard table-rewritten on shop.t.x"), rewritten, "{}", script.text);
        assert!(!script.text.contains("table-locked"), "{}", script.text);
    }
}
