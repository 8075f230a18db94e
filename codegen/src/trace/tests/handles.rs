//! Handles that can be followed: through parameters, fields, closures, relations, and types that only say what they have.

use expect_test::expect;

use super::traced;

#[test]
fn transactions_and_snapshots_hand_their_database_on() {
    traced(
        "#[Cache::memoize] async fn a(shop: &Shop) -> Result<u64> {
             shop.snapshot(async |tx| {
                 let orders = tx.orders.all().await?;
                 tx.savepoint(async |inner| inner.lines.count().await).await
             }).await
         }
         #[Cache::memoize] async fn b(shop: Shop) -> Result<u64> { shop.transaction(in_it).await }
         async fn in_it(tx: &Tx<Shop>) -> Result<u64> { Ok(tx.customers.count().await?) }
         #[Cache::memoize] async fn c(shop: &Shop) -> Result<u64> { shop.clone().stale_ok(\"5s\").lines.count().await }
         #[Cache::memoize] async fn d(shop: &Shop) -> Result<u64> {
             cell::db::transaction(shop, async |tx: &Tx<Shop>| tx.lines.filter(|l| l.id.gt(1)).exists().await).await
         }",
        expect![[r#"
            a
              shop.lines <- a: inner.lines
              shop.orders <- a: tx.orders
            b
              shop.customers <- b → in_it: tx.customers
            c
              shop.lines <- c: shop.clone().stale_ok("5s").lines
            d
              shop.lines <- d: tx.lines
        "#]],
    );
}

#[test]
fn relations_read_the_other_side() {
    traced(
        "#[Cache::memoize] async fn one(shop: &Shop) -> Result<()> {
             for (order, customer) in shop.orders.with(|o| o.customer.with(|c| c.country)).all().await? {
                 let lines = order.lines(shop).all().await?;
             }
             Ok(())
         }
         #[Cache::memoize] async fn many(shop: &Shop) -> Result<()> {
             let found = shop.orders.filter(|o| o.id.gt(1)).with(|o| { o.lines }).page(10).await?;
             Ok(())
         }
         #[Cache::memoize] async fn rows(stock: &Stock, shop: &Shop) -> Result<()> {
             let Some(order) = shop.orders.get(1).await? else { return Ok(()) };
             let customer = order.customer(shop).await?;
             let country = customer.country(shop).await?;
             let product = stock.products.query().first().await?.unwrap();
             product.country(stock).await?;
             Ok(())
         }",
        expect![[r#"
            many
              shop.lines <- many: shop.orders.filter(|o| o.id.gt(1)).with(|o| { o.lines })
              shop.orders <- many: shop.orders
            one
              shop.countries <- one: shop.orders.with(|o| o.customer.with(|c| c.country))
              shop.customers <- one: shop.orders.with(|o| o.customer.with(|c| c.country))
              shop.lines <- one: order.lines(shop)
              shop.orders <- one: shop.orders
            rows
              shop.countries <- rows: customer.country(shop)
              shop.customers <- rows: order.customer(shop)
              shop.orders <- rows: shop.orders
              stock.countries <- rows: product.country(stock)
              stock.products <- rows: stock.products
        "#]],
    );
}

#[test]
fn a_search_reads_what_its_index_includes() {
    traced(
        "#[Cache::memoize] async fn found(stock: &Stock, words: &str) -> Result<u64> {
             let found = stock.products.search(words).lenient().facet_of(|p| p.country, |c| c.name).limit(3).await?;
             Ok(found.count)
         }",
        expect![[r#"
            found
              stock.countries <- found: stock.products.search(…)
              stock.products <- found: stock.products
        "#]],
    );
}

#[test]
fn what_is_known_only_by_what_it_has_may_be_every_database() {
    traced(
        "struct Over<D> { database: D }
         impl<D: Has<Product>> Over<D> {
             #[Cache::memoize] async fn over(&self) -> Result<u64> { Ok(self.database.table().count().await?) }
         }
         fn some() -> impl Has<Product> { outside::some() }
         #[Cache::memoize] async fn all() -> Result<u64> { Ok(some().table().count().await?) }
         #[Cache::memoize] async fn known(shop: &Shop) -> Result<u64> { count(shop).await }
         async fn count<D>(database: &D) -> Result<u64> where D: Has<Product> {
             let product = any().await?;
             Ok(database.table().count().await?)
         }
         #[Cache::memoize] async fn table(t: &Table<Product>) -> Result<u64> { Ok(t.count().await?) }
         async fn any() -> Result<u64> { Ok(1) }",
        expect![[r#"
            all
              shop.products <- all: some().table().count(…)
              stock.products <- all: some().table().count(…)
            known
              shop.products <- known → count: database.table().count(…)
            over
              shop <- over: self.database
              stock <- over: self.database
              ~ shop: `self.database` is taken apart
              ~ stock: `self.database` is taken apart
            table
              shop.products <- table: t.count(…)
              stock.products <- table: t.count(…)
        "#]],
    );
}

#[test]
fn plain_structs_and_their_parts_hold_handles() {
    traced(
        "pub struct Inner { shop: std::sync::Arc<Shop> }
         pub struct Outer { inner: Option<Inner>, pair: (Stock, i64) }
         impl Outer {
             fn shop(&self) -> &Shop { &self.inner.as_ref().unwrap().shop }
             #[Cache::memoize] async fn a(&self) -> Result<u64> { self.shop().lines.count().await }
             #[Cache::memoize] async fn b(&self) -> Result<u64> {
                 let Self { inner: Some(Inner { shop }), pair: (stock, n) } = self else { return Ok(0) };
                 stock.products.count().await?;
                 shop.orders.count().await
             }
         }
         pub struct Lists { shops: Vec<Shop>, stock: Option<Stock> }
         impl Lists {
             #[Cache::memoize] async fn g(&self) -> Result<u64> {
                 let shop = async { Ok::<_, Error>(self.shops[0].clone()) }.await?;
                 shop.orders.count().await
             }
             #[Cache::memoize] async fn e(&self) -> Result<u64> {
                 for shop in self.shops.iter().rev() { shop.lines.count().await?; }
                 let found = self.stock.as_ref().map(|stock| stock.products.count());
                 outside::all(self.shops.iter().map(|shop| shop.customers.count())).await
             }
         }
         #[Cache::memoize] async fn c() -> Result<u64> {
             let stock = Stock::open().await?;
             let outer = Outer { inner: None, pair: (stock, 1) };
             outer.pair.0.countries.count().await
         }
         struct New(Shop);
         impl std::ops::Deref for New { type Target = Shop; fn deref(&self) -> &Self::Target { &self.0 } }
         impl New { #[Cache::memoize] async fn f(&self) -> Result<u64> { self.stale_ok(\"1s\").orders.count().await?; self.lines.count().await } }
         static LAZY: std::sync::LazyLock<Shop> = std::sync::LazyLock::new(|| make());
         #[Cache::memoize] async fn d() -> Result<u64> { by_static().await }
         async fn by_static() -> Result<u64> { LAZY.products.count().await }",
        expect![[r#"
            a
              shop.lines <- a: self.shop().lines
            b
              shop.orders <- b: shop.orders
              stock.products <- b: stock.products
            c
              stock.countries <- c: outer.pair.0.countries
            d
              shop.products <- d → by_static: LAZY.products
            e
              shop.customers <- e: shop.customers
              shop.lines <- e: shop.lines
              stock.products <- e: stock.products
            f
              shop.lines <- f: self.lines
              shop.orders <- f: self.stale_ok("1s").orders
            g
              shop.orders <- g: shop.orders
        "#]],
    );
}

#[test]
fn traits_lead_to_every_impl_and_recursion_ends() {
    traced(
        "trait Source { async fn top(&self) -> u64; async fn twice(&self) -> u64 { self.top().await * 2 } }
         struct One { shop: Shop } struct Two { stock: Stock }
         impl Source for One { async fn top(&self) -> u64 { self.shop.lines.count().await } }
         impl Source for Two { async fn top(&self) -> u64 { self.stock.products.count().await } }
         #[Cache::memoize] async fn any(source: &dyn Source) -> u64 { source.top().await }
         #[Cache::memoize] async fn one(source: &One) -> u64 { source.twice().await }
         #[Cache::memoize] async fn round(shop: &Shop, n: u64) -> u64 { if n == 0 { shop.orders.count().await } else { again(shop, n - 1).await } }
         async fn again(shop: &Shop, n: u64) -> u64 { round(shop, n).await }
         trait Counted { async fn counted(&self) -> u64; }
         impl Counted for Shop { async fn counted(&self) -> u64 { self.customers.count().await } }
         #[Cache::memoize] async fn extended(shop: &Shop) -> u64 { shop.counted().await + Counted::counted(shop).await + <Shop as Counted>::counted(shop).await }",
        expect![[r#"
            any
              shop.lines <- any → top: self.shop.lines
              stock.products <- any → top: self.stock.products
            extended
              shop.customers <- extended → counted: self.customers
            one
              shop.lines <- one → twice → top: self.shop.lines
            round
              shop.orders <- round: shop.orders
        "#]],
    );
}

#[test]
fn a_call_of_another_cell_reads_what_that_reads() {
    traced(
        "#[service] pub struct Tax { stock: Stock }
         #[handler] impl Tax { pub async fn rate(&self, id: i64) -> Result<i64> { self.stock.countries.get(id).await?; Ok(1) } }
         #[service] pub struct Goods { tax: Synapse<Tax> }
         impl Goods { #[Cache::memoize] async fn price(&self) -> Result<i64> { self.tax.rate(1).await } }",
        expect![[r#"
            price
              stock.countries <- price → rate: self.stock.countries
        "#]],
    );
}

#[test]
fn another_caches_dependencies_count_with_what_it_says_it_reads() {
    traced(
        "#[Cache::memoize(reads(Customer))] async fn inner(shop: &Shop) -> Result<u64> { Ok(1) }
         #[Cache::memoize] async fn outer(shop: &Shop) -> Result<u64> { inner(shop).await }",
        expect![[r#"
            inner
              shop.customers <- inner: reads(Customer)
            outer
              shop.customers <- outer → inner: reads(Customer)
        "#]],
    );
}

#[test]
fn writes_have_their_place_and_their_way() {
    traced(
        "#[Cache::memoize] async fn direct(shop: &Shop) -> Result<()> { shop.lines.filter(|l| l.id.eq(1)).delete().await?; Ok(()) }
         #[Cache::memoize] async fn behind(shop: &Shop) -> Result<()> {
             shop.transaction(async |tx| { note(tx).await }).await
         }
         async fn note(tx: &Tx<Shop>) -> Result<()> { tx.orders.insert(new()).await?; tx.lines.insert_many(many()).await?; Ok(()) }
         #[Cache::memoize] async fn by_hand(shop: &Shop) -> Result<()> { sql!(Shop, \"delete from lines\").execute(shop).await?; Ok(()) }",
        expect![[r#"
            behind
              shop.lines <- behind → note: tx.lines
              shop.orders <- behind → note: tx.orders
              ! shop.orders <- behind → note: tx.orders.insert(…)
              ! shop.lines <- behind → note: tx.lines.insert_many(…)
            by_hand
              shop <- by_hand: sql!(Shop, "delete from lines")
              ! shop <- by_hand: sql!(Shop, "delete from lines")
              ~ shop: `sql!(Shop, "delete from lines")` is asked by `sql!`, which may read any table
            direct
              shop.lines <- direct: shop.lines
              ! shop.lines <- direct: shop.lines.filter(|l| l.id.eq(1)).delete(…)
        "#]],
    );
}

#[test]
fn a_long_way_down_is_followed_to_its_end() {
    let steps: String = (0..60)
        .map(|at| format!("async fn f{at}(shop: &Shop) -> Result<u64> {{ f{}(shop).await }}\n", at + 1))
        .collect();
    let source = format!(
        "#[Cache::memoize] async fn top(shop: &Shop) -> Result<u64> {{ f0(shop).await }}\n{steps}
         async fn f60(shop: &Shop) -> Result<u64> {{ use Inner as I; mod inner {{}} struct Inner; impl Inner {{ async fn at(s: &Shop) -> u64 {{ s.lines.count().await }} }} Ok(I::at(shop).await) }}",
    );
    let found = super::lines(&source);
    let line = found.lines().nth(1).unwrap_or_default();
    assert!(line.starts_with("  shop.lines <- top → f0 → f1 → ") && line.ends_with(" → f60 → at: s.lines"), "{found}");
    assert_eq!(found.lines().count(), 2, "{found}");
}

#[test]
fn calls_that_wrap_their_arguments_again_and_again_end() {
    traced(
        "struct One; struct Two { shop: Shop }
         impl One { fn put(&self, it: u8) -> u64 { outside::of().put(Some(it)); outside::of().put((it, 1)); 1 } }
         #[Cache::memoize] async fn f(two: &Two) -> u64 { outside::of().put(vec![two]); wrapped(two, 3) }
         fn wrapped<T>(it: T, n: u64) -> u64 { wrapped((it, n), n - 1) }",
        expect![[r#"
            f
              shop <- f: vec![two]
              ~ shop: `vec![two]` is passed to `put`
              ~ shop: `Some(it)` is passed to `put`
              ~ shop: `(it, 1)` is passed to `put`
        "#]],
    );
}
