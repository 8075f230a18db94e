//! What a database holds, read back: equal to the model whatever the names, and every drift named.

mod support;

use cell_migrate::{Target, introspect, verify};
use cell_schema::Engine;
use cell_schema::expr::{Binary, Function};
use cell_schema::schema::{Action, Schema, Type};
use expect_test::{Expect, expect};
use support::*;

fn model() -> Schema {
    schema(vec![
        table("products", vec![column("name", text(40)), column("price", Type::Decimal { precision: 12, scale: 2 })])
            .with_unique(&["name"])
            .with_index(&[("price", true), ("name", false)], Some(op(col("price"), Binary::Greater, int(0))))
            .with_check("price", op(col("price"), Binary::GreaterOrEqual, number("0.50"))),
        table("orders", vec![column("product_id", Type::I64)]).with_reference(
            &["product_id"],
            "products",
            &["id"],
            Action::Cascade,
        ),
    ])
}

async fn drift(place: &Place, change: &str, expected: Expect) {
    let history = history(&[&model()]);
    applied(&place.target, &history).await.unwrap();
    run(&place.target, change).await;
    let verified = verify(&place.target, &history.snapshot).await.unwrap();
    let differences = verified.differences.iter().chain(&verified.sequences).map(ToString::to_string).collect();
    let unmodelled: Vec<String> = verified.unmodelled.iter().map(|object| format!("? {object}")).collect();
    expected.assert_eq(&[differences, unmodelled].concat().join("\n"));
}

#[tokio::test]
async fn drift_of_postgres_is_named() {
    drift(
        &on_postgres().await,
        "ALTER TABLE products DROP CONSTRAINT products_price_check, ALTER COLUMN name DROP NOT NULL; \
         ALTER TABLE products ADD CONSTRAINT products_price_check CHECK (price >= 0.51), ADD COLUMN extra int; \
         DROP INDEX products_price_name_idx; CREATE INDEX products_price_name_idx ON products (price, name); \
         ALTER TABLE orders DROP CONSTRAINT orders__product_id__fkey; CREATE TABLE stray (x int); \
         CREATE VIEW cheap AS SELECT id FROM products; CREATE INDEX odd ON products (lower(name)); \
         CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TYPE mood AS ENUM ('ok')",
        expect![[r#"
            shop.orders.orders__product_id__fkey
              - reference (product_id) to products (id) on delete cascade
            shop.products.extra
              + integer
            shop.products.name
              - text collate C not null
              + text collate C
            shop.products.products_price_check
              - check (price >= 0.50)
              + check (price >= 0.51)
            shop.products.products_price_name_idx
              - index (price desc, name) where (price > 0.00)
              + index (price, name)
            ? function `f`
            ? index `odd` of table `products`: an expression in it
            ? table `stray`
            ? type `mood`
            ? view `cheap`"#]],
    )
    .await;
}

#[tokio::test]
async fn drift_of_sqlite_is_named() {
    drift(
        &on_sqlite(),
        "ALTER TABLE products ADD COLUMN extra INTEGER; DROP INDEX products_price_name_idx; \
         CREATE INDEX products_price_name_idx ON products (price, name); DROP TABLE orders; \
         CREATE TABLE orders (id INTEGER PRIMARY KEY, product_id TEXT); \
         CREATE VIEW cheap AS SELECT id FROM products; CREATE INDEX odd ON products (lower(name)); \
         CREATE TRIGGER t AFTER INSERT ON products BEGIN SELECT 1; END",
        expect![[r#"
            shop.orders
              - a table with the key (id)
              + a table with the key (id), not strict
            shop.orders.id
              - INTEGER not null numbered
              + INTEGER not null
            shop.orders.orders__product_id__fkey
              - reference (product_id) to products (id) on delete cascade
            shop.orders.product_id
              - INTEGER not null
              + TEXT
            shop.products.extra
              + INTEGER
            shop.products.products_price_name_idx
              - index (price desc, name) where "price" > 0
              + index (price, name)
            ? index `odd` of table `products`: an expression in it
            ? trigger `t` on table `products`
            ? view `cheap`"#]],
    )
    .await;
}

#[tokio::test]
async fn a_sequence_behind_its_rows_is_drift_of_postgres_alone() {
    let rows = "INSERT INTO products (id, name, price) VALUES (1, 'tea', 200), (41, 'coffee', 300); \
                INSERT INTO orders (product_id) VALUES (41)";
    drift(&on_sqlite(), rows, expect![""]).await;
    let place = on_postgres().await;
    drift(
        &place,
        rows,
        expect![[r#"
            shop.products.id
              - its next number is above 41, the greatest of its rows
              + its next number is 1"#]],
    )
    .await;
    run(&place.target, "SELECT setval(pg_get_serial_sequence('products', 'id'), (SELECT max(id) FROM products))").await;
    assert_eq!(verify(&place.target, &history(&[&model()]).snapshot).await.unwrap(), cell_migrate::Verified::default());
}

#[tokio::test]
async fn names_of_every_kind_are_read_back() {
    let hostile =
        ["select", "Order", "a\"b", "it's", "x]y", "`tick`", "Grüße", "名前", "with space", "semi;colon", "--", "%s$1"];
    let tables = hostile.iter().map(|name| {
        let other = format!("{name} check (");
        table(name, vec![column(&other, TEXT), nullable("REFERENCES", Type::I64), column("unique,", text(9))])
            .with_unique(&[&other, "unique,"])
            .with_index(&[(&other, true), ("id", false)], Some(call(Function::IsNull, vec![col("REFERENCES")])))
            .with_check(&other, op(col(&other), Binary::NotEqual, string("a ' \" -- )( , b")))
            .with_reference(&["REFERENCES"], name, &["id"], Action::SetNull)
    });
    let model = schema(tables.collect());
    for place in places().await {
        let history = history(&[&model]);
        applied(&place.target, &history).await.unwrap();
        let verified = verify(&place.target, &history.snapshot).await.unwrap();
        assert_eq!(verified.differences, []);
        assert_eq!(verified.unmodelled, Vec::<String>::new());
        let found = introspect(&place.target).await.unwrap();
        let names: Vec<&String> = found.database.tables.iter().map(|table| &table.name).collect();
        assert_eq!(names, history.snapshot.tables.iter().map(|table| &table.name).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn what_others_write_in_a_schema_of_their_own_does_not_count() {
    let place = on_postgres().await;
    let history = history(&[&model()]);
    run(&place.target, "CREATE SCHEMA other; CREATE TABLE other.products (x int); CREATE VIEW other.v AS SELECT 1")
        .await;
    applied(&place.target, &history).await.unwrap();
    let verified = verify(&place.target, &history.snapshot).await.unwrap();
    assert_eq!(verified, cell_migrate::Verified::default());
}

#[tokio::test]
async fn a_sqlite_table_written_by_hand_is_read_without_a_failure() {
    let place = on_sqlite();
    std::fs::write(place.target.url().as_str().trim_start_matches("sqlite:"), "").unwrap();
    run(
        &place.target,
        "CREATE TABLE a (x, y INT DEFAULT (1 + (2)) UNIQUE ON CONFLICT IGNORE COLLATE NOCASE, z AS (x || ')') VIRTUAL);\
         CREATE TABLE b (x PRIMARY KEY REFERENCES a (y) ON UPDATE CASCADE) WITHOUT ROWID;\
         CREATE TABLE c AS SELECT * FROM a; CREATE VIRTUAL TABLE d USING fts5 (text);",
    )
    .await;
    assert_eq!(place.target.engine(), Engine::Sqlite);
    let found = introspect(&place.target).await.unwrap();
    expect![[r#"
        [
            "`ON UPDATE CASCADE` of foreign key `` of table `b`",
            "clause `CONFLICT` of table `a`",
            "clause `WITHOUT ROWID` of table `b`",
            "collation `NOCASE` of column `y` of table `a`",
            "virtual generated column `a.z`",
            "virtual table `d`",
        ]
    "#]]
    .assert_debug_eq(&found.unmodelled);
}

#[tokio::test]
async fn a_database_that_is_missing_is_not_created_by_looking() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    let target = Target::new(cell_migrate::Url::sqlite(&path)).unwrap();
    assert_eq!(verify(&target, &model()).await.unwrap_err().code(), "database-missing");
    assert!(!path.exists());
}
