//! Everything at once: what callers are promised holds while all that can happen to a replica happens to it.

use std::time::Duration;

use cell::db::{self, Positions, as_caller, dec, sql};
use proptest::prelude::Rng as _;
use proptest::test_runner::{RngAlgorithm, TestRng};

use super::{Pair, reads};
use crate::engines::{reads_at_replica, until};
use crate::relay::Relay;
use crate::shop::{Product, Shop, product};

/// Callers write and read while their replica stops, goes on, is killed, comes back and is cut off, at random: none misses what it
/// has written, and no read fails.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_to_a_replica_callers_see_what_they_wrote() {
    let mut pair = Pair::start().await;
    let (to_replica, to_primary) = (Relay::to(pair.replica.folder()), Relay::to(pair.primary.folder()));
    to_primary.delay(Duration::from_millis(4));
    let replicas = [("eu", &*to_replica.url(pair.name()))];
    let shop: Shop = db::open_replicated(&to_primary.url(pair.name()), &replicas).await.unwrap();
    reads_at_replica(&shop).await;
    let stop = tokio::sync::watch::Sender::new(false);
    let callers = [0, 1, 2, 3, 4, 5].map(|caller| {
        let (shop, stop) = (shop.clone(), stop.subscribe());
        let work = async move {
            let row = shop.products.insert(product(&format!("p{caller}"), dec!(1))).await.unwrap();
            let mut stock = 0;
            while !*stop.borrow() {
                stock += 1;
                let by_key = shop.products.filter(|p| p.id.eq(row.id));
                match (caller + stock) % 3 {
                    0 => shop.products.update(&Product { stock, ..row.clone() }).await.unwrap(),
                    1 => drop(by_key.clone().update(|p| p.stock.set(stock)).await.unwrap()),
                    _ => {
                        let changed = Product { stock, ..row.clone() };
                        shop.try_transaction(async |tx| tx.products.update(&changed).await).await.unwrap();
                    }
                }
                for read in 0..4 {
                    let found = match (caller + stock + read) % 5 {
                        0 => shop.products.get(row.id).await.unwrap().map(|p| p.stock),
                        1 => by_key.clone().first().await.unwrap().map(|p| p.stock),
                        2 => {
                            let id = row.id;
                            let found: Option<(i32,)> =
                                sql!("select stock from products where id = {id}").first(&shop).await.unwrap();
                            found.map(|(stock,)| stock)
                        }
                        3 => by_key.clone().all().await.unwrap().pop().map(|p| p.stock),
                        _ => {
                            let get = async |tx: &db::Tx<Shop>| tx.products.get(row.id).await;
                            db::try_snapshot(&shop, get).await.unwrap().map(|p| p.stock)
                        }
                    };
                    assert_eq!(found, Some(stock), "caller {caller}");
                }
            }
            stock
        };
        tokio::spawn(as_caller(Positions::default(), work))
    });
    let mut random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    for _ in 0..20 {
        match random.next_u32() % 5 {
            0 => {
                pair.at_replica("SELECT pg_wal_replay_pause()").await;
                tokio::time::sleep(Duration::from_millis(150)).await;
                pair.at_replica("SELECT pg_wal_replay_resume()").await;
            }
            1 | 2 => {
                pair.replica.kill().unwrap();
                pair.replica.bring_back().await.unwrap();
            }
            3 => {
                to_replica.cut();
                tokio::time::sleep(Duration::from_millis(100)).await;
                to_replica.mend();
            }
            _ => {
                // Every connection ends, and the server stays as it is.
                let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' \
                           AND pid <> pg_backend_pid()";
                pair.at_replica(end).await;
            }
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    let before = reads(&shop);
    assert!(before[0] > 30, "it was hardly ever asked: {before:?}");
    until("the replica is of use again", async || reads(&shop) > before).await;
    stop.send_replace(true);
    for caller in callers {
        let (wrote, _) = caller.await.unwrap();
        assert!(wrote > 10, "{wrote}");
    }
}
