//! What only a server has: conflicts that it finds late, passwords, and connections that end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use cell::db::{self, DataError, Database, Isolation, dec};
use tokio::sync::Barrier;

use crate::engines;
use crate::shop::{Shop, product};

/// Each reads what the other writes: no order of the two gives what both saw.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_transactions_that_conflict_one_is_tried_again() {
    let fresh = engines::postgres().await;
    let shop = fresh.shop.clone();
    let (barrier, attempts) = (Arc::new(Barrier::new(2)), Arc::new(AtomicU32::new(0)));
    let tasks = ["boot", "sock"].map(|sku| {
        let (shop, barrier, attempts) = (shop.clone(), Arc::clone(&barrier), Arc::clone(&attempts));
        tokio::spawn(async move {
            shop.transaction(async |tx| {
                let seen = tx.products.count().await?;
                // Only the first attempts meet.
                if attempts.fetch_add(1, Ordering::SeqCst) < 2 {
                    barrier.wait().await;
                }
                tx.products.insert(product(sku, seen.into())).await?;
                Ok(seen)
            })
            .await
        })
    });
    let mut seen = Vec::new();
    for task in tasks {
        seen.push(task.await.unwrap().unwrap());
    }
    seen.sort_unstable();
    assert_eq!(seen, [0, 1], "as if one ran after the other");
    assert!(attempts.load(Ordering::SeqCst) >= 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conflict_is_tried_again_also_where_the_work_returns_an_error_of_its_own() {
    let fresh = engines::postgres().await;
    let shop = fresh.shop.clone();
    let row = shop.products.insert(product("boot", dec!(1))).await.unwrap();
    let attempts = AtomicU32::new(0);
    shop.transaction(async |tx| {
        let mut seen = tx.products.get(row.id).await?.ok_or(DataError::Timeout)?;
        if attempts.fetch_add(1, Ordering::SeqCst) == 0 {
            // Another connection writes the row in between.
            let (other, id) = (shop.clone(), row.id);
            let write = tokio::spawn(async move {
                let mut row = other.products.get(id).await.unwrap().unwrap();
                row.stock = 5;
                other.products.update(&row).await.unwrap();
            });
            write.await?;
        }
        seen.stock += 1;
        tx.products.update(&seen).await.map_err(|error| cell::Error::message(format!("wrapped: {error}")))?;
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(shop.products.get(row.id).await.unwrap().map(|p| p.stock), Some(6));
    assert_eq!(attempts.load(Ordering::SeqCst), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conflict_at_every_attempt_is_a_serialization_error_in_the_end() {
    let fresh = engines::postgres().await;
    let shop = fresh.shop.clone();
    let row = shop.products.insert(product("boot", dec!(1))).await.unwrap();
    let attempts = AtomicU32::new(0);
    let result: Result<(), DataError> = shop
        .try_transaction(async |tx| {
            attempts.fetch_add(1, Ordering::SeqCst);
            let mut seen = tx.products.get(row.id).await?.ok_or(DataError::Timeout)?;
            let (other, mut next) = (shop.clone(), seen.clone());
            next.stock += 10;
            tokio::spawn(async move { other.products.update(&next).await }).await.expect("no panic")?;
            seen.stock += 1;
            tx.products.update(&seen).await
        })
        .await;
    assert_eq!(result, Err(DataError::Serialization));
    assert_eq!(attempts.load(Ordering::SeqCst), 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_the_server_ended_is_replaced() {
    let fresh = engines::postgres().await;
    let shop = &fresh.shop;
    shop.products.insert(product("boot", dec!(1))).await.unwrap();
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let other = Shop::open_at(&fresh.url).await.unwrap();
    other.handle().script(end).await.unwrap();
    // The first statements may meet ended connections; none of them may hang, and they are replaced.
    let mut failed = 0;
    while shop.products.count().await != Ok(1) {
        failed += 1;
        assert!(failed <= 10, "the pool keeps handing out ended connections");
    }
}

/// As the next release's migration does it, while this one runs: no statement is any more as it was prepared.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_go_on_when_a_column_gets_another_type_below_them() {
    let fresh = engines::postgres().await;
    let shop = fresh.shop.clone();
    let (other, digits) = (Shop::open_at(&fresh.url).await.unwrap(), AtomicU32::new(12));
    let wider = async || {
        let digits = digits.fetch_add(1, Ordering::SeqCst) + 1;
        let alter = format!("ALTER TABLE products ALTER COLUMN price TYPE numeric({digits}, 2)");
        other.handle().script(&alter).await.unwrap();
    };
    let row = shop.products.insert(product("boot", dec!(1))).await.unwrap();
    let insert = async || {
        let added = shop.products.insert(product("sock", dec!(1))).await.unwrap();
        shop.products.delete(added.id).await.unwrap();
    };
    let get = async || assert_eq!(shop.products.get(row.id).await, Ok(Some(row.clone())));
    let all = async || assert_eq!(shop.products.all().await, Ok(vec![row.clone()]));
    let upsert = async || assert_eq!(shop.products.upsert(&row).await, Ok(row.clone()));
    let stream = async || {
        let mut stream = shop.products.stream();
        assert_eq!(stream.next().await, Ok(Some(row.clone())));
        assert_eq!(stream.next().await, Ok(None));
    };
    let attempts = AtomicU32::new(0);
    let transaction = async || {
        let get = async |tx: &cell::db::Tx<Shop>| {
            attempts.fetch_add(1, Ordering::SeqCst);
            tx.products.get(row.id).await
        };
        assert_eq!(shop.try_transaction(get).await, Ok(Some(row.clone())));
    };
    // Each is prepared, and then met by a change.
    macro_rules! met {
        ($($statement:ident),+) => {$(
            $statement().await;
            wider().await;
            $statement().await;
        )+};
    }
    met!(insert, get, all, upsert, stream);
    // The pool may give the second one another connection, which has prepared nothing; or the first, one that has.
    let mut transactions = 0;
    while attempts.load(Ordering::SeqCst) == transactions {
        assert!(transactions < 100, "no attempt was in vain");
        met!(transaction);
        transactions += 2;
    }
}

/// What another connection commits meanwhile, each level sees or not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_level_sees_what_it_says() {
    let fresh = engines::postgres().await;
    let shop = fresh.shop.clone();
    let seen = async |tx: &cell::db::Tx<Shop>, sku: &'static str| {
        let before = tx.products.count().await?;
        let other = shop.clone();
        let write = async move { other.products.insert(product(sku, dec!(1))).await };
        tokio::spawn(write).await.expect("no panic")?;
        Ok::<_, DataError>(tx.products.count().await? - before)
    };
    assert_eq!(db::try_transaction_at(&shop, Isolation::ReadCommitted, async |tx| seen(tx, "a").await).await, Ok(1));
    assert_eq!(db::try_transaction_at(&shop, Isolation::RepeatableRead, async |tx| seen(tx, "b").await).await, Ok(0));
    assert_eq!(db::try_snapshot(&shop, async |tx| seen(tx, "c").await).await, Ok(0));
    assert_eq!(shop.products.count().await, Ok(3));
}

#[tokio::test]
async fn a_password_stands_in_no_error_and_no_debug() {
    let refused = [
        "postgres://shop:hunter2@localhost:1/shop",
        "postgres://shop:hunter2@localhost:notaport/shop",
        "postgres://shop:hunter2@/shop?host=/nonexistent",
        "postgres://shop@localhost:1/shop?password=hunter2",
        "postgres://shop:hunter2@localhost/shop?sslmode=hunter2",
    ];
    for url in refused {
        let error = Shop::open_at(url).await.map(drop).unwrap_err();
        assert!(matches!(error, DataError::Open { .. }), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    }
    let url = engines::empty_postgres().await;
    let with_password = url.replacen("://cell@", "://cell:hunter2@", 1);
    assert!(with_password.contains("hunter2"));
    let shop = Shop::open_at(&with_password).await.unwrap();
    let printed = format!("{:?} {:?}", shop.handle(), shop.products);
    assert!(printed.contains("postgres") && !printed.contains("hunter2"), "{printed}");
    let error = shop.products.count().await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
}
