//! The SQL of every kind of statement, as each engine gets it.

use expect_test::{Expect, expect};

use super::binder::NewBinder;
use super::column::{Column, ColumnInfo};
use super::filter::Filter;
use super::model::{Engine, Facts};
use super::select::{Ask, Cut};
use super::sort::{Sorting, Sorts};
use super::statement::Statements;
use crate::dec;

const COLUMNS: &[ColumnInfo] = &[
    ColumnInfo::of::<i64>("id").automatic(),
    ColumnInfo::of::<String>("na\"me"),
    ColumnInfo::of::<rust_decimal::Decimal>("price").decimal(12, 2),
    ColumnInfo::of::<Option<String>>("note"),
    ColumnInfo::of::<String>("label").generated(),
];
const FACTS: Facts = Facts { table: "order", columns: COLUMNS, key: &[0] };

struct Row;
const ID: Column<Row, i64> = Column::new(&COLUMNS[0]);
const NAME: Column<Row, String> = Column::new(&COLUMNS[1]);
const PRICE: Column<Row, rust_decimal::Decimal> = Column::new(&COLUMNS[2]);
const NOTE: Column<Row, Option<String>> = Column::new(&COLUMNS[3]);

/// The statement's text on both engines, one line each.
fn check(text: impl Fn(Engine) -> String, expected: Expect) {
    expected.assert_eq(&[text(Engine::Sqlite), text(Engine::Postgres)].join("\n"));
}

fn rows(filter: Filter<Row>) -> impl Fn(Engine) -> String {
    let ask = Ask { filters: vec![filter.node], ..Ask::default() };
    move |engine| {
        let text = ask.rows(engine, FACTS).map_or_else(|error| error.to_string(), |call| call.text.to_string());
        text.split_once("WHERE ").map_or(text.clone(), |(_, condition)| condition.to_owned())
    }
}

#[test]
fn a_row_is_read_and_removed_by_its_key() {
    check(
        |engine| Statements::new(engine, FACTS).get().to_string(),
        expect![[r#"
        SELECT "id", "na""me", "price", "note", "label" FROM "order" WHERE "id" = ?
        SELECT "id", "na""me", "price", "note", "label" FROM "order" WHERE "id" = $1"#]],
    );
    check(
        |engine| Statements::new(engine, FACTS).delete().to_string(),
        expect![[r#"
        DELETE FROM "order" WHERE "id" = ?
        DELETE FROM "order" WHERE "id" = $1"#]],
    );
}

#[test]
fn a_row_is_written_without_what_the_engine_computes() {
    check(
        |engine| Statements::new(engine, FACTS).update().to_string(),
        expect![[r#"
        UPDATE "order" SET "na""me" = ?, "price" = ?, "note" = ? WHERE "id" = ?
        UPDATE "order" SET "na""me" = $1, "price" = $2, "note" = $3 WHERE "id" = $4"#]],
    );
    check(
        |engine| Statements::new(engine, FACTS).upsert().expect("a statement").to_string(),
        expect![[r#"
        INSERT INTO "order" ("id", "na""me", "price", "note") VALUES (?, ?, ?, ?) ON CONFLICT ("id") DO UPDATE SET "na""me" = "excluded"."na""me", "price" = "excluded"."price", "note" = "excluded"."note" RETURNING "id", "na""me", "price", "note", "label"
        INSERT INTO "order" ("id", "na""me", "price", "note") VALUES ($1, $2, $3, $4) ON CONFLICT ("id") DO UPDATE SET "na""me" = "excluded"."na""me", "price" = "excluded"."price", "note" = "excluded"."note" RETURNING "id", "na""me", "price", "note", "label""#]],
    );
}

#[test]
fn an_insert_names_the_columns_that_are_given() {
    let given = |engine, columns: &[bool]| {
        let mut binder = NewBinder::new(engine, FACTS);
        for given in columns {
            if *given { binder.push(&"x".to_owned()) } else { binder.skip() }
        }
        binder.given()
    };
    check(
        |engine| {
            let given = given(engine, &[false, true, true, false, false]);
            Statements::new(engine, FACTS).insert(&given).expect("a statement").to_string()
        },
        expect![[r#"
            INSERT INTO "order" ("na""me", "price") VALUES (?, ?) RETURNING "id", "na""me", "price", "note", "label"
            INSERT INTO "order" ("na""me", "price") VALUES ($1, $2) RETURNING "id", "na""me", "price", "note", "label""#]],
    );
    check(
        |engine| {
            let given = given(engine, &[false, true, true, false, false]);
            Statements::new(engine, FACTS).insert_many(&given, 2).expect("a statement").to_string()
        },
        expect![[r#"
            INSERT INTO "order" ("na""me", "price") VALUES (?, ?), (?, ?)
            INSERT INTO "order" ("na""me", "price") VALUES ($1, $2), ($3, $4)"#]],
    );
    check(
        |engine| Statements::new(engine, FACTS).insert(&given(engine, &[])).expect("a statement").to_string(),
        expect![[r#"
            INSERT INTO "order" DEFAULT VALUES RETURNING "id", "na""me", "price", "note", "label"
            INSERT INTO "order" VALUES (DEFAULT) RETURNING "id", "na""me", "price", "note", "label""#]],
    );
}

#[test]
fn conditions_keep_their_grouping() {
    check(
        rows((ID.gt(1) | NOTE.is_null()) & NAME.ne("x")),
        expect![[r#"
        ("id" > ? OR "note" IS NULL) AND "na""me" <> ?
        ("id" > $1 OR "note" IS NULL) AND "na""me" <> $2"#]],
    );
    check(
        rows(ID.gt(1) | NOTE.is_null() & NAME.ne("x")),
        expect![[r#"
        "id" > ? OR ("note" IS NULL AND "na""me" <> ?)
        "id" > $1 OR ("note" IS NULL AND "na""me" <> $2)"#]],
    );
    check(
        rows(!(ID.gt(1) | ID.lt(-1)) & !NOTE.eq(None)),
        expect![[r#"
        (NOT ("id" > ? OR "id" < ?)) AND (NOT "note" IS NULL)
        (NOT ("id" > $1 OR "id" < $2)) AND (NOT "note" IS NULL)"#]],
    );
    check(
        rows(Filter::any([]) | !Filter::all([])),
        expect![[r#"
        NOT (1 = 1)
        NOT (1 = 1)"#]],
    );
}

#[test]
fn text_is_searched_by_what_knows_case() {
    check(
        rows(NAME.contains("a")),
        expect![[r#"
        instr("na""me", ?) > (0)
        strpos("na""me", $1) > (0)"#]],
    );
    check(
        rows(NAME.starts_with("a") | NAME.starts_with("")),
        expect![[r#"
        ("na""me" >= ? AND "na""me" < ?) OR "na""me" >= ?
        ("na""me" >= $1 AND "na""me" < $2) OR "na""me" >= $3"#]],
    );
    check(
        rows(NAME.like("a%")),
        expect![[r#"
        "na""me" GLOB ?
        "na""me" LIKE $1"#]],
    );
}

#[test]
fn a_decimal_with_more_digits_than_its_column_is_compared_with_the_next_unit() {
    check(
        rows(PRICE.lt(dec!(9.999)) & PRICE.ge(dec!(1.5))),
        expect![[r#"
        "price" <= ? AND "price" >= ?
        "price" < $1 AND "price" >= $2"#]],
    );
    check(
        rows(PRICE.eq(dec!(9.999))),
        expect![[r#"
        "price" <> "price"
        "price" = $1"#]],
    );
}

#[test]
fn an_order_says_where_nulls_stand_only_where_the_engine_does_otherwise() {
    let order = |sort: Box<dyn Fn(&mut Sorts)>| {
        move |engine| {
            let mut sorts = Sorts::default();
            sort(&mut sorts);
            let page = Cut { sorts: sorts.0, limit: Some(10), offset: None };
            let ask = Ask { filters: Vec::new(), page, after: None };
            let text = ask.rows(engine, FACTS).expect("a statement").text;
            text.split_once("ORDER BY ").map_or("", |(_, order)| order).to_owned()
        }
    };
    check(
        order(Box::new(|sorts| (NOTE.asc(), ID.desc()).sorts(sorts))),
        expect![[r#"
        "note" ASC NULLS LAST, "id" DESC LIMIT ?
        "note" ASC, "id" DESC LIMIT $1"#]],
    );
    check(
        order(Box::new(|sorts| NOTE.desc().sorts(sorts))),
        expect![[r#"
        "note" DESC LIMIT ?
        "note" DESC NULLS LAST LIMIT $1"#]],
    );
    check(
        order(Box::new(|sorts| NOTE.asc().nulls_first().sorts(sorts))),
        expect![[r#"
        "note" ASC LIMIT ?
        "note" ASC NULLS FIRST LIMIT $1"#]],
    );
}

#[test]
fn a_page_is_counted_and_removed_as_a_page() {
    let page = || Ask { filters: vec![ID.gt(1).node], page: Cut { offset: Some(5), ..Cut::default() }, after: None };
    check(
        |engine| page().count(engine, FACTS).expect("a statement").text.to_string(),
        expect![[r#"
        SELECT COUNT(*) FROM (SELECT 1 FROM "order" WHERE "id" > ? LIMIT ? OFFSET ?) AS "page"
        SELECT COUNT(*) FROM (SELECT 1 FROM "order" WHERE "id" > $1 LIMIT $2 OFFSET $3) AS "page""#]],
    );
    check(
        |engine| page().delete(engine, FACTS).expect("a statement").text.to_string(),
        expect![[r#"
        DELETE FROM "order" WHERE ("id") IN (SELECT "id" FROM "order" WHERE "id" > ? LIMIT ? OFFSET ?)
        DELETE FROM "order" WHERE ("id") IN (SELECT "id" FROM "order" WHERE "id" > $1 LIMIT $2 OFFSET $3)"#]],
    );
    check(
        |engine| page().exists(engine, FACTS).expect("a statement").text.to_string(),
        expect![[r#"
        SELECT 1 FROM "order" WHERE "id" > ? LIMIT ? OFFSET ?
        SELECT 1 FROM "order" WHERE "id" > $1 LIMIT $2 OFFSET $3"#]],
    );
}
