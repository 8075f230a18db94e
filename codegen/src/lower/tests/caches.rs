//! What caches depend on once everything is named, and which tables are followed for it.

use std::fmt::Write as _;

use expect_test::{Expect, expect};

use super::model;

const SHOP: &str = "#[Database::table] pub struct Product { #[key] id: i64 }
#[Database::table] #[Cache::memoize(capacity = 10)] pub struct Order { #[key] id: i64 }
#[Database::table(name = \"log\")] pub struct AuditLog { #[key] id: i64 }
#[Database::sqlite(file = \"s.db\")] pub struct Shop { products: Table<Product>, orders: Table<Order>, logs: Table<AuditLog> }
#[Database::sqlite(file = \"t.db\")] pub struct Archive { products: Table<Product>, old: Table<Order> }
#[service] pub struct Goods { shop: Shop }
";

/// Each cache with its settings and what it depends on, then the tables that are followed.
#[track_caller]
fn caches(source: &str, expected: Expect) {
    let model = model(&format!("{SHOP}{source}"));
    let mut text = String::new();
    for cache in &model.caches {
        let settings = (cache.ttl, cache.idle, cache.none_ttl, cache.capacity, &cache.tags);
        writeln!(text, "{} {:?} {settings:?}", cache.name, cache.of).expect("a line");
        for on in &cache.depends {
            writeln!(text, "  {}: {}", on.on(&model), on.because).expect("a line");
        }
        writeln!(text, "  {} notes", cache.notes(&model).len()).expect("a line");
    }
    for database in &model.databases {
        let followed = database.schema.tables.iter().filter(|table| table.followed);
        let followed: Vec<&str> = followed.map(|table| table.name.as_str()).collect();
        writeln!(text, "{} follows {}", database.name, followed.join(", ")).expect("a line");
    }
    expected.assert_eq(&text);
}

#[test]
fn a_tables_rows_have_a_cache_in_each_database() {
    caches(
        "",
        expect![[r#"
        archive.old Rows (None, None, None, Some(10), [])
          archive.old: it holds its rows
          0 notes
        shop.orders Rows (None, None, None, Some(10), [])
          shop.orders: it holds its rows
          0 notes
        archive follows old
        shop follows orders
    "#]],
    );
}

#[test]
fn a_functions_cache_is_called_by_its_path() {
    caches(
        "mod deep { use super::*; #[handler] impl Goods {
             #[Cache::memoize(ttl = \"5m\", idle = \"1m\", none_ttl = \"2s\", capacity = 7, tag = \"best\", tags(\"a\", \"b\"))]
             pub async fn r#best(&self) -> Result<u64> { Ok(self.shop.products.count().await?) }
         } }",
        expect![[r#"
            app::deep::best Function (Some(300000), Some(60000), Some(2000), Some(7), ["best", "a", "b"])
              shop.products: best: self.shop.products
              0 notes
            archive.old Rows (None, None, None, Some(10), [])
              archive.old: it holds its rows
              0 notes
            shop.orders Rows (None, None, None, Some(10), [])
              shop.orders: it holds its rows
              0 notes
            archive follows old
            shop follows orders, products
        "#]],
    );
}

#[test]
fn what_is_named_is_added_in_every_database_and_what_is_ignored_goes() {
    caches(
        "#[Cache::memoize(reads(Product), ignores(AuditLog))] async fn f(shop: &Shop) -> Result<u64> {
             shop.logs.count().await?;
             Ok(shop.orders.count().await?)
         }",
        expect![[r#"
            app::f Function (None, None, None, None, [])
              archive.products: f: reads(Product)
              shop.orders: f: shop.orders
              shop.products: f: reads(Product)
              0 notes
            archive.old Rows (None, None, None, Some(10), [])
              archive.old: it holds its rows
              0 notes
            shop.orders Rows (None, None, None, Some(10), [])
              shop.orders: it holds its rows
              0 notes
            archive follows old, products
            shop follows orders, products
        "#]],
    );
}

#[test]
fn a_whole_database_stands_for_its_tables_unless_some_are_ignored() {
    caches(
        "#[Cache::memoize] async fn whole(shop: &Shop) -> Result<u64> { shop.products.count().await?; outside::of(shop).await }
         #[Cache::memoize(ignores(AuditLog))] async fn but_one(shop: &Shop) -> Result<u64> { shop.products.count().await?; outside::of(shop).await }",
        expect![[r#"
            app::but_one Function (None, None, None, None, [])
              shop.orders: but_one: shop
              shop.products: but_one: shop.products
              1 notes
            app::whole Function (None, None, None, None, [])
              shop: whole: shop
              1 notes
            archive.old Rows (None, None, None, Some(10), [])
              archive.old: it holds its rows
              0 notes
            shop.orders Rows (None, None, None, Some(10), [])
              shop.orders: it holds its rows
              0 notes
            archive follows old
            shop follows log, orders, products
        "#]],
    );
}
