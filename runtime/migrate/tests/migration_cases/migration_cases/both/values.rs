//! Values: defaults, conversions, what may no longer be equal.

use cell_schema::expr::{Binary, Literal};
use cell_schema::hazard::HazardKind;
use cell_schema::schema::{Column, Type};

use super::super::story::{Saying, Story, fill, from, said};
use crate::support::*;

fn t(column: Column) -> Vec<cell_schema::schema::Table> {
    vec![table("t", vec![column])]
}

/// Case 56.
#[tokio::test]
async fn a_default_with_quotes_and_other_alphabets_is_stored_as_it_is() {
    const ODD: &str = "it's \"Grüße\" 名前 \\n `x` %s $1 -- ;";
    let odd = |name: &str| defaulted(name, TEXT, Literal::Text(ODD.to_owned()));
    for place in places().await {
        let rows = "INSERT INTO t (n) VALUES (1)";
        let mut story = Story::of(place, vec![table("t", vec![odd("a"), column("n", Type::I32)])], rows).await;
        story.migrate(vec![table("t", vec![odd("a"), column("n", Type::I32), odd("b")])], &said()).await;
        story.run("INSERT INTO t (n) VALUES (2)").await;
        assert_eq!(story.rows("SELECT a FROM t").await, [ODD, ODD]);
        assert_eq!(story.rows("SELECT b FROM t").await, [ODD, ODD]);
        // Also through a rebuild, and as a backfill.
        let columns = vec![odd("a"), column("n", Type::I64), odd("b"), column("c", TEXT)];
        story.migrate(vec![table("t", columns)], &said().column("t", "c", fill(string(ODD)))).await;
        assert_eq!(story.rows("SELECT a || b || c FROM t").await, [ODD.repeat(3), ODD.repeat(3)]);
    }
}

/// A further case.
#[tokio::test]
async fn decimals_are_rounded_alike_on_both_engines() {
    let decimal = |precision, scale| Type::Decimal { precision, scale };
    for place in places().await {
        let is_sqlite = place.target.url().as_str().starts_with("sqlite:");
        let stored = |cents: &[i64], scale: u32| {
            let value =
                |cents: &i64| if is_sqlite { cents.to_string() } else { format!("{cents} / {}.0", 10_i64.pow(scale)) };
            cents.iter().map(|cents| format!("({})", value(cents))).collect::<Vec<_>>().join(", ")
        };
        let rows = format!("INSERT INTO t (a) VALUES {}", stored(&[12345, -12345, 12344, -12346, 5, -5, 4], 3));
        let mut story = Story::of(place, t(column("a", decimal(9, 3))), &rows).await;
        assert_eq!(story.refused(t(column("a", decimal(9, 2))), &said()), ["lossy-cast shop.t.a"]);
        let allowed = said().allow(HazardKind::LossyCast, "shop.t.a");
        let done = story.migrate(t(column("a", decimal(9, 2))), &allowed).await;
        assert_eq!(done.counted[0].count, 7);
        let read = if is_sqlite {
            "SELECT CAST(a AS text) FROM t ORDER BY id"
        } else {
            "SELECT (a * 100)::bigint::text FROM t ORDER BY id"
        };
        assert_eq!(story.rows(read).await, ["1235", "-1235", "1234", "-1235", "1", "-1", "0"]);
        // Rounding may not carry over the digits that there are.
        story.run(&format!("INSERT INTO t (a) VALUES {}", stored(&[9995, 9994], 2))).await;
        let narrow = said().allow(HazardKind::LossyCast, "shop.t.a").allow(HazardKind::CastMayFail, "shop.t.a");
        let found = story.guarded(t(column("a", decimal(3, 1))), &narrow).await;
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("cast-may-fail shop.t.a: 1 "), "{found:?}");
        story.run("DELETE FROM t WHERE id = 8").await;
        story.migrate(t(column("a", decimal(3, 1))), &narrow).await;
        let read = read.replace("100", "10");
        assert_eq!(story.rows(&read).await, ["124", "-124", "123", "-124", "0", "0", "0", "999"]);
    }
}

/// A further case.
#[tokio::test]
async fn texts_become_what_they_are_written_as() {
    let cases: [(Type, &[&str], &[&str], &str); 5] = [
        (
            Type::Uuid,
            &["67e55044-10b1-426f-9247-bb680e5fe0c8"],
            &[
                "67E55044-10b1-426f-9247-bb680e5fe0c8",
                "67e5504410b1426f9247bb680e5fe0c8",
                "{67e55044-10b1-426f-9247-bb680e5fe0c8}",
                "",
                "67e55044-10b1-426f-9247-bb680e5fe0cg",
                "67e-5504410b1-426f-9247-bb680e5fe0c8",
            ],
            "uuid",
        ),
        (Type::Bool, &["true", "false"], &["t", "TRUE", "1", "yes", "", " true"], "bool"),
        (
            Type::Date,
            &["2024-02-29", "0001-01-01", "9999-12-31"],
            &[
                "2023-02-29",
                "2024-13-01",
                "0000-01-01",
                "2024-2-9",
                "today",
                "2024-02-29 ",
                "10000-01-01",
                "2024-04-31",
            ],
            "date",
        ),
        (
            Type::Time,
            &["00:00:00.000000", "23:59:59.999999"],
            &["24:00:00.000000", "12:60:00.000000", "12:00:60.000000", "12:00:00", "29:00:00.000000", "noon"],
            "time",
        ),
        (
            Type::Decimal { precision: 6, scale: 2 },
            &["0.00", "-0.01", "9999.99", "-12.50"],
            &["10000.00", "1.5", "-0.00", "+1.00", "01.00", ".50", "1e2", "NaN", "1.005"],
            "decimal",
        ),
    ];
    for place in ["sqlite", "postgres"] {
        for (ty, good, bad, kind) in &cases {
            let place = if place == "sqlite" { on_sqlite() } else { on_postgres().await };
            let values: Vec<String> = good.iter().chain(*bad).map(|text| format!("('{text}')")).collect();
            let rows = format!("INSERT INTO t (a) VALUES {}", values.join(", "));
            let mut story = Story::of(place, t(column("a", TEXT)), &rows).await;
            let after = || t(column("a", ty.clone()));
            let allowed = said().allow(HazardKind::CastMayFail, "shop.t.a");
            let least = bad.iter().min().unwrap();
            assert_eq!(
                story.guarded(after(), &allowed).await,
                [format!("cast-may-fail shop.t.a: {} {least}", bad.len())],
                "{kind}"
            );
            story.run(&format!("DELETE FROM t WHERE id > {}", good.len())).await;
            story.migrate(after(), &allowed).await;
            // And back: nothing of them is lost.
            story.migrate(t(column("a", TEXT)), &said()).await;
            assert_eq!(story.rows("SELECT a FROM t ORDER BY id").await, *good, "{kind}");
        }
    }
}

/// A further case.
#[tokio::test]
async fn values_that_become_equal_in_another_type_refuse_it_where_they_are_unique() {
    let t = |ty| vec![table("t", vec![column("a", ty), column("b", TEXT)]).with_unique(&["a", "b"])];
    for place in places().await {
        let rows = "INSERT INTO t (a, b) VALUES ('abcd', 'x'), ('abce', 'x'), ('abcf', 'y')";
        let mut story = Story::of(place, t(TEXT), rows).await;
        let allowed = said().allow(HazardKind::ValuesTruncated, "shop.t.a");
        assert_eq!(story.guarded(t(text(3)), &allowed).await, ["unique-over-rows shop.t.t_a_b_key: 1 abc, x"]);
        story.run("DELETE FROM t WHERE a = 'abce'").await;
        story.migrate(t(text(3)), &allowed).await;
        assert_eq!(story.rows("SELECT a || b FROM t ORDER BY id").await, ["abcx", "abcy"]);
        story.fails("INSERT INTO t (a, b) VALUES ('abc', 'x')").await;
    }
}

/// A further case.
#[tokio::test]
async fn a_column_goes_that_another_was_computed_from() {
    let n = || column("n", Type::I32);
    let before = || vec![n(), column("m", Type::I32), generated("sum", Type::I64, op(col("n"), Binary::Add, col("m")))];
    for place in places().await {
        let rows = "INSERT INTO t (n, m) VALUES (1, 10), (2, 20)";
        let before = table("t", before()).with_index(&[("sum", false)], None);
        let mut story = Story::of(place, vec![before], rows).await;
        // Of one that is still there nothing can be computed.
        let dangling = vec![table("t", vec![n(), generated("sum", Type::I64, op(col("n"), Binary::Add, col("m")))])];
        assert_eq!(story.refused(dangling, &said()).len(), 1);
        let after = || {
            let doubled = generated("sum", Type::I64, op(col("n"), Binary::Multiply, int(2)));
            vec![table("t", vec![n(), doubled]).with_index(&[("sum", false)], None)]
        };
        let allowed = said().allow(HazardKind::ValuesDeleted, "shop.t.m");
        story.migrate(after(), &allowed).await;
        assert_eq!(story.rows("SELECT CAST(sum AS text) FROM t ORDER BY id").await, ["2", "4"]);
        // And with what it was computed from.
        let allowed = said().allow(HazardKind::ValuesDeleted, "shop.t.n");
        story.migrate(vec![table("t", vec![])], &allowed).await;
        assert_eq!(story.rows("SELECT CAST(id AS text) FROM t ORDER BY id").await, ["1", "2"]);
    }
}

/// A further case.
#[tokio::test]
async fn a_computed_column_becomes_a_plain_one_and_keeps_its_values() {
    let sum = || op(col("n"), Binary::Add, int(1));
    let t = |sum| vec![table("t", vec![column("n", Type::I32), sum])];
    for place in places().await {
        let mut story =
            Story::of(place, t(generated("m", Type::I64, sum())), "INSERT INTO t (n) VALUES (1), (2)").await;
        story.migrate(t(column("m", Type::I64)), &said()).await;
        story.run("UPDATE t SET m = 70 WHERE n = 2").await;
        assert_eq!(story.rows("SELECT CAST(m AS text) FROM t ORDER BY id").await, ["2", "70"]);
        // The way back replaces what was written.
        assert_eq!(story.refused(t(generated("m", Type::I64, sum())), &said()), ["values-deleted shop.t.m"]);
        let allowed = said().allow(HazardKind::ValuesDeleted, "shop.t.m");
        story.migrate(t(generated("m", Type::I64, sum())), &allowed).await;
        assert_eq!(story.rows("SELECT CAST(m AS text) FROM t ORDER BY id").await, ["2", "3"]);
    }
}

/// A further case.
#[tokio::test]
async fn a_computed_column_keeps_its_values_when_what_it_is_computed_from_goes() {
    let twice = || op(col("n"), Binary::Multiply, int(2));
    for place in places().await {
        let before = table("t", vec![column("n", Type::I32), generated("twice", Type::I64, twice())]);
        let rows = "INSERT INTO t (n) VALUES (4), (5)";
        let mut story = Story::of(place, vec![before.with_unique(&["twice"])], rows).await;
        let after = vec![table("t", vec![column("double", Type::I64)]).with_unique(&["double"])];
        let allowed = said().column("t", "double", from("twice")).allow(HazardKind::ValuesDeleted, "shop.t.n");
        story.migrate(after, &allowed).await;
        assert_eq!(story.rows("SELECT CAST(\"double\" AS text) FROM t ORDER BY id").await, ["8", "10"]);
    }
}

/// A further case.
#[tokio::test]
async fn a_backfill_that_makes_computed_values_equal_is_refused_with_an_example() {
    for place in places().await {
        let t = |n| {
            let twice = generated("twice", Type::I64, op(col("n"), Binary::Multiply, int(2)));
            vec![table("t", vec![n, Column { nullable: true, ..twice }]).with_unique(&["twice"])]
        };
        let rows = "INSERT INTO t (n) VALUES (NULL), (4)";
        let story = Story::of(place, t(nullable("n", Type::I32)), rows).await;
        let failure = story.guarded(t(column("n", Type::I32)), &said().column("t", "n", fill(int(4)))).await;
        assert_eq!(failure, ["unique-over-rows shop.t.t_twice_key: 1 8"]);
    }
}

/// A further case.
#[tokio::test]
async fn a_plain_column_under_a_computed_one_becomes_computed_itself() {
    let over = |of: &str| op(col(of), Binary::Add, int(1));
    for place in places().await {
        let before = vec![column("a", Type::I32), column("n", Type::I64), generated("m", Type::I64, over("n"))];
        let mut story =
            Story::of(place, vec![table("t", before)], "INSERT INTO t (a, n) VALUES (1, 10), (2, 20)").await;
        let n = generated("n", Type::I64, op(col("a"), Binary::Multiply, int(3)));
        let after = vec![table("t", vec![column("a", Type::I32), n, generated("m", Type::I64, over("a"))])];
        let allowed = said().allow(HazardKind::ValuesDeleted, "shop.t.n");
        story.migrate(after, &allowed).await;
        assert_eq!(story.rows("SELECT CAST(n + m AS text) FROM t ORDER BY id").await, ["5", "9"]);
    }
}

/// A further case.
#[tokio::test]
async fn a_plain_column_becomes_computed_as_what_was_computed_from_it_becomes_plain() {
    let t = |n, m| vec![table("t", vec![column("a", Type::I32), n, m])];
    for place in places().await {
        let before = t(column("n", Type::I64), generated("m", Type::I64, op(col("n"), Binary::Add, int(1))));
        let mut story = Story::of(place, before, "INSERT INTO t (a, n) VALUES (1, 10), (2, 20)").await;
        let n = generated("n", Type::I64, op(col("a"), Binary::Multiply, int(5)));
        let allowed = said().allow(HazardKind::ValuesDeleted, "shop.t.n");
        story.migrate(t(n, column("m", Type::I64)), &allowed).await;
        assert_eq!(story.rows("SELECT CAST(n + m AS text) FROM t ORDER BY id").await, ["16", "31"]);
    }
}

/// A further case.
#[tokio::test]
async fn a_check_over_rows_that_do_not_meet_it_is_refused_with_an_example() {
    let t = || table("t", vec![nullable("n", Type::I32)]);
    let bound = || vec![t().with_check("n", op(col("n"), Binary::Greater, int(0)))];
    for place in places().await {
        let mut story = Story::of(place, vec![t()], "INSERT INTO t (n) VALUES (1), (0), (NULL), (-4)").await;
        assert_eq!(story.guarded(bound(), &said()).await, ["check-over-rows shop.t.t_n_check: 2 2"]);
        story.run("DELETE FROM t WHERE n <= 0").await;
        story.migrate(bound(), &said()).await;
        story.fails("INSERT INTO t (n) VALUES (0)").await;
        assert_eq!(story.rows("SELECT CAST(count(*) AS text) FROM t").await, ["2"]);
    }
}
