//! A real replica, that streams from its primary: what is read where, while it follows, while it is behind, and while it is gone.

mod chaos;
mod lost;

use std::time::Duration;

use cell::db::{self, Database as _, Positions, as_caller, dec, sql};
use cell_migrate::throwaway::Cluster;

use crate::engines::{self, Fresh, healthy, reads_at_replica, replicated_on, until};
use crate::relay::Relay;
use crate::shop::{Product, Shop, customer, product};

/// A primary and its replica of one's own, and a database on it.
struct Pair {
    fresh: Fresh,
    primary: Cluster,
    replica: Cluster,
}

impl Pair {
    async fn start() -> Self {
        let (primary, replica) = Cluster::start_replicated().await.expect("a primary and its replica");
        let fresh = replicated_on(&primary, &replica).await;
        Self { fresh, primary, replica }
    }

    fn shop(&self) -> &Shop {
        &self.fresh.shop
    }

    /// The name of the database.
    fn name(&self) -> &str {
        engines::database_of(&self.fresh.url)
    }

    /// Runs statements on the replica's server.
    async fn at_replica(&self, statements: &str) {
        let url = self.replica.url().with_database(self.name());
        Shop::open_at(url.as_str()).await.unwrap().handle().script(statements).await.unwrap();
    }

    /// Has the replica stop where it is, with everything that was written until now.
    async fn pause(&self) {
        reads_at_replica(self.shop()).await;
        self.at_replica("SELECT pg_wal_replay_pause()").await;
        let url = self.replica.url().with_database(self.name());
        let shop = Shop::open_at(url.as_str()).await.unwrap();
        until("the replica pauses", async || {
            let state: Option<(String,)> = sql!("select pg_get_wal_replay_pause_state()").first(&shop).await.unwrap();
            state.is_some_and(|(state,)| state == "paused")
        })
        .await;
    }

    async fn resume(&self) {
        self.at_replica("SELECT pg_wal_replay_resume()").await;
    }
}

fn reads(shop: &Shop) -> Vec<u64> {
    shop.handle().replicas().iter().map(|replica| replica.reads).collect()
}

/// Another caller, which has written nothing.
async fn other<T>(work: impl Future<Output = T>) -> T {
    as_caller(Positions::default(), work).await.0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_go_to_the_replica_and_everything_else_to_the_primary() {
    let pair = Pair::start().await;
    let shop = pair.shop();
    reads_at_replica(shop).await;
    let before = reads(shop);
    let row = shop.products.insert(product("boot", dec!(1))).await.unwrap();
    shop.products.update(&row).await.unwrap();
    shop.products.filter(|p| p.sku.eq("sock")).delete().await.unwrap();
    sql!("insert into products (sku, name, category, price) values ('cap', 'cap', 'tool', 3)")
        .execute(shop)
        .await
        .unwrap();
    shop.try_transaction(async |tx| tx.products.get(row.id).await.map(drop)).await.unwrap();
    assert_eq!(reads(shop), before, "a transaction and what writes are the primary's");
    until("each kind of read is answered by the replica", async || {
        let before = reads(shop)[0];
        assert_eq!(shop.products.get(row.id).await.unwrap().as_ref(), Some(&row));
        assert_eq!(shop.products.count().await, Ok(2));
        assert!(shop.products.filter(|p| p.sku.eq("cap")).exists().await.unwrap());
        assert_eq!(shop.products.all().await.unwrap().len(), 2);
        let skus: Vec<(String,)> = sql!("select sku from products order by sku").all(shop).await.unwrap();
        assert_eq!(skus, [("boot".to_owned(),), ("cap".to_owned(),)]);
        let mut rows = shop.products.stream();
        while rows.next().await.unwrap().is_some() {}
        let count = db::try_snapshot(shop, async |tx| tx.products.count().await).await;
        assert_eq!(count, Ok(2));
        reads(shop)[0] == before + 7
    })
    .await;
}

/// With the replica stopped where it is, a read that has to see more goes to the primary, and no other does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_sees_what_it_wrote_while_the_replica_is_behind() {
    let pair = Pair::start().await;
    let shop = pair.shop();
    let row = shop.products.insert(product("boot", dec!(1))).await.unwrap();
    pair.pause().await;
    let before = reads(shop);
    let ((), written) = as_caller(Positions::default(), async {
        shop.products.update(&changed(&row)).await.unwrap();
        for _ in 0..3 {
            assert_eq!(shop.products.get(row.id).await.unwrap().map(|p| p.stock), Some(7));
        }
        let stocks: Vec<(i32,)> = sql!("select stock from products").all(shop).await.unwrap();
        assert_eq!(stocks, [(7,)]);
        let mut rows = shop.products.stream();
        assert_eq!(rows.next().await.unwrap().map(|p| p.stock), Some(7));
        let stock = db::try_snapshot(shop, async |tx| tx.products.get(row.id).await).await.unwrap();
        assert_eq!(stock.map(|p| p.stock), Some(7));
    })
    .await;
    assert_eq!(reads(shop), before, "the replica was passed over");
    // Whoever has written nothing is answered by it, with what it has.
    assert_eq!(other(shop.products.get(row.id)).await.unwrap().map(|p| p.stock), Some(0));
    assert_eq!(reads(shop)[0], before[0] + 1);
    // Of whom nothing is known, everything may be that the process has written.
    assert_eq!(shop.products.get(row.id).await.unwrap().map(|p| p.stock), Some(7));

    // What was written goes with the caller, as a text, to another process.
    let text = written.to_string();
    let (elsewhere, theirs) = (&pair.fresh.url, pair.replica.url().with_database(pair.name()));
    let elsewhere: Shop = db::open_replicated(elsewhere, &[("eu", theirs.as_str())]).await.unwrap();
    let (seen, after) = as_caller(text.parse().unwrap(), elsewhere.products.get(row.id)).await;
    assert_eq!(seen.unwrap().map(|p| p.stock), Some(7));
    assert_eq!(after, written, "it has written nothing since");
    pair.resume().await;
    reads_at_replica(shop).await;
    assert_eq!(shop.products.get(row.id).await.unwrap().map(|p| p.stock), Some(7));
}

/// The same row with a stock of 7.
fn changed(row: &Product) -> Product {
    Product { stock: 7, ..row.clone() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_is_a_write_and_a_failed_one_may_be() {
    let pair = Pair::start().await;
    let shop = pair.shop();
    pair.pause().await;
    let before = reads(shop);
    other(async {
        shop.try_transaction(async |tx| tx.products.insert(product("boot", dec!(1))).await.map(drop)).await.unwrap();
        assert_eq!(shop.products.count().await, Ok(1));
    })
    .await;
    other(async {
        shop.products.insert_many(["sock", "cap"].map(|sku| product(sku, dec!(1)))).await.unwrap();
        assert_eq!(shop.products.count().await, Ok(3));
    })
    .await;
    other(async {
        assert!(shop.products.insert(product("boot", dec!(1))).await.is_err());
        assert_eq!(shop.products.count().await, Ok(3));
    })
    .await;
    assert_eq!(reads(shop), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_may_be_as_old_as_is_said() {
    let pair = Pair::start().await;
    let shop = pair.shop();
    let row = shop.products.insert(product("boot", dec!(1))).await.unwrap();
    pair.pause().await;
    shop.products.update(&changed(&row)).await.unwrap();
    let stock = async |within: Duration| {
        let shop = Shop::rebind(shop.handle().stale_ok(within));
        shop.products.get(row.id).await.unwrap().map(|p| p.stock)
    };
    let hour = Duration::from_secs(3600);
    assert_eq!(stock(hour).await, Some(0), "the replica's, though the caller has written since");
    let behind = shop.handle().replicas()[0].behind.expect("it is known");
    assert!(behind < Duration::from_secs(60), "{behind:?}");
    // It gets older, and then it is too old.
    until("the replica is 300 ms behind", async || {
        shop.handle().replicas()[0].behind.is_some_and(|behind| behind > Duration::from_millis(300))
    })
    .await;
    assert_eq!(stock(Duration::from_millis(200)).await, Some(7));
    assert_eq!(stock(hour).await, Some(0));
    let text = Shop::rebind(shop.handle().stale_ok("1h"));
    assert_eq!(text.products.get(row.id).await.unwrap().map(|p| p.stock), Some(0));
    // It writes as ever, and a transaction sees all.
    let inside = db::try_transaction(&text, async |tx| tx.products.get(row.id).await).await.unwrap();
    assert_eq!(inside.map(|p| p.stock), Some(7));
    text.products.delete(row.id).await.unwrap();
    pair.resume().await;
    until("the replica has caught up", async || stock(hour).await.is_none()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_nearest_replica_answers_and_a_primary_that_is_nearer() {
    let pair = Pair::start().await;
    let (near, far) = (Relay::to(pair.replica.folder()), Relay::to(pair.replica.folder()));
    far.delay(Duration::from_millis(10));
    let replicas = [("far", far.url(pair.name())), ("near", near.url(pair.name()))];
    let replicas = replicas.each_ref().map(|(region, url)| (*region, url.as_str()));
    let to_primary = Relay::to(pair.primary.folder());
    to_primary.delay(Duration::from_millis(20));
    let shop: Shop = db::open_replicated(&to_primary.url(pair.name()), &replicas).await.unwrap();
    healthy(&shop).await;
    until("it is known how far away they are", async || {
        let distances = shop.handle().replicas().iter().map(|replica| replica.distance).collect::<Vec<_>>();
        matches!(distances[..], [Some(far), Some(near)] if near * 2 < far)
    })
    .await;
    let before = reads(&shop)[0];
    reads_at_replica(&shop).await;
    let [far_reads, near_reads] = reads(&shop)[..] else { panic!("two replicas") };
    assert_eq!(far_reads, before);
    assert!(near_reads > 0);
    near.delay(Duration::from_millis(100));
    until("the other one is nearer by now", async || {
        shop.products.count().await.unwrap();
        reads(&shop)[0] > 0
    })
    .await;
    far.delay(Duration::from_millis(150));
    to_primary.delay(Duration::from_millis(0));
    until("the primary is nearer than both", async || {
        let before = reads(&shop);
        shop.products.count().await.unwrap();
        reads(&shop) == before
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_follows_another_or_none_answers_no_read() {
    let pair = Pair::start().await;
    let stranger = engines::empty_postgres().await;
    let theirs = pair.replica.url().with_database(pair.name());
    let replicas = [("other", stranger.as_str()), ("self", pair.fresh.url.as_str()), ("eu", theirs.as_str())];
    let shop: Shop = db::open_replicated(&pair.fresh.url, &replicas).await.unwrap();
    let health = || shop.handle().replicas().iter().map(|replica| replica.is_healthy).collect::<Vec<_>>();
    until("the one that follows it answers", async || health()[2]).await;
    assert_eq!(health(), [false, false, true]);
    reads_at_replica(&shop).await;
    assert_eq!(reads(&shop)[..2], [0, 0]);
    // One that is made a primary goes its own way.
    pair.at_replica("SELECT pg_promote()").await;
    until("it is passed over", async || !health()[2]).await;
    shop.products.insert(product("boot", dec!(1))).await.unwrap();
    assert_eq!(shop.products.count().await, Ok(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_select_that_writes_is_the_primarys() {
    let pair = Pair::start().await;
    let shop = pair.shop();
    let make = "CREATE SEQUENCE numbers; CREATE FUNCTION sell(sku text) RETURNS bigint LANGUAGE sql \
                AS $$ INSERT INTO products (sku, name, category, price) VALUES (sku, 'x', 'tool', 1) RETURNING id $$";
    shop.handle().script(make).await.unwrap();
    reads_at_replica(shop).await;
    for number in 1..=3 {
        let next: Option<(i64,)> = sql!("select nextval('numbers')").first(shop).await.unwrap();
        assert_eq!(next, Some((number,)));
    }
    shop.products.insert(product("boot", dec!(1))).await.unwrap();
    let locked: Vec<(String,)> = sql!("select sku from products for share").all(shop).await.unwrap();
    assert_eq!(locked, [("boot".to_owned(),)]);
    // Nothing but its effect says that it has written.
    pair.pause().await;
    other(async {
        let sold: Option<(Option<i64>,)> = sql!("select sell('sock')").first(shop).await.unwrap();
        assert!(sold.is_some());
        assert_eq!(shop.products.count().await, Ok(2));
    })
    .await;
    other(async {
        let mut sold = sql!("select sell('cap')").stream::<(Option<i64>,)>(shop);
        assert!(sold.next().await.unwrap().is_some());
        assert_eq!(shop.products.count().await, Ok(3), "while the rows are still there to be read");
    })
    .await;
    other(async {
        let mut priced = sql!("update products set price = 2 returning sku").stream::<(String,)>(shop);
        assert!(priced.next().await.unwrap().is_some());
        drop(priced);
        assert_eq!(shop.products.filter(|p| p.price.eq(dec!(2))).count().await, Ok(3));
    })
    .await;
}

/// What is spawned for a caller, and what it has others do, is its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_caller_has_others_do_is_its_own() {
    let pair = Pair::start().await;
    let shop = pair.shop();
    pair.pause().await;
    let insert = |sku: &'static str| {
        let shop = shop.clone();
        async move { shop.products.insert(product(sku, dec!(1))).await.map(drop) }
    };
    other(async {
        tokio::spawn(db::same_caller(insert("boot"))).await.unwrap().unwrap();
        assert_eq!(shop.products.count().await, Ok(1));
    })
    .await;
    other(async {
        other(insert("sock")).await.unwrap();
        assert_eq!(shop.products.count().await, Ok(2));
    })
    .await;
    other(async {
        // Whoever does not wait for a write does not know whether it is done, but sees it where it is.
        let write =
            sql!("insert into products (sku, name, category, price) select 'cap', 'x', 'tool', 1 from pg_sleep(0.5)");
        let left = tokio::time::timeout(Duration::from_millis(50), write.execute(shop)).await;
        assert!(left.is_err(), "it takes longer");
        // What is written after it says nothing of it.
        shop.customers.insert(customer("ada")).await.unwrap();
        until("it is done, and seen", async || shop.products.count().await == Ok(3)).await;
        assert_eq!(shop.products.count().await, Ok(3));
    })
    .await;
}

/// Where commits are told of before they are flushed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_sees_what_it_wrote_where_commits_do_not_wait_for_the_disk() {
    let pair = Pair::start().await;
    let off = format!("ALTER DATABASE \"{}\" SET synchronous_commit = off", pair.name());
    pair.shop().handle().script(&off).await.unwrap();
    let theirs = pair.replica.url().with_database(pair.name());
    let shop: Shop = db::open_replicated(&pair.fresh.url, &[("eu", theirs.as_str())]).await.unwrap();
    healthy(&shop).await;
    for number in 1..=50 {
        shop.products.insert(product(&number.to_string(), dec!(1))).await.unwrap();
        assert_eq!(shop.products.count().await, Ok(number));
    }
    reads_at_replica(&shop).await;
}
