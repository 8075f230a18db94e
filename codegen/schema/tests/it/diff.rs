//! Which changes are seen.

use cell_schema::diff::diff;
use cell_schema::hints::Hints;
use cell_schema::schema::{Action, Schema, Type};
use expect_test::{Expect, expect};

use crate::build::*;

fn check(previous: &Schema, next: &Schema, expected: Expect) {
    let changes = diff(previous, next, &Hints::default()).expect("changes");
    let lines: Vec<String> = changes.iter().map(|change| serde_json::to_string(change).expect("JSON") + "\n").collect();
    expected.assert_eq(&lines.concat());
}

#[test]
fn what_is_added_is_seen_with_what_is_about_it_alone() {
    let before = schema([table("products", [column("sku", TEXT)])]);
    let products = table("products", [column("sku", TEXT), nullable("maker", Type::I64), nullable("stock", Type::I16)])
        .references("products_maker_fkey", "maker", "makers", Action::Refuse)
        .check("stock", op(c("stock"), ">", int(0)))
        .check("both", op(c("stock"), ">", c("maker")))
        .unique("products_stock_key", &["stock"]);
    check(
        &before,
        &schema([products, table("makers", [])]),
        expect![[r#"
        {"add_table":{"table":{"name":"makers","columns":[{"name":"id","type":"i64","automatic":true}],"key":["id"]}}}
        {"add_column":{"table":"products","column":{"name":"maker","type":"i64","nullable":true},"reference":{"name":"products_maker_fkey","columns":["maker"],"table":"makers","target":["id"]}}}
        {"add_column":{"table":"products","column":{"name":"stock","type":"i16","nullable":true},"checks":[{"name":"stock","expression":{"portable":{"binary":{"op":"greater","left":{"column":"stock"},"right":{"literal":{"integer":0}}}}}}]}}
        {"add_unique":{"table":"products","unique":{"name":"products_stock_key","columns":["stock"]}}}
        {"add_check":{"table":"products","check":{"name":"both","expression":{"portable":{"binary":{"op":"greater","left":{"column":"stock"},"right":{"column":"maker"}}}}}}}
    "#]],
    );
}

#[test]
fn what_is_removed_or_changed_is_seen_exactly() {
    let before = schema([
        table("gone", []),
        table("products", [column("sku", TEXT), column("price", PRICE), nullable("maker", Type::I64)])
            .unique("sku", &["sku"])
            .index("price", &["price"], None)
            .index("stays", &["sku", "price"], None)
            .references("maker", "maker", "gone", Action::Refuse)
            .check("positive", op(c("price"), ">", int(0))),
    ]);
    let mut products =
        table("products", [column("sku", Type::Text { max_len: Some(8) }), nullable("maker", Type::I64)])
            .unique("sku", &["sku", "maker"])
            .index("price", &["sku"], None)
            .references("maker", "maker", "products", Action::Refuse);
    products.columns[0].automatic = false;
    products.key.push("sku".to_owned());
    check(
        &before,
        &schema([products]),
        expect![[r#"
            {"remove_reference":{"table":"products","reference":"maker"}}
            {"remove_check":{"table":"products","check":"positive"}}
            {"remove_index":{"table":"products","index":"price"}}
            {"remove_index":{"table":"products","index":"stays"}}
            {"remove_column":{"table":"products","column":"price"}}
            {"remove_table":{"table":"gone"}}
            {"change_column":{"table":"products","previous":{"name":"id","type":"i64","automatic":true},"next":{"name":"id","type":"i64"}}}
            {"change_column":{"table":"products","previous":{"name":"sku","type":{"text":{}}},"next":{"name":"sku","type":{"text":{"max_len":8}}}}}
            {"change_key":{"table":"products","previous":["id"],"next":["id","sku"]}}
            {"change_unique":{"table":"products","unique":{"name":"sku","columns":["sku","maker"]}}}
            {"add_index":{"table":"products","index":{"name":"price","columns":[{"column":"sku"}]}}}
            {"add_reference":{"table":"products","reference":{"name":"maker","columns":["maker"],"table":"products","target":["id"]}}}
        "#]],
    );
}

#[test]
fn the_order_of_columns_and_of_an_enumeration_is_no_change() {
    let before = schema([table("t", [column("a", TEXT), column("b", enumeration(&["x", "y"]))])]);
    let after = schema([table("t", [column("b", enumeration(&["y", "x"])), column("a", TEXT)])]);
    check(&before, &after, expect![[""]]);
    assert_eq!(after.aligned_to(&before), before);
}
