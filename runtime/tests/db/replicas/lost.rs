//! A replica that is killed, and one that is cut off: reads go on.

use std::time::{Duration, Instant};

use cell::db::{self, DataError, Database as _, dec};

use super::{Pair, reads};
use crate::engines::{healthy, reads_at_replica, until};
use crate::relay::Relay;
use crate::shop::{Shop, customer, product};

/// Reads all the while that the replica is killed and comes back: none fails.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_is_killed_is_passed_over_until_it_is_back() {
    let mut pair = Pair::start().await;
    let shop = pair.fresh.shop.clone();
    shop.products.insert_many((0..200).map(|n| product(&n.to_string(), dec!(1)))).await.unwrap();
    reads_at_replica(&shop).await;
    let stop = tokio::sync::watch::Sender::new(false);
    let readers = [0, 1, 2, 3].map(|reader| {
        let (shop, stop) = (shop.clone(), stop.subscribe());
        tokio::spawn(async move {
            let mut done = 0;
            while !*stop.borrow() {
                match reader {
                    0 => assert_eq!(shop.products.all().await.map(|rows| rows.len()), Ok(200)),
                    1 => assert_eq!(shop.products.count().await, Ok(200)),
                    2 => {
                        let twice =
                            async |tx: &db::Tx<Shop>| Ok((tx.products.count().await?, tx.products.count().await?));
                        assert_eq!(db::try_snapshot(&shop, twice).await, Ok::<_, DataError>((200, 200)));
                    }
                    _ => assert!(shop.products.filter(|p| p.sku.eq("7")).first().await.unwrap().is_some()),
                }
                done += 1;
            }
            done
        })
    });
    pair.replica.kill().unwrap();
    until("the replica is passed over", async || !shop.handle().replicas()[0].is_healthy).await;
    // What it had answered may still be on its way.
    until("it answers nobody any more", async || {
        let before = reads(&shop);
        for _ in 0..20 {
            assert_eq!(shop.products.count().await, Ok(200));
        }
        reads(&shop) == before
    })
    .await;
    let gone = reads(&shop);
    assert_eq!(shop.products.count().await, Ok(200));
    let ada = shop.customers.insert(customer("ada")).await.unwrap();
    assert_eq!(shop.customers.all().await, Ok(vec![ada]));
    assert_eq!(reads(&shop), gone);
    pair.replica.bring_back().await.unwrap();
    healthy(&shop).await;
    reads_at_replica(&shop).await;
    stop.send_replace(true);
    for reader in readers {
        assert!(reader.await.unwrap() > 0);
    }
}

/// Where nothing comes back, and no connection ends, the watch finds out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_does_not_answer_any_more_keeps_nobody_waiting_for_long() {
    let pair = Pair::start().await;
    let (relay, to_primary) = (Relay::to(pair.replica.folder()), Relay::to(pair.primary.folder()));
    to_primary.delay(Duration::from_millis(5));
    let replicas = [("eu", &*relay.url(pair.name()))];
    let shop: Shop = db::open_replicated(&to_primary.url(pair.name()), &replicas).await.unwrap();
    shop.products.insert(product("boot", dec!(1))).await.unwrap();
    reads_at_replica(&shop).await;
    relay.cut();
    let begun = Instant::now();
    let ((), (), ()) = tokio::join!(
        async { assert_eq!(shop.products.count().await, Ok(1)) },
        async { assert_eq!(shop.products.all().await.map(|rows| rows.len()), Ok(1)) },
        async {
            let count = db::try_snapshot(&shop, async |tx| tx.products.count().await).await;
            assert_eq!(count, Ok::<_, DataError>(1));
        },
    );
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    until("it is known", async || !shop.handle().replicas()[0].is_healthy).await;
    let quick = Instant::now();
    assert_eq!(shop.products.count().await, Ok(1));
    assert!(quick.elapsed() < Duration::from_secs(1), "the next one knows");
    relay.mend();
    reads_at_replica(&shop).await;
}
