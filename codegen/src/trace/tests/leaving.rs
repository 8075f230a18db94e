//! Handles that leave what can be followed: the whole database is read, and the place is known.

use expect_test::expect;

use super::traced;

#[test]
fn what_is_passed_stored_returned_or_sent_somewhere_is_let_go_of() {
    traced(
        "#[Cache::memoize] async fn passed(shop: &Shop) -> Result<u64> { outside::read(shop).await }
         #[Cache::memoize] async fn stored(shop: &Shop) -> Result<u64> { let any = Any { it: Box::new(shop.clone()) }; any.go().await }
         struct Any { it: Box<dyn std::any::Any> }
         #[Cache::memoize] async fn hidden(shop: &Shop) -> Result<u64> { let b: Box<dyn std::any::Any> = hide(shop); Ok(0) }
         fn hide(shop: &Shop) -> Box<dyn std::any::Any> { Box::new(shop.clone()) }
         #[Cache::memoize] async fn called(shop: &Shop, f: fn(u8) -> u8) -> Result<u64> { let g = make(); g(shop).await }
         #[Cache::memoize] async fn assigned(shop: &Shop) -> Result<u64> { let mut slot = None; slot = Some(shop); slot.unwrap().lines.count().await }
         #[Cache::memoize] async fn question(shop: &Shop) -> Result<u64> { outside::run(shop.lines.filter(|l| l.id.eq(1))).await }",
        expect![[r#"
            assigned
              shop <- assigned: Some(shop)
              ~ shop: `Some(shop)` is assigned
            called
              shop <- called: shop
              ~ shop: `shop` is passed to `g`
            hidden
              shop <- hidden → hide: Box::new(shop.clone())
              ~ shop: `Box::new(shop.clone())` is returned
            passed
              shop <- passed: shop
              ~ shop: `shop` is passed to `read`
            question
              shop <- question: shop.lines.filter(|l| l.id.eq(1))
              shop.lines <- question: shop.lines
              ~ shop: `shop.lines.filter(|l| l.id.eq(1))` is passed to `run`
            stored
              shop <- stored: Box::new(shop.clone())
              ~ shop: `Box::new(shop.clone())` is stored
        "#]],
    );
}

#[test]
fn wrappers_that_are_not_known_are_let_go_of_where_they_are_used() {
    traced(
        "struct Pool { shops: std::sync::Mutex<Vec<Shop>>, by_name: std::collections::HashMap<String, Stock>, other: Shop }
         impl Pool {
             #[Cache::memoize] async fn a(&self) -> Result<u64> { let shop = self.shops.lock().unwrap().pop(); shop.lines.count().await }
             #[Cache::memoize] async fn b(&self) -> Result<u64> { self.by_name.get(\"x\").unwrap().products.count().await }
             #[Cache::memoize] async fn c(&self) -> Result<u64> { outside::go(self).await }
             #[Cache::memoize] async fn none(&self) -> Result<u64> { let n = self.count + 1; Ok(outside::go(n)) }
         }
         enum Mode { With(Shop), Without }
         #[Cache::memoize] async fn d(mode: &Mode) -> Result<u64> { match mode { Mode::With(shop) => shop.lines.count().await, Mode::Without => Ok(0) } }",
        expect![[r#"
            a
              shop <- a: self.shops.lock()
              ~ shop: `self.shops.lock()` is used by `lock`
            b
              stock <- b: self.by_name.get("x").unwrap().products
              ~ stock: `self.by_name.get("x").unwrap().products` is taken apart
            c
              shop <- c: self
              stock <- c: self
              ~ shop: `self` is passed to `go`
              ~ stock: `self` is passed to `go`
            d
              shop <- d: shop.lines
              ~ shop: `shop.lines` is taken apart
            none
              shop <- none: self.count
              stock <- none: self.count
              ~ shop: `self.count` is taken apart
              ~ stock: `self.count` is taken apart
        "#]],
    );
}

#[test]
fn a_statement_of_ones_own_may_read_everything() {
    traced(
        "#[Cache::memoize] async fn a(shop: &Shop) -> Result<Vec<(i64,)>> { Ok(sql!(Shop, \"select id from lines\").all(shop).await?) }
         #[Cache::memoize] async fn b(shop: &Shop) -> Result<u64> { shop.transaction(async |tx| { let s = sql!(\"select lock(id) from lines\"); s.first(tx).await }).await }",
        expect![[r#"
            a
              shop <- a: sql!(Shop, "select id from lines")
              ~ shop: `sql!(Shop, "select id from lines")` is asked by `sql!`, which may read any table
            b
              shop <- b: s
              ~ shop: `s` is asked by `sql!`, which may read any table
        "#]],
    );
}

#[test]
fn a_relation_that_is_not_seen_may_lead_anywhere() {
    traced(
        "#[Cache::memoize] async fn a(shop: &Shop) -> Result<()> { shop.orders.with(chosen).all().await?; Ok(()) }
         #[Cache::memoize] async fn b(shop: &Shop) -> Result<()> { let order = somewhere(); order.customer(shop).await?; Ok(()) }",
        expect![[r#"
            a
              shop <- a: shop.orders.with(chosen)
              shop.orders <- a: shop.orders
              ~ shop: `shop.orders.with(chosen)` is asked for a relation that is not seen here
            b
              shop <- b: shop
              ~ shop: `shop` is passed to `customer`
        "#]],
    );
}

#[test]
fn what_holds_no_handle_is_harmless_but_what_it_calls_may_open_one() {
    traced(
        "#[Cache::memoize] async fn a(names: Vec<String>) -> Result<u64> {
             let map = names.iter().filter(|n| n.len() > 1).map(|n| n.all()).count();
             Ok(map.get(1).first().update(2))
         }
         struct Secret2;
         impl Secret2 { async fn ambient(&self) -> Result<u64> { Shop::open().await?.lines.count().await } }
         #[Cache::memoize] async fn b() -> Result<u64> { let it = outside::make(); it.ambient().await }
         #[Cache::memoize] async fn c(cx: &Context) -> Result<u64> { let s = cx.shared::<Stock>(); s.products.count().await }",
        expect![[r#"
            a
            b
              shop.lines <- b → ambient: Shop::open().await?.lines
            c
              shop <- c: cx.shared::<Stock>()
              stock <- c: cx.shared::<Stock>()
              ~ shop: `cx.shared::<Stock>()` is used by `shared`
              ~ stock: `cx.shared::<Stock>()` is used by `shared`
              ~ stock: `s.products` is taken apart
        "#]],
    );
}

#[test]
fn what_nothing_is_known_of_may_be_a_handle_where_it_is_used_as_one() {
    traced(
        "lazy! { static ref SHOP: Shop = open(); }
         #[Cache::memoize] async fn a() -> Result<u64> { let n = SHOP.lines.count().await?; Ok(n) }
         #[Cache::memoize] async fn b() -> Result<u64> { SHOP.snapshot(async |tx| tx.orders.count().await).await }
         #[Cache::memoize] async fn c() -> Result<u64> { made_by_a_macro().inner().products.insert(1); Ok(0) }
         trait Repo { type Db: Has<Product>; fn db(&self) -> &Self::Db; }
         struct One;
         impl Repo for One { type Db = Shop; fn db(&self) -> &Self::Db { &SHOP } }
         #[Cache::memoize] async fn d(one: &One) -> Result<u64> { Ok(one.db().table().count().await?) }
         #[Cache::memoize] async fn e(names: Vec<String>) -> Result<Option<u64>> {
             let first: u64 = Default::default();
             let none = None;
             Ok(if names.is_empty() { none } else { Some(u64::from(first).max(names.iter().count())) })
         }
         #[Cache::memoize] async fn f(shop: Option<Shop>) -> Result<Option<u64>> {
             match shop { None => Ok(None), Some(shop) => Ok(Some(shop.lines.count().await?)) }
         }",
        expect![[r#"
            a
              shop.lines <- a: SHOP.lines
            b
              shop.orders <- b: tx.orders
            c
              shop.products <- c: made_by_a_macro().inner().products
              stock.products <- c: made_by_a_macro().inner().products
            d
              shop <- d: one.db().table()
              ~ shop: `one.db().table()` is used by `table`
            e
            f
              shop.lines <- f: shop.lines
        "#]],
    );
}

#[test]
fn handles_are_followed_through_lists_and_functions_that_are_handed_on() {
    traced(
        "struct Item { id: i64 }
         impl Item { async fn load(&self, shop: &Shop) -> Result<u64> { shop.lines.count().await } }
         struct Goods { shop: Shop, items: Vec<Item> }
         impl Goods {
             #[Cache::memoize] async fn a(&self) -> Result<u64> { outside::all(self.items.iter().map(|item| item.load(&self.shop))).await }
             #[Cache::memoize] async fn b(&self) -> Result<u64> { let f = Self::orders; let g = top; Ok(1) }
             async fn orders(&self) -> Result<u64> { self.shop.orders.count().await }
             #[Cache::memoize] async fn c(&self) -> Result<u64> { outside::spawn(async move { self.shop.customers.count().await }).await }
             #[Cache::memoize] async fn d(&self) -> Result<u64> { with(&self.shop, async |s: &Shop| s.countries.count().await).await }
         }
         async fn top(shop: &Shop) -> Result<u64> { shop.products.count().await }
         async fn with<R>(shop: &Shop, work: impl AsyncFnOnce(&Shop) -> R) -> R { work(shop).await }",
        expect![[r#"
            a
              shop.lines <- a → load: shop.lines
            b
              shop.orders <- b → orders: self.shop.orders
              shop.products <- b → top: shop.products
            c
              shop.customers <- c: self.shop.customers
            d
              shop <- d → with: shop
              shop.countries <- d: s.countries
              ~ shop: `shop` is passed to `work`
        "#]],
    );
}

#[test]
fn a_lists_methods_are_told_from_those_of_what_is_in_it() {
    traced(
        "struct Item { shop: Shop }
         impl Item {
             async fn first(&self) -> u64 { self.shop.orders.count().await }
             async fn load(&self) -> u64 { self.shop.lines.count().await }
         }
         struct Goods { items: Vec<Item>, one: std::sync::Arc<Item> }
         impl Goods {
             #[Cache::memoize] async fn a(&self) -> u64 { self.items.first().unwrap().load().await }
             #[Cache::memoize] async fn b(&self) -> u64 { let n = self.one.first().await; outside::of(n) }
             #[Cache::memoize] async fn c(&self) -> u64 { let Some(item) = self.items.iter().next() else { return 0 }; item.load().await }
             #[Cache::memoize] async fn d(&self) -> u64 { let items = vec![Item { shop: self.one.shop.clone() }]; items.first().unwrap().load().await }
             #[Cache::memoize] async fn e(&self) -> u64 { let shops: Vec<Shop> = self.items.iter().map(|item| item.shop.clone()).collect(); shops[0].customers.count().await }
         }",
        expect![[r#"
            a
              shop.lines <- a → load: self.shop.lines
              shop.orders <- a → first: self.shop.orders
            b
              shop.orders <- b → first: self.shop.orders
            c
              shop.lines <- c → load: self.shop.lines
            d
              shop.lines <- d → load: self.shop.lines
              shop.orders <- d → first: self.shop.orders
            e
              shop.customers <- e: shops[0].customers
        "#]],
    );
}

#[test]
fn the_rest_of_a_literal_is_a_part_of_it() {
    traced(
        "struct Any { it: Box<dyn std::any::Any>, n: u64 }
         #[Cache::memoize] async fn a(shop: &Shop) -> u64 { let any = Any { n: 1, ..outside::of::<Shop>() }; any.go().await }",
        expect![[r#"
            a
              shop <- a: outside::of::<Shop>()
              ~ shop: `outside::of::<Shop>()` is stored
        "#]],
    );
}
