//! Many rows on PostgreSQL, which come in by `COPY`: what that takes no part in by itself, and what ends in the middle of it.

use cell::db::{DataError, Database, dec};

use crate::engines;
use crate::shop::{Shop, Tag, product};

/// As between two releases: the table has another name, and a view has the earlier one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_come_in_through_a_view() {
    let fresh = engines::postgres().await;
    let shop = &fresh.shop;
    let boot = shop.products.insert(product("boot", dec!(1))).await.unwrap();
    let renamed = "ALTER TABLE tags RENAME TO labels; CREATE VIEW tags AS SELECT * FROM labels";
    shop.handle().script(renamed).await.unwrap();
    let tags = |from: u32| (from..from + 1_000).map(|at| Tag { product: boot.id, tag: at.to_string() });
    assert_eq!(shop.tags.insert_many(tags(0)).await, Ok(1_000));
    // Twice in one transaction.
    let both = shop.try_transaction(async |tx| {
        tx.tags.insert_many((1_000..2_000).map(|at: u32| Tag { product: boot.id, tag: at.to_string() })).await?;
        tx.tags.insert_many((2_000..3_000).map(|at: u32| Tag { product: boot.id, tag: at.to_string() })).await
    });
    assert_eq!(both.await, Ok(1_000));
    assert_eq!(shop.tags.count().await, Ok(3_000));
}

/// Its columns that are not given are required, and the engine fills them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_come_into_a_table_whose_rows_are_kept_from_some() {
    let fresh = engines::postgres().await;
    let shop = &fresh.shop;
    shop.handle().script("ALTER TABLE products ENABLE ROW LEVEL SECURITY").await.unwrap();
    let rows = (0..1_000).map(|at| product(&format!("p{at}"), dec!(1)));
    assert_eq!(shop.products.insert_many(rows).await, Ok(1_000));
    assert_eq!(shop.products.filter(|p| p.stock.eq(0)).count().await, Ok(1_000));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_column_that_was_made_wider_takes_them() {
    let fresh = engines::postgres().await;
    let shop = &fresh.shop;
    shop.handle().script("ALTER TABLE products ALTER COLUMN stock TYPE bigint").await.unwrap();
    let rows = (0..1_000).map(|at| product(&format!("p{at}"), dec!(1)));
    assert_eq!(shop.products.insert_many(rows).await, Ok(1_000));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_is_refused_late_refuses_all_and_leaves_the_connection_sound() {
    let fresh = engines::postgres().await;
    let shop = &fresh.shop;
    let rows = |sku: &'static str| {
        let many = (0..999).map(|at| product(&format!("p{at}"), dec!(1)));
        many.chain([product(sku, dec!(-1))])
    };
    for _ in 0..20 {
        let refused = shop.products.insert_many(rows("last")).await;
        assert!(matches!(refused, Err(DataError::CheckViolation { table: "products", .. })), "{refused:?}");
    }
    let missing = shop.tags.insert_many((0..1_000).map(|at| Tag { product: 7, tag: at.to_string() })).await;
    assert_eq!(missing, Err(DataError::ReferenceViolation { table: "tags" }));
    assert_eq!(shop.products.count().await, Ok(0));
    // In a transaction nothing more is done than before.
    let result = shop.try_transaction(async |tx| {
        let refused = tx.products.insert_many(rows("last")).await;
        assert!(matches!(refused, Err(DataError::CheckViolation { .. })), "{refused:?}");
        tx.products.count().await
    });
    assert_eq!(result.await, Err(DataError::Aborted));
}

/// The server waits for a lock in the middle of the rows when nobody waits for it any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_future_that_is_dropped_in_the_middle_leaves_the_connection_sound_and_no_row() {
    let fresh = engines::postgres().await;
    let shop = fresh.shop.clone();
    let waits = "CREATE FUNCTION waits() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                 IF NEW.sku = 'p900' THEN PERFORM pg_advisory_xact_lock(1); END IF; RETURN NEW; END $$; \
                 CREATE TRIGGER waits BEFORE INSERT ON products FOR EACH ROW EXECUTE FUNCTION waits()";
    shop.handle().script(waits).await.unwrap();
    let somebody_waits = "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted \
                          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) \
                          LOOP PERFORM pg_sleep(0.01); END LOOP; END $$";
    let other = Shop::open_at(&fresh.url).await.unwrap();
    other
        .transaction(async |tx| {
            tx.handle().script("SELECT pg_advisory_xact_lock(1)").await?;
            let shop = shop.clone();
            let work = async move {
                shop.products.insert_many((0..1_000).map(|at| product(&format!("p{at}"), dec!(1)))).await
            };
            let task = tokio::spawn(work);
            tx.handle().script(somebody_waits).await?;
            task.abort();
            assert!(task.await.expect_err("it was waiting").is_cancelled());
            Ok(())
        })
        .await
        .unwrap();
    // On every connection, also the one that was in the middle of it.
    for _ in 0..5 {
        let counts = (0..20).map(|_| shop.products.count());
        assert_eq!(futures_util::future::join_all(counts).await, vec![Ok(0); 20]);
    }
    let rows = (0..800).map(|at| product(&format!("p{at}"), dec!(1)));
    assert_eq!(shop.products.insert_many(rows).await, Ok(800));
    assert_eq!(shop.products.count().await, Ok(800));
}
