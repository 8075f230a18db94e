//! What makes a value fall, and what does not, in the process that writes.

use std::time::Duration;

use cell::db::Database as _;
use cell::prelude::*;
use cell::sql;

use crate::shop::*;

/// That the number of products is this, from what is held or not.
async fn counts(shop: &Shop, expected: u64, is_held: bool) {
    let before = status("count").hits;
    assert_eq!(count(shop).await.expect("a number"), expected);
    assert_eq!(status("count").hits - before, u64::from(is_held), "held: {:?}", status("count"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_is_held_until_one_of_its_rows_is_written() {
    for place in places().await {
        let shop = &place.shop;
        counts(shop, 3, false).await;
        counts(shop, 3, true).await;
        let added = shop.products.insert(product(1, "scarf")).await.expect("a row");
        counts(shop, 4, false).await;
        counts(shop, 4, true).await;
        assert!(shop.products.delete(added.id).await.expect("a row"));
        counts(shop, 3, false).await;
        shop.products.filter(|p| p.id.eq(1)).update(|p| p.stock.set(5)).await.expect("a row");
        counts(shop, 3, false).await;
        shop.products.insert_many(vec![product(1, "a"), product(1, "b")]).await.expect("rows");
        counts(shop, 5, false).await;
        place.script("DELETE FROM products WHERE id > 3").await;
        counts(shop, 3, false).await;
        sql!("delete from products where id = 3").execute(shop).await.expect("a row");
        counts(shop, 2, false).await;
        // A table that it does not read.
        shop.labels.insert(NewLabel { product: 1, language: "en".into(), text: "x".into() }).await.expect("a row");
        shop.audits.insert(NewAudit { text: "x".into() }).await.expect("a row");
        counts(shop, 2, true).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_falls_alone() {
    for place in places().await {
        let shop = &place.shop;
        let named = async |id: i64, expected: Option<&str>, is_held: bool| {
            let before = status("name").hits;
            assert_eq!(name(shop, id).await.expect("a name").as_deref(), expected);
            assert_eq!(status("name").hits - before, u64::from(is_held), "{id} held: {:?}", status("name"));
        };
        for is_held in [false, true] {
            named(1, Some("boots"), is_held).await;
            named(2, Some("hat"), is_held).await;
            named(90, None, is_held).await;
        }
        let mut boots = shop.products.get(1).await.expect("a row").expect("boots");
        boots.name = "shoes".to_owned();
        shop.products.update(&boots).await.expect("a row");
        named(1, Some("shoes"), false).await;
        named(2, Some("hat"), true).await;
        place.script("UPDATE products SET id = 90 WHERE id = 2").await;
        named(2, None, false).await;
        named(90, Some("hat"), false).await;
        named(1, Some("shoes"), true).await;
        if shop.handle().engine() == cell::db::Engine::Postgres {
            place.script("TRUNCATE products CASCADE").await;
            named(1, None, false).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_reference_or_a_trigger_takes_along_falls_too() {
    for place in places().await {
        let shop = &place.shop;
        counts(shop, 3, false).await;
        assert!(shop.makers.delete(1).await.expect("a row"));
        counts(shop, 0, false).await;
        shop.makers.insert(NewMaker { name: "Ben".to_owned() }).await.expect("a row");
        counts(shop, 0, true).await;
        let trigger = match shop.handle().engine() {
            cell::db::Engine::Sqlite => {
                "CREATE TRIGGER more AFTER INSERT ON audits BEGIN INSERT INTO products (maker, name, stock) SELECT id, NEW.text, 0 FROM makers; END"
            }
            cell::db::Engine::Postgres => {
                "CREATE FUNCTION more() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO products (maker, name, stock) SELECT id, NEW.text, 0 FROM makers; RETURN NEW; END'; \
                 CREATE TRIGGER more AFTER INSERT ON audits FOR EACH ROW EXECUTE FUNCTION more()"
            }
        };
        place.script(trigger).await;
        shop.audits.insert(NewAudit { text: "x".into() }).await.expect("a row");
        counts(shop, 1, false).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_sees_itself_and_others_see_it_when_it_is_committed() {
    for place in places().await {
        let shop = &place.shop;
        counts(shop, 3, false).await;
        let work = async |tx: &cell::db::Tx<Shop>| {
            assert_eq!(count(tx).await?, 3);
            tx.products.insert(product(1, "scarf")).await?;
            assert_eq!(count(tx).await?, 4, "its own write");
            let kept: Result<()> = tx
                .savepoint(async |tx| {
                    tx.products.insert(product(1, "glove")).await?;
                    assert_eq!(count(tx).await?, 5);
                    Err(std::io::Error::other("not this").into())
                })
                .await;
            assert!(kept.is_err());
            assert_eq!(count(tx).await?, 4);
            Ok(())
        };
        shop.transaction(work).await.expect("a commit");
        counts(shop, 4, false).await;
        counts(shop, 4, true).await;
        let undone: Result<()> = shop
            .transaction(async |tx| {
                tx.products.insert(product(1, "ring")).await?;
                assert_eq!(count(tx).await?, 5);
                Err(std::io::Error::other("not this either").into())
            })
            .await;
        assert!(undone.is_err());
        counts(shop, 4, true).await;
    }
}

/// What a snapshot sees is old; what is computed of it must not be held for those who come later.
#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_neither_sees_nor_leaves_what_is_not_of_its_time() {
    for place in places().await {
        let shop = &place.shop;
        counts(shop, 3, false).await;
        let other = shop.clone();
        shop.snapshot(async |tx| {
            assert_eq!(count(tx).await?, 3);
            let other = other.clone();
            tokio::spawn(async move {
                other.products.insert(product(1, "scarf")).await.expect("a row");
                assert_eq!(count(&other).await.expect("a number"), 4);
            })
            .await
            .expect("an end");
            assert_eq!(count(tx).await?, 3, "what is held is newer than the snapshot");
            Ok(())
        })
        .await
        .expect("a snapshot");
        counts(shop, 4, true).await;
    }
}

/// Several questions to one moment.
#[tokio::test(flavor = "multi_thread")]
async fn a_computation_may_be_of_a_snapshot_of_its_own() {
    #[Cache::memoize]
    async fn both(shop: &Shop) -> Result<(u64, u64)> {
        shop.snapshot(async |tx| Ok((tx.products.count().await?, tx.makers.count().await?))).await
    }
    for place in places().await {
        let shop = &place.shop;
        for expected in 1..4 {
            let hits = status("both").hits;
            assert_eq!(both(shop).await.expect("both"), (3, expected));
            assert_eq!(both(shop).await.expect("both"), (3, expected));
            assert_eq!(status("both").hits, hits + 1);
            shop.makers.insert(NewMaker { name: "Ben".to_owned() }).await.expect("a row");
        }
    }
}

/// A task that a transaction spawns is in it, too.
#[tokio::test(flavor = "multi_thread")]
async fn a_task_of_a_transaction_sees_what_that_has_written() {
    for place in places().await {
        let shop = &place.shop;
        counts(shop, 3, false).await;
        let undone: Result<()> = shop
            .transaction(async |tx| {
                tx.products.insert(product(1, "scarf")).await?;
                for same in [true, false] {
                    let tx = tx.clone();
                    let work = async move { count(&tx).await.expect("a number") };
                    let seen = if same { tokio::spawn(cell::db::same_caller(work)) } else { tokio::spawn(work) };
                    assert_eq!(seen.await.expect("an end"), 4);
                }
                Err(std::io::Error::other("not this").into())
            })
            .await;
        assert!(undone.is_err());
        counts(shop, 3, true).await;
    }
}

/// What is made of something that ends is not held for longer, whether that was held or is computed for it.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_made_of_what_ends_ends_with_it() {
    #[Cache::memoize(ttl = "200ms")]
    async fn inner(of: u32) -> u64 {
        static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        u64::from(of) + NEXT.fetch_add(1, std::sync::atomic::Ordering::SeqCst)
    }
    #[Cache::memoize]
    async fn outer(shop: &Shop, of: u32) -> Result<(u64, u64)> {
        Ok((shop.products.count().await?, inner(of).await))
    }
    let place = on_sqlite().await;
    for _ in 0..2 {
        let first = outer(&place.shop, 1).await.expect("both");
        assert_eq!(outer(&place.shop, 1).await.expect("both"), first);
        let ends = async {
            while outer(&place.shop, 1).await.expect("both") == first {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(5), ends).await.expect("it ends");
    }
}

/// A computation that began before a change does not outlive it, whenever it ends.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_computed_before_a_change_is_not_held_after_it() {
    #[Cache::memoize]
    async fn slow(shop: &Shop, gate: &str) -> Result<u64> {
        let read = shop.products.count().await?;
        GATE.notified().await;
        let _ = gate;
        Ok(read)
    }
    static GATE: tokio::sync::Notify = tokio::sync::Notify::const_new();

    for place in places().await {
        let shop = place.shop.clone();
        let computing = tokio::spawn({
            let shop = shop.clone();
            async move { slow(&shop, "a").await.expect("a number") }
        });
        while status("slow").misses == 0 || status("slow").loads != status("slow").misses - 1 {
            tokio::task::yield_now().await;
        }
        // It has read by now, or reads what is written.
        tokio::time::sleep(Duration::from_millis(50)).await;
        shop.products.insert(product(1, "scarf")).await.expect("a row");
        GATE.notify_one();
        computing.await.expect("an end");
        GATE.notify_one();
        assert_eq!(slow(&shop, "a").await.expect("a number"), 4);
        assert_eq!(slow(&shop, "a").await.expect("a number"), 4);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_reads_a_table_that_nobody_follows_is_not_held() {
    #[Cache::memoize]
    async fn audits(shop: &Shop) -> Result<u64> {
        Ok(shop.audits.count().await?)
    }
    #[Cache::memoize]
    async fn anything(shop: &Shop) -> Result<Vec<(i64,)>> {
        Ok(sql!("select count(*) from products").all(shop).await?)
    }
    for place in places().await {
        let shop = &place.shop;
        for expected in 0..3 {
            assert_eq!(audits(shop).await.expect("a number"), expected);
            anything(shop).await.expect("a number");
            shop.audits.insert(NewAudit { text: "x".into() }).await.expect("a row");
        }
        assert_eq!((status("audits").hits, status("anything").hits), (0, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_made_of_what_is_held_falls_with_it() {
    #[Cache::memoize]
    async fn both(shop: &Shop) -> Result<(u64, Option<String>)> {
        Ok((count(shop).await?, name(shop, 1).await?))
    }
    for place in places().await {
        let shop = &place.shop;
        for expected in 3..6 {
            assert_eq!(both(shop).await.expect("both").0, expected);
            assert_eq!(both(shop).await.expect("both").0, expected);
            shop.products.insert(product(1, "x")).await.expect("a row");
            // The inner one is held again before the outer one is asked for.
            assert_eq!(count(shop).await.expect("a number"), expected + 1);
        }
        let hits = status("both").hits;
        both(shop).await.expect("both");
        shop.makers.insert(NewMaker { name: "Ben".to_owned() }).await.expect("a row");
        both(shop).await.expect("both");
        assert_eq!(status("both").hits, hits + 1);
        assert_eq!(
            (status("both").reads, status("count").reads),
            (Vec::<String>::new(), vec!["shop.products".to_owned()])
        );
        place.script("UPDATE products SET name = 'shoes' WHERE id = 1").await;
        assert_eq!(both(shop).await.expect("both").1.as_deref(), Some("shoes"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_read_or_ignored_by_name() {
    // What nobody sees it read, before what is seen.
    #[Cache::memoize(reads(Maker))]
    async fn hidden(shop: &Shop) -> Result<u64> {
        let other = shop.clone();
        let makers = tokio::spawn(async move { other.makers.count().await }).await??;
        Ok(makers + shop.products.count().await?)
    }
    #[Cache::memoize(reads(Maker), ignores(Product))]
    async fn odd(shop: &Shop) -> Result<u64> {
        Ok(shop.products.count().await? + u64::from(shop.labels.count().await? > 0))
    }
    for place in places().await {
        let shop = &place.shop;
        // From here on the database is listened to: what is read unseen has to be known before it is.
        count(shop).await.expect("a number");
        let is_held = async |expected: bool| {
            let before = status("odd").hits;
            odd(shop).await.expect("a number");
            assert_eq!(status("odd").hits - before, u64::from(expected));
        };
        is_held(false).await;
        shop.products.insert(product(1, "x")).await.expect("a row");
        is_held(true).await;
        shop.makers.insert(NewMaker { name: "Ben".to_owned() }).await.expect("a row");
        is_held(false).await;
        is_held(true).await;
        for _ in 0..2 {
            let seen = hidden(shop).await.expect("a number");
            assert_eq!(hidden(shop).await.expect("a number"), seen);
            shop.makers.insert(NewMaker { name: "Cleo".to_owned() }).await.expect("a row");
            assert_eq!(hidden(shop).await.expect("a number"), seen + 1);
        }
        assert!(status("hidden").hits >= 2);
    }
}
