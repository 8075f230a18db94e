//! What an index survives: ends, returns to an earlier state, damage, and rows that it can't take. When it is quiet, it equals its table.

use std::path::{Path, PathBuf};
use std::time::Duration;

use cell::db::Database as _;
use cell::prelude::*;
use cell::search::Verified;

use crate::shop::{Place, Shop, on_postgres, on_sqlite, places, product};

async fn fill(place: &Place, from: i64, to: i64) {
    let rows = (from..to).map(|at| product(&format!("s{at}"), &format!("Thing {at}"), Decimal::new(at, 2)));
    place.shop.products.insert_many(rows.collect::<Vec<_>>()).await.expect("rows");
}

/// The index and the table are the same, and have so many rows.
async fn equal(shop: &Shop, rows: u64) {
    let verified = shop.products.verify_search().await.expect("both");
    assert_eq!(verified, Verified { rows, documents: rows, differing: Vec::new() });
}

fn file(place: &Place) -> PathBuf {
    place.url.strip_prefix("sqlite:").expect("a file").into()
}

/// The folder of the index of `products`.
fn folder(place: &Place) -> PathBuf {
    let mut name = file(place).into_os_string();
    name.push(".search");
    let products = PathBuf::from(name).join("products");
    let mut hashes = std::fs::read_dir(&products).expect("an index").map(|entry| entry.expect("a folder").path());
    hashes.next().expect("an index")
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).expect("a copy");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_goes_on_where_it_was_left() {
    let place = on_sqlite().await;
    fill(&place, 0, 100).await;
    equal(&place.shop, 100).await;
    place.shop.handle().close().await;
    let generation = std::fs::read_to_string(folder(&place).join("current")).expect("a number");
    let again = Shop::open_at(&place.url).await.expect("a shop");
    again.handle().script("DELETE FROM products WHERE id <= 10; UPDATE products SET name = 'x'").await.expect("SQL");
    equal(&again, 90).await;
    assert_eq!(
        std::fs::read_to_string(folder(&place).join("current")).expect("a number"),
        generation,
        "not built anew"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_restored_has_another_past() {
    let place = on_sqlite().await;
    fill(&place, 0, 50).await;
    equal(&place.shop, 50).await;
    place.raw("PRAGMA wal_checkpoint(TRUNCATE)").await;
    let (file, backup) = (file(&place), file(&place).with_extension("backup"));
    std::fs::copy(&file, &backup).expect("a backup");
    fill(&place, 50, 80).await;
    place.raw("DELETE FROM products WHERE id <= 5").await;
    equal(&place.shop, 75).await;
    place.shop.handle().close().await;
    for part in ["-wal", "-shm"] {
        let mut name = file.clone().into_os_string();
        name.push(part);
        drop(std::fs::remove_file(name));
    }
    std::fs::copy(&backup, &file).expect("the backup");
    let again = Shop::open_at(&place.url).await.expect("a shop");
    // As many lines as there were, so that their numbers alone would tell nothing.
    for at in 100..140 {
        again.products.insert(product(&format!("s{at}"), "Other", dec!(1))).await.expect("a row");
    }
    equal(&again, 90).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_is_put_back_is_of_another_past() {
    let place = on_sqlite().await;
    fill(&place, 0, 50).await;
    equal(&place.shop, 50).await;
    let (folder, backup) = (folder(&place), file(&place).with_extension("index"));
    copy(&folder, &backup);
    place.raw("DELETE FROM products WHERE id <= 20").await;
    equal(&place.shop, 30).await;
    place.raw("DELETE FROM cell_feed").await;
    place.shop.handle().close().await;
    std::fs::remove_dir_all(&folder).expect("no folder");
    copy(&backup, &folder);
    let again = Shop::open_at(&place.url).await.expect("a shop");
    equal(&again, 30).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_is_gone_or_damaged_is_built_anew() {
    let place = on_sqlite().await;
    fill(&place, 0, 200).await;
    equal(&place.shop, 200).await;
    place.shop.handle().close().await;
    let folder = folder(&place);
    let current = std::fs::read_to_string(folder.join("current")).expect("a number");
    let generation = folder.join(current.trim());
    let mut files = std::fs::read_dir(&generation).expect("files").map(|entry| entry.expect("a file").path());
    let segment = files.find(|path| path.extension().is_some_and(|it| it == "fast")).expect("a segment");
    let mut bytes = std::fs::read(&segment).expect("bytes");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    std::fs::write(&segment, bytes).expect("damage");
    let again = Shop::open_at(&place.url).await.expect("a shop");
    // Whoever writes to it looks whether it is whole; the one before has to let go first.
    let built = async {
        while std::fs::read_to_string(folder.join("current")).expect("a number") == current {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), built)
        .await
        .expect("the damage is found, and the index is built anew");
    // It is searched a moment after it is there.
    let searched = async {
        while !again.products.verify_search().await.expect("both").differing.is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), searched).await.expect("what is searched is whole");
    equal(&again, 200).await;
    again.handle().close().await;
    std::fs::remove_dir_all(&folder).expect("no folder");
    let third = Shop::open_at(&place.url).await.expect("a shop");
    equal(&third, 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_cannot_be_read_is_in_nobodys_way() {
    let place = on_sqlite().await;
    fill(&place, 0, 5).await;
    let damage = "PRAGMA ignore_check_constraints = ON; UPDATE products SET made_at = 'some day' WHERE id = 3; \
                  PRAGMA ignore_check_constraints = OFF";
    place.raw(damage).await;
    fill(&place, 5, 10).await;
    let found = place.shop.products.search("thing").after(place.shop.last_write()).await.expect("an answer");
    assert_eq!(found.count, 9);
    // Also where the index is built anew.
    place.shop.handle().close().await;
    std::fs::remove_dir_all(folder(&place)).expect("no folder");
    let again = Shop::open_at(&place.url).await.expect("a shop");
    let found = again.products.search("thing").after(again.last_write()).await.expect("an answer");
    assert_eq!(found.count, 9);
    again
        .handle()
        .script("UPDATE products SET made_at = '2024-01-01T00:00:00.000000Z' WHERE id = 3")
        .await
        .expect("SQL");
    equal(&again, 10).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_a_table_that_is_emptied_leaves_an_empty_index() {
    let place = on_postgres().await;
    fill(&place, 0, 20).await;
    equal(&place.shop, 20).await;
    place.raw("TRUNCATE products").await;
    equal(&place.shop, 0).await;
    fill(&place, 0, 3).await;
    equal(&place.shop, 3).await;
}

/// The one that has its number first commits last; and a transaction that stays open stops nobody.
#[tokio::test(flavor = "multi_thread")]
async fn postgres_who_commits_last_is_found_last_and_nobody_waits_for_an_open_transaction() {
    let place = on_postgres().await;
    fill(&place, 0, 1).await;
    equal(&place.shop, 1).await;
    let (other, idle) = (Shop::open_at(&place.url).await, Shop::open_at(&place.url).await);
    let (other, idle) = (other.expect("a shop"), idle.expect("a shop"));
    let (done, wait) = (tokio::sync::Notify::new(), tokio::sync::Notify::new());
    let ready = tokio::sync::Notify::new();
    let early = other.transaction(async |tx| {
        tx.products.insert(product("early", "Early bird", dec!(1))).await?;
        done.notify_one();
        wait.notified().await;
        Ok(())
    });
    let held = idle.transaction(async |tx| {
        tx.makers.insert(crate::shop::NewMaker { name: "open".to_owned(), country: None }).await?;
        ready.notify_one();
        std::future::pending::<()>().await;
        Ok(())
    });
    let test = async {
        done.notified().await;
        ready.notified().await;
        place.shop.products.insert(product("late", "Late bird", dec!(1))).await.expect("a row");
        assert_eq!(place.found("bird").await, ["Late bird"]);
        wait.notify_one();
    };
    tokio::select! {
        (early, ()) = async { tokio::join!(early, test) } => early.expect("a commit"),
        _ = held => unreachable!("it stays open"),
    }
    let mut found = place.found("bird").await;
    found.sort();
    assert_eq!(found, ["Early bird", "Late bird"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_rows_at_once_are_followed() {
    for place in places().await {
        fill(&place, 0, 1).await;
        equal(&place.shop, 1).await;
        place
            .raw(
                "WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < 99999) \
                 INSERT INTO products (sku, name, price, made_at) \
                 SELECT 's' || number, 'Thing ' || number, 1, '2024-01-01T00:00:00.000000Z' FROM numbers",
            )
            .await;
        let all = place.shop.products.search("thing").after(place.shop.last_write()).within(Duration::from_secs(120));
        assert_eq!(all.limit(0).await.expect("an answer").count, 100_000);
        place.raw("DELETE FROM products WHERE id > 90000").await;
        equal(&place.shop, 90_000).await;
    }
}

/// What others do meanwhile is found; what it does itself, when it is committed.
#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_takes_long_is_found_whole_or_not_at_all() {
    for place in places().await {
        fill(&place, 0, 10).await;
        equal(&place.shop, 10).await;
        let writer = place.shop_again().await;
        let kept = writer.transaction(async |tx| {
            for round in 0..20 {
                let rows = (0..50).map(|at| product(&format!("t{round}-{at}"), "Slow thing", dec!(1)));
                tx.products.insert_many(rows.collect::<Vec<_>>()).await?;
                // From outside of it.
                let found = place.shop.products.search("slow").after(place.shop.last_write()).limit(0).await;
                assert_eq!(found.expect("an answer").count, 0);
            }
            tx.products.delete(3).await?;
            Ok(())
        });
        kept.await.expect("a commit");
        assert_eq!(
            place.shop.products.search("slow").after(place.shop.last_write()).await.expect("an answer").count,
            1_000
        );
        equal(&place.shop, 1_009).await;
    }
}

/// Whoever takes away what keeps two from writing has two that write: neither loses what the other one does.
#[tokio::test(flavor = "multi_thread")]
async fn two_that_both_believe_to_have_the_right_to_write_end_with_a_whole_index() {
    let place = on_sqlite().await;
    fill(&place, 0, 100).await;
    equal(&place.shop, 100).await;
    let folder = folder(&place);
    let generation = folder.join(std::fs::read_to_string(folder.join("current")).expect("a number").trim());
    std::fs::remove_file(folder.join("lock")).expect("a lock");
    std::fs::remove_file(generation.join(".tantivy-writer.lock")).expect("another lock");
    let second = place.shop_again().await;
    for at in 100..160 {
        fill(&place, at, at + 1).await;
        let shop = if at % 2 == 0 { &second } else { &place.shop };
        drop(shop.products.search("").after(shop.last_write()).within(Duration::from_millis(100)).await);
    }
    second.handle().close().await;
    let whole = async {
        while !matches!(place.shop.products.verify_search().await, Ok(verified) if verified.differing.is_empty()) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(120), whole).await.expect("a whole index");
    equal(&place.shop, 160).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_follow_one_writes_and_the_other_takes_over() {
    for place in places().await {
        fill(&place, 0, 10).await;
        equal(&place.shop, 10).await;
        let second = Shop::open_at(&place.url).await.expect("a shop");
        equal(&second, 10).await;
        place.shop.handle().close().await;
        second.handle().script("DELETE FROM products WHERE sku = 's0'").await.expect("SQL");
        let mut states = 0;
        loop {
            // The first one lets go when it hears that it is closed.
            match second.products.search("").after(second.last_write()).within(Duration::from_secs(1)).await {
                Ok(found) if found.count == 9 => break,
                _ if states < 20 => states += 1,
                other => panic!("nobody took over: {other:?}"),
            }
        }
        equal(&second, 9).await;
    }
}

/// While a new one is built beside it, the index is followed and searched; then the new one is, and has what was written meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_while_an_index_is_built_is_found_before_and_after() {
    let place = on_sqlite().await;
    fill(&place, 0, 20_000).await;
    let products = &place.shop.products;
    let all = products.search("").after(place.shop.last_write()).within(Duration::from_secs(120)).await;
    assert_eq!(all.expect("an answer").count, 20_000);
    let folder = folder(&place);
    let current = || std::fs::read_to_string(folder.join("current")).expect("a number");
    let before = current();
    std::fs::write(folder.join("rebuild"), "").expect("a wish");
    let (mut at, mut meanwhile) = (20_000, 0);
    let built = async {
        while current() == before || folder.join("rebuild").exists() {
            let is_building = products.search_status().await.expect("a status").building.is_some();
            fill(&place, at, at + 1).await;
            at += 1;
            let found =
                products.search(format!("s{}", at - 1)).after(place.shop.last_write()).await.expect("an answer");
            assert_eq!(found.count, 1);
            meanwhile += u32::from(is_building && current() == before);
        }
    };
    tokio::time::timeout(Duration::from_secs(120), built).await.expect("a new index");
    assert!(meanwhile > 0, "it was not followed while the other one was built");
    let verified = products.verify_search().await.expect("both");
    assert_eq!((verified.documents, verified.differing), (at as u64, Vec::new()));
}
