//! Methods that are guessed by their names, or by what anything may have: what they read counts, and what else it may be as well.

use expect_test::expect;

use super::traced;

#[test]
fn what_a_guessed_method_writes_is_no_mistake() {
    traced(
        "static JOBS: std::sync::LazyLock<Shop> = std::sync::LazyLock::new(|| open());
         struct Jobs { id: i64 }
         impl Jobs {
             async fn insert(&self, id: i64) -> u64 { JOBS.lines.insert(line(id)).await; self.deeper().await }
             async fn deeper(&self) -> u64 { below().await }
         }
         async fn below() -> u64 { JOBS.orders.delete(1).await }
         #[Cache::memoize] async fn set(shop: &Shop, id: i64) -> u64 {
             let mut seen = HashSet::new();
             seen.insert(id);
             shop.products.count().await
         }
         #[Cache::memoize] async fn both(jobs: &Jobs, id: i64) -> u64 {
             let mut seen = std::collections::HashSet::new();
             seen.insert(id);
             outside::macros!(insert of it);
             jobs.insert(id).await
         }
         #[Cache::memoize] async fn plan(shop: &Shop) -> u64 {
             sql!(\"explain query plan select id from lines\").all(shop).await;
             sql!(\"show work_mem\").all(shop).await;
             sql!(\"explain analyze delete from lines\").all(shop).await
         }",
        expect![[r#"
            both
              shop.lines <- both → insert: JOBS.lines
              shop.orders <- both → insert → deeper → below: JOBS.orders
              ! shop.lines <- both → insert: JOBS.lines.insert(…)
              ! shop.orders <- both → insert → deeper → below: JOBS.orders.delete(…)
            plan
              shop <- plan: sql!("explain query plan select id from lines")
              ! shop <- plan: sql!("explain analyze delete from lines")
              ~ shop: `sql!("explain query plan select id from lines")` is asked by `sql!`, which may read any table
              ~ shop: `sql!("show work_mem")` is asked by `sql!`, which may read any table
              ~ shop: `sql!("explain analyze delete from lines")` is asked by `sql!`, which may read any table
            set
              shop.lines <- set → insert: JOBS.lines
              shop.orders <- set → insert → deeper → below: JOBS.orders
              shop.products <- set: shop.products
        "#]],
    );
}

#[test]
fn a_trait_that_asks_for_a_method_does_not_hide_anothers() {
    traced(
        "trait Store { async fn top(&self) -> u64; async fn read(&self) -> u64; }
         struct Db<D> { database: D }
         impl<D: Has<Product>> Store for Db<D> {
             async fn top(&self) -> u64 { self.database.table().count().await }
             async fn read(&self) -> u64 { AMBIENT.countries.count().await }
         }
         static AMBIENT: std::sync::LazyLock<Stock> = std::sync::LazyLock::new(|| open());
         #[Cache::memoize] async fn a(store: &Db<Shop>) -> u64 { store.top().await }
         struct Locked { shop: tokio::sync::RwLock<Shop> }
         impl Locked { #[Cache::memoize] async fn b(&self) -> u64 { self.shop.read().await.products.count().await } }
         struct Inner { shop: Shop }
         impl Inner { async fn top(&self) -> u64 { self.shop.lines.count().await } }
         struct New(Inner);
         impl std::ops::Deref for New { type Target = Inner; fn deref(&self) -> &Inner { &self.0 } }
         #[Cache::memoize] async fn c(new: &New) -> u64 { new.top().await }",
        expect![[r#"
            a
              shop <- a: store.top()
              ~ shop: `store.top()` is used by `top`
              ~ shop: `self.database` is taken apart
              ~ shop: `self.shop` is taken apart
            b
              shop <- b: self.shop.read()
              stock.countries <- b → read: AMBIENT.countries
              ~ shop: `self.shop.read()` is used by `read`
            c
              shop.lines <- c → top: self.shop.lines
        "#]],
    );
}
