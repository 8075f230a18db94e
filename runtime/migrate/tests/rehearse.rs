//! Rehearsals: rows of every type in every table, through every migration, on both engines.

mod support;

use cell_migrate::{RehearseError, Report, rehearse};
use cell_schema::Engine;
use cell_schema::expr::{Binary, Expr, Expression, Function, Literal};
use cell_schema::history::History;
use cell_schema::schema::{Action, Check, Column, Default, Schema, Type};
use expect_test::expect;
use support::*;

async fn both(history: &History) -> Vec<Report> {
    let mut reports = Vec::new();
    for engine in Engine::ALL {
        reports.push(rehearse(engine, history).await.unwrap_or_else(|error| panic!("{}: {error}", engine.name())));
    }
    reports
}

fn types() -> Vec<Type> {
    let bounded = [
        text(3),
        Type::Bytes { max_len: Some(5) },
        Type::Decimal { precision: 18, scale: 6 },
        Type::Decimal { precision: 1, scale: 0 },
        Type::Decimal { precision: 18, scale: 18 },
        Type::Enumeration { values: vec!["it's".to_owned(), "B\\".to_owned(), "ü".to_owned()] },
    ];
    UNBOUNDED.into_iter().chain(bounded).collect()
}

#[tokio::test]
async fn every_type_takes_its_edges_on_both_engines() {
    let columns = |null: bool| {
        types()
            .into_iter()
            .enumerate()
            .map(|(at, ty)| Column { nullable: null, ..column(&format!("c{at}"), ty) })
            .collect()
    };
    let mut model = schema(vec![table("required", columns(false)), table("optional", columns(true))]);
    for (at, ty) in types().into_iter().enumerate().filter(|(_, ty)| *ty != Type::Json) {
        let keyed = Column { automatic: false, ..column("k", ty) };
        model.tables.push(table(&format!("keyed{at:02}"), vec![keyed]).with_key(&["k"]));
    }
    model.tables.sort_by(|a, b| a.name.cmp(&b.name));
    for report in both(&history(&[&model])).await {
        assert_eq!(report.notes, Vec::<String>::new());
        assert_eq!(report.tables, 22);
        assert!(report.rows > 70, "{report:?}");
    }
}

#[tokio::test]
async fn defaults_of_every_kind_are_what_rows_get() {
    let default = |name: &str, ty: Type, default: Default| Column { default: Some(default), ..column(name, ty) };
    let text_literal = |text: &str| Default::Value(Literal::Text(text.to_owned()));
    let model = schema(vec![table(
        "defaults",
        vec![
            default("now", Type::Instant, Default::Now),
            default("today", Type::Date, Default::Now),
            default("clock", Type::Time, Default::Now),
            default("uuid", Type::Uuid, Default::RandomUuid),
            default("quote", TEXT, text_literal("it's (\"ü\") -- \\")),
            default(
                "price",
                Type::Decimal { precision: 6, scale: 2 },
                Default::Value(Literal::Number("-12.50".into())),
            ),
            default("yes", Type::Bool, Default::Value(Literal::Bool(true))),
            default("half", Type::F64, Default::Value(Literal::Number("0.5".into()))),
            default("least", Type::I64, Default::Value(Literal::Integer(i64::MIN))),
            default("json", Type::Json, text_literal("{\"a\": [1, null]}")),
            default("fixed", Type::Uuid, text_literal("67e55044-10b1-426f-9247-bb680e5fe0c8")),
            default("since", Type::Instant, text_literal("2020-01-31T12:30:00Z")),
        ],
    )]);
    for report in both(&history(&[&model])).await {
        assert_eq!((report.notes, report.rows), (Vec::new(), 5));
    }
}

#[tokio::test]
async fn references_are_met_in_order_and_cycles_by_null() {
    let model = schema(vec![
        table("a", vec![nullable("b_id", Type::I64)]).with_reference(&["b_id"], "b", &["id"], Action::SetNull),
        table("b", vec![column("a_id", Type::I64)]).with_reference(&["a_id"], "a", &["id"], Action::Cascade),
        table("person", vec![nullable("boss", Type::I64)]).with_reference(&["boss"], "person", &["id"], Action::Refuse),
        table("root", vec![column("parent", Type::I64)]).with_reference(&["parent"], "root", &["id"], Action::Refuse),
        table("pair", vec![column("x", Type::I32), column("y", text(8))]).with_key(&["x", "y"]),
        table("line", vec![column("pair_x", Type::I32), column("pair_y", text(8)), column("n", Type::I16)])
            .with_key(&["pair_x", "pair_y", "n"])
            .with_reference(&["pair_x", "pair_y"], "pair", &["x", "y"], Action::Cascade),
        table("one_to_one", vec![column("a_id", Type::I64)]).with_unique(&["a_id"]).with_reference(
            &["a_id"],
            "a",
            &["id"],
            Action::Refuse,
        ),
    ]);
    for report in both(&history(&[&model])).await {
        assert_eq!((report.notes, report.rows), (Vec::new(), 35));
    }
}

#[tokio::test]
async fn checks_are_met_from_the_constants_in_them() {
    let and = |left, right| op(left, Binary::And, right);
    let len = |name: &str| call(Function::Len, vec![col(name)]);
    let model = schema(vec![
        table(
            "checked",
            vec![
                column("price", Type::Decimal { precision: 12, scale: 2 }),
                column("sku", text(30)),
                column("rate", Type::F64),
                column("low", Type::I32),
                column("high", Type::I32),
                column("since", Type::Instant),
                column("day", Type::Date),
                nullable("word", TEXT),
                column("blob", Type::Bytes { max_len: None }),
            ],
        )
        .with_unique(&["sku"])
        .with_check(
            "price",
            and(op(col("price"), Binary::GreaterOrEqual, number("99.99")), op(col("price"), Binary::Less, int(101))),
        )
        .with_check(
            "sku",
            and(call(Function::StartsWith, vec![col("sku"), string("AB-")]), op(len("sku"), Binary::Equal, int(11))),
        )
        .with_check(
            "rate",
            and(op(col("rate"), Binary::Greater, number("0.25")), op(col("rate"), Binary::LessOrEqual, number("1.5"))),
        )
        .with_check("range", and(op(col("low"), Binary::Less, col("high")), op(col("low"), Binary::Greater, int(1000))))
        .with_check("since", op(col("since"), Binary::Equal, string("2020-01-31T12:30:00Z")))
        .with_check("day", op(col("day"), Binary::Greater, string("9999-12-30")))
        .with_check("word", op(col("word"), Binary::Equal, string("exactly 'this'")))
        .with_check("blob", op(len("blob"), Binary::Equal, int(32))),
    ]);
    for report in both(&history(&[&model])).await {
        assert_eq!(report.notes, Vec::<String>::new());
        assert_eq!(report.rows, 5);
    }
}

#[tokio::test]
async fn checks_in_an_engine_s_own_words_are_met_too() {
    let mut checked = table("raw", vec![column("code", TEXT), column("n", Type::I32)]);
    checked.checks.push(Check {
        name: "raw_code_check".to_owned(),
        expression: Expression::Raw {
            sqlite: Some("code IN ('X-1', 'X-2') AND n BETWEEN 40000 AND 40002".to_owned()),
            postgres: Some("code = ANY (ARRAY['X-1', 'X-2']) AND n BETWEEN 40000 AND 40002".to_owned()),
        },
    });
    for report in both(&history(&[&schema(vec![checked])])).await {
        assert_eq!((report.notes, report.rows), (Vec::new(), 5));
    }
}

#[tokio::test]
async fn generated_columns_and_partial_indexes_take_rows() {
    let model = schema(vec![
        table(
            "lines",
            vec![
                column("price", Type::Decimal { precision: 9, scale: 2 }),
                column("count", Type::U16),
                generated(
                    "sum",
                    Type::Decimal { precision: 18, scale: 2 },
                    op(col("price"), Binary::Multiply, col("count")),
                ),
                column("name", text(50)),
                generated("lower", TEXT, call(Function::Lower, vec![col("name")])),
                nullable("gone", Type::Instant),
            ],
        )
        .with_index(&[("name", false)], Some(call(Function::IsNull, vec![col("gone")])))
        .with_index(&[("sum", true), ("count", false)], Some(op(col("count"), Binary::Greater, int(3)))),
    ]);
    for report in both(&history(&[&model])).await {
        assert_eq!((report.notes, report.rows), (Vec::new(), 5));
    }
}

#[tokio::test]
async fn rows_go_through_every_migration() {
    let first = schema(vec![table("a", vec![column("x", TEXT)])]);
    let mut second = first.clone();
    second.tables[0].columns.push(defaulted("n", Type::I32, Literal::Integer(1)));
    second.tables[0].columns.push(nullable("b_id", Type::I64));
    second.tables[0] = second.tables[0].clone().with_reference(&["b_id"], "b", &["id"], Action::SetNull);
    second.tables.push(table("b", vec![column("a_id", Type::I64)]).with_reference(
        &["a_id"],
        "a",
        &["id"],
        Action::Refuse,
    ));
    let mut third = second.clone();
    third.tables[1] = third.tables[1].clone().with_index(&[("a_id", true)], None);
    for report in both(&history(&[&first, &second, &third])).await {
        assert_eq!((report.migrations, report.rows, report.notes), (3, 25, Vec::new()));
    }
}

#[tokio::test]
async fn a_table_that_takes_no_row_is_noted() {
    let never = |x: Expr| op(op(x.clone(), Binary::Less, int(0)), Binary::And, op(x, Binary::Greater, int(0)));
    let model = schema(vec![table("never", vec![column("x", Type::I32)]).with_check("x", never(col("x")))]);
    for report in both(&history(&[&model])).await {
        let notes = report.notes.join("\n");
        assert!(notes.starts_with("no row was found that `shop.never` takes: "), "{notes}");
        assert!(notes.contains("never_x_check"), "{notes}");
    }
}

fn small() -> Schema {
    schema(vec![table("a", vec![column("x", TEXT)])])
}

#[tokio::test]
async fn a_step_that_fails_on_rows_is_named_with_its_sql() {
    let mut second = small();
    second.tables[0].columns.push(nullable("y", TEXT));
    let mut history = history(&[&small(), &second]);
    for script in &mut history.migrations[1].scripts {
        script.steps[0].sql = "INSERT INTO a (id, x) SELECT id, x FROM a;".to_owned();
    }
    let error = rehearse(Engine::Sqlite, &history).await.unwrap_err();
    expect![[r#"
        step 1 of the migration `0002_add_y` failed (add column `y` to `a`): UNIQUE constraint failed: a.id
        INSERT INTO a (id, x) SELECT id, x FROM a;"#]]
    .assert_eq(&error.to_string());
    let error = rehearse(Engine::Postgres, &history).await.unwrap_err();
    assert!(error.to_string().contains("a_pkey"), "{error}");
}

#[tokio::test]
async fn sql_that_loses_rows_or_leads_elsewhere_is_caught() {
    for engine in Engine::ALL {
        let mut second = small();
        second.tables[0].columns.push(nullable("y", TEXT));
        let mut lossy = history(&[&small(), &second]);
        for script in &mut lossy.migrations[1].scripts {
            script.steps[0].sql.push_str("\nDELETE FROM a WHERE id = 1;");
        }
        let error = rehearse(engine, &lossy).await.unwrap_err();
        assert_eq!(error.to_string(), "the migration `0002_add_y` left 4 rows in `shop.a`, where 5 were");

        // Behind all others in their order.
        let mut more = history(&[&small(), &second]);
        for script in &mut more.migrations[1].scripts {
            script.steps[0].sql.push_str("\nINSERT INTO a (id, x) VALUES (9223372036854775807, '~');");
        }
        let error = rehearse(engine, &more).await.unwrap_err();
        assert_eq!(error.code(), "rehearsal-rows");
        assert_eq!(error.to_string(), "the migration `0002_add_y` left 6 rows in `shop.a`, where 5 were");

        let mut elsewhere = history(&[&small(), &second]);
        for script in &mut elsewhere.migrations[1].scripts {
            script.steps[0].sql = "ALTER TABLE a ADD COLUMN y INTEGER;".to_owned();
        }
        let error = rehearse(engine, &elsewhere).await.unwrap_err();
        assert!(matches!(error, RehearseError::Differs(_)), "{error}");
        assert!(error.to_string().contains("shop.a.y\n  - "), "{error}");
    }
}
