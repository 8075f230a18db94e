//! Macros: arguments that are expressions, arguments that are not, and macros nobody knows.

use expect_test::expect;

use super::traced;

#[test]
fn arguments_that_are_expressions_are_followed() {
    traced(
        "#[Cache::memoize] async fn a(shop: &Shop) -> Result<String> {
             let (lines, orders) = tokio::join!(shop.lines.count(), shop.orders.all());
             assert!(shop.customers.exists().await?, \"none of {}\", shop.countries.count().await?);
             Ok(format!(\"{} of {n}\", shop.products.count().await?, n = 3))
         }
         #[Cache::memoize] async fn b(shop: &Shop) -> Result<u64> {
             for shop in vec![shop.clone()] { shop.lines.count().await?; }
             tokio::select! {
                 found = shop.orders.count() => found,
                 Some(x) = other(), if x > 2 => { shop.customers.count().await }
             }
         }",
        expect![[r#"
            a
              shop.countries <- a: shop.countries
              shop.customers <- a: shop.customers
              shop.lines <- a: shop.lines
              shop.orders <- a: shop.orders
              shop.products <- a: shop.products
            b
              shop.customers <- b: shop.customers
              shop.lines <- b: shop.lines
              shop.orders <- b: shop.orders
        "#]],
    );
}

#[test]
fn what_a_macro_captures_is_let_go_of() {
    traced(
        "#[Cache::memoize] async fn a(shop: &Shop) -> Result<u64> { read!(shop.lines) }
         #[Cache::memoize] async fn b(shop: &Shop) -> Result<u64> { read!(from shop take lines) }
         #[Cache::memoize] async fn c() -> Result<u64> { read!(of open_it take lines) }
         async fn open_it() -> Result<u64> { Shop::open().await?.orders.count().await }
         #[Cache::memoize] async fn d(shop: &Shop, n: u64) -> Result<u64> { read!(n take lines) }",
        expect![[r#"
            a
              shop <- a: shop.lines
              ~ shop: `shop.lines` is captured by `read!`
            b
              shop <- b: shop
              ~ shop: `shop` is captured by a macro
            c
              shop.orders <- c → open_it: Shop::open().await?.orders
            d
        "#]],
    );
}

#[test]
fn what_an_unknown_macro_gives_may_be_a_handle() {
    traced(
        "#[Cache::memoize] async fn a() -> u64 { let shop = shop!(); shop.lines.count().await }
         #[Cache::memoize] async fn c(shop: &Shop) -> u64 { log::info!(\"{}\", 1); shop.orders.count().await }",
        expect![[r#"
            a
              shop.lines <- a: shop.lines
            c
              shop.orders <- c: shop.orders
        "#]],
    );
}
