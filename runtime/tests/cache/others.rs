//! What others write: another connection, another process, a database that is put back.
#![expect(clippy::print_stdout, reason = "how soon it is seen is what the test shows")]

use std::time::{Duration, Instant};

use cell::db::Database as _;

use crate::shop::*;

/// After so long what others write is seen, as the documentation says.
const BEHIND: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread")]
async fn what_others_write_is_seen_within_the_bound() {
    for place in places().await {
        let shop = &place.shop;
        let mut longest = Duration::ZERO;
        for round in 0..10_u64 {
            assert_eq!(count(shop).await.expect("a number"), 3 + round);
            place.elsewhere("INSERT INTO products (maker, name, stock) VALUES (1, 'scarf', 1)").await;
            let committed = Instant::now();
            while count(shop).await.expect("a number") != 4 + round {
                assert!(committed.elapsed() < BEHIND, "seen too late");
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            longest = longest.max(committed.elapsed());
        }
        println!("{:?}: seen after {longest:?} at most", shop.handle().engine());
        assert!(status("count").hits > 0);
    }
}

/// The first who reads after a write of its own sees it, whatever others do.
#[tokio::test(flavor = "multi_thread")]
async fn another_opened_database_of_the_same_process_is_another() {
    for place in places().await {
        let other = Shop::open_at(&place.url).await.expect("a shop");
        assert_eq!((count(&place.shop).await.expect("3"), count(&other).await.expect("3")), (3, 3));
        other.products.insert(product(1, "scarf")).await.expect("a row");
        assert_eq!(count(&other).await.expect("4"), 4, "its own write");
        let committed = Instant::now();
        while count(&place.shop).await.expect("a number") != 4 {
            assert!(committed.elapsed() < BEHIND, "seen too late");
            tokio::task::yield_now().await;
        }
    }
}

/// Nobody hears of this: only that the feed is of another past says it.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_put_back_is_noticed() {
    let place = on_sqlite().await;
    let shop = &place.shop;
    assert_eq!(count(shop).await.expect("a number"), 3);
    let file = place.url.strip_prefix("sqlite:").expect("a file").to_owned();
    let backup = format!("{file}.backup");
    let source = rusqlite::Connection::open(&file).expect("a database");
    source.backup("main", &backup, None).expect("a backup");
    for _ in 0..5 {
        shop.products.insert(product(1, "scarf")).await.expect("a row");
    }
    assert_eq!(count(shop).await.expect("a number"), 8);
    let mut target = rusqlite::Connection::open(&file).expect("a database");
    target.busy_timeout(Duration::from_secs(5)).expect("patience");
    target.restore("main", &backup, None::<fn(rusqlite::backup::Progress)>).expect("put back");
    let restored = Instant::now();
    while count(shop).await.expect("a number") != 3 {
        assert!(restored.elapsed() < BEHIND, "noticed too late");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// While the feed can't be read, nothing that is held is given; when it can be read again, what changed meanwhile has fallen.
#[tokio::test(flavor = "multi_thread")]
async fn while_nothing_is_heard_nothing_is_given() {
    for place in places().await {
        let shop = &place.shop;
        assert_eq!(count(shop).await.expect("a number"), 3);
        place.elsewhere("ALTER TABLE cell_feed RENAME TO gone").await;
        tokio::time::sleep(BEHIND + Duration::from_millis(200)).await;
        let hits = status("count").hits;
        assert_eq!(count(shop).await.expect("a number"), 3);
        assert_eq!(count(shop).await.expect("a number"), 3);
        assert_eq!(status("count").hits, hits, "{:?}", status("count"));
        place.elsewhere("ALTER TABLE gone RENAME TO cell_feed").await;
        place.elsewhere("INSERT INTO products (maker, name, stock) VALUES (1, 'scarf', 1)").await;
        let until = async {
            while status("count").hits == hits {
                assert_eq!(count(shop).await.expect("a number"), 4);
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), until).await.expect("it is held again");
    }
}

/// Lines are cut off for one who did not come for long; who comes back begins anew.
#[tokio::test(flavor = "multi_thread")]
async fn who_was_forgotten_begins_anew() {
    for place in places().await {
        let shop = &place.shop;
        assert_eq!(count(shop).await.expect("a number"), 3);
        // As a trim does that takes the process for dead, together with the lines that it has not seen.
        place
            .elsewhere(
                "BEGIN; INSERT INTO products (maker, name, stock) VALUES (1, 'scarf', 1); \
                 DELETE FROM cell_consumers; DELETE FROM cell_feed; COMMIT",
            )
            .await;
        let forgotten = Instant::now();
        while count(shop).await.expect("a number") != 4 {
            assert!(forgotten.elapsed() < BEHIND, "noticed too late");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}
