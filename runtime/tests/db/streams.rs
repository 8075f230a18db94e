//! Rows one after the other.

use cell::db::dec;
use futures_util::TryStreamExt;

use crate::engines::on_every_engine;
use crate::shop::product;

on_every_engine! {
    async fn a_stream_gives_every_row_in_order(shop: Shop) {
        let rows = (0..3_000).map(|at| product(&format!("p{at:04}"), dec!(1)));
        shop.products.insert_many(rows).await.unwrap();
        let mut stream = shop.products.order_by(|p| p.sku.asc()).stream();
        let mut count = 0;
        while let Some(row) = stream.next().await.unwrap() {
            assert_eq!(row.sku, format!("p{count:04}"));
            count += 1;
        }
        assert_eq!(count, 3_000);
        let few: Vec<_> = shop.products.filter(|p| p.sku.lt("p0002")).stream().try_collect().await.unwrap();
        assert_eq!(few.len(), 2);
    }

    async fn other_statements_run_while_a_stream_is_read_and_one_may_be_left_halfway(shop: Shop) {
        let rows = (0..100).map(|at| product(&format!("p{at}"), dec!(1)));
        shop.products.insert_many(rows).await.unwrap();
        for _ in 0..20 {
            let mut stream = shop.products.stream();
            for _ in 0..3 {
                let row = stream.next().await.unwrap().unwrap();
                assert_eq!(shop.products.get(row.id).await.unwrap(), Some(row));
            }
        }
        shop.transaction(async |tx| {
            let mut stream = tx.products.stream();
            while let Some(row) = stream.next().await? {
                tx.products.delete(row.id).await?;
            }
            Ok(())
        })
        .await
        .unwrap();
        assert_eq!(shop.products.count().await, Ok(0));
    }

    async fn a_refused_condition_is_the_streams_only_item(shop: Shop) {
        let mut stream = shop.products.filter(|p| p.sku.eq("\0")).stream();
        assert!(stream.next().await.is_err());
        assert!(stream.next().await.unwrap().is_none());
    }
}
