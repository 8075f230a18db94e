//! Rows: added, read, changed, removed, one and many.

use cell::db::{DataError, dec};

use crate::engines::on_every_engine;
use crate::shop::{Category, product};

on_every_engine! {
    async fn an_inserted_row_comes_back_numbered_with_its_defaults_and_computed_columns(shop: Shop) {
        let before = chrono::Utc::now() - chrono::Duration::minutes(1);
        let first = shop.products.insert(product("boot", dec!(19.9))).await.unwrap();
        let second = shop.products.insert(product("sock", dec!(4))).await.unwrap();

        assert!(first.id > 0 && second.id > first.id);
        assert_eq!((first.stock, first.note.clone()), (0, None));
        assert!(first.created_at > before && first.created_at < before + chrono::Duration::minutes(2));
        assert_eq!(first.label, "boot: BOOT");
        assert_eq!(first.price.to_string(), "19.90");
        assert_eq!(shop.products.get(first.id).await.unwrap(), Some(first));
    }

    async fn a_given_value_takes_the_place_of_a_default(shop: Shop) {
        let at = "2001-02-03T04:05:06.000007Z".parse().unwrap();
        let new = crate::shop::NewProduct { stock: Some(7), created_at: Some(at), ..product("boot", dec!(1)) };
        let row = shop.products.insert(new).await.unwrap();
        assert_eq!((row.stock, row.created_at), (7, at));
    }

    async fn a_changed_row_is_written_but_for_its_key_and_what_the_engine_computes(shop: Shop) {
        let mut row = shop.products.insert(product("boot", dec!(1))).await.unwrap();
        row.name = "Winter boot".into();
        row.category = Category::Tool;
        row.note = Some("warm".into());
        row.label = "ignored".into();
        shop.products.update(&row).await.unwrap();

        row.label = "boot: Winter boot".into();
        assert_eq!(shop.products.get(&row.id).await.unwrap(), Some(row));
    }

    async fn changing_a_row_that_is_not_there_is_not_found(shop: Shop) {
        let mut row = shop.products.insert(product("boot", dec!(1))).await.unwrap();
        row.id += 1;
        assert_eq!(shop.products.update(&row).await, Err(DataError::NotFound { table: "products" }));
    }

    async fn many_upserts_add_and_write_over_rows_and_the_later_stays(shop: Shop) {
        let row = shop.products.insert(product("boot", dec!(1))).await.unwrap();
        let rows: Vec<_> = (0..600_i64)
            .map(|at| crate::shop::Product { id: row.id + at, sku: format!("sku{at}"), stock: 5, ..row.clone() })
            .collect();
        assert_eq!(shop.products.upsert_many(&rows).await.unwrap(), 600);
        assert_eq!(shop.products.filter(|p| p.stock.eq(5)).count().await.unwrap(), 600);
        let [mut first, mut again] = [rows[0].clone(), rows[0].clone()];
        (first.stock, again.stock) = (6, 7);
        let twice = [first, rows[1].clone(), again.clone()];
        assert_eq!(shop.products.upsert_many(twice).await.unwrap(), 3);
        assert_eq!(shop.products.get(row.id).await.unwrap().map(|row| row.stock), Some(7));
        // All or none.
        let taken = crate::shop::Product { sku: rows[2].sku.clone(), stock: 9, ..rows[3].clone() };
        let error = shop.products.upsert_many([crate::shop::Product { stock: 9, ..rows[4].clone() }, taken]).await.unwrap_err();
        assert_eq!(error, DataError::UniqueViolation { table: "products", columns: vec!["sku"] });
        assert_eq!(shop.products.filter(|p| p.stock.eq(9)).count().await.unwrap(), 0);
        assert_eq!(shop.products.upsert_many(Vec::<crate::shop::Product>::new()).await.unwrap(), 0);
    }

    async fn an_upsert_adds_a_row_and_then_writes_over_it(shop: Shop) {
        let mut row = shop.products.insert(product("boot", dec!(1))).await.unwrap();
        row.id += 100;
        row.sku = "sock".into();
        let added = shop.products.upsert(&row).await.unwrap();
        assert_eq!((added.id, added.label.as_str()), (row.id, "sock: BOOT"));

        row.price = dec!(2.50);
        let written = shop.products.upsert(&row).await.unwrap();
        assert_eq!(written.price, dec!(2.5));
        assert_eq!(shop.products.count().await, Ok(2));
    }

    async fn a_deleted_row_is_gone_and_its_followers_with_it(shop: Shop) {
        let row = shop.products.insert(product("boot", dec!(1))).await.unwrap();
        shop.tags.insert(crate::shop::Tag { product: row.id, tag: "new".into() }).await.unwrap();
        assert_eq!(shop.products.delete(row.id).await, Ok(true));
        assert_eq!(shop.products.delete(row.id).await, Ok(false));
        assert_eq!(shop.products.get(row.id).await, Ok(None));
        assert_eq!(shop.tags.count().await, Ok(0));
    }

    async fn many_rows_go_in_together_beyond_the_most_parameters_of_a_statement(shop: Shop) {
        let rows = (0..10_000).map(|at| product(&format!("p{at}"), dec!(1)));
        assert_eq!(shop.products.insert_many(rows).await, Ok(10_000));
        assert_eq!(shop.products.count().await, Ok(10_000));
        let last = shop.products.order_by(|p| p.id.desc()).first().await.unwrap().unwrap();
        assert_eq!((last.sku.as_str(), last.stock), ("p9999", 0));
    }

    async fn many_rows_may_each_leave_out_other_columns(shop: Shop) {
        let rows = (0..9).map(|at| crate::shop::NewProduct {
            stock: (at % 2 == 0).then_some(at),
            ..product(&format!("p{at}"), dec!(1))
        });
        assert_eq!(shop.products.insert_many(rows.collect::<Vec<_>>()).await, Ok(9));
        let stock: Vec<_> =
            shop.products.order_by(|p| p.sku.asc()).all().await.unwrap().into_iter().map(|p| p.stock).collect();
        assert_eq!(stock, [0, 0, 2, 0, 4, 0, 6, 0, 8]);
        assert_eq!(shop.products.insert_many([]).await, Ok(0));
    }

    async fn many_rows_go_in_all_or_none(shop: Shop) {
        let rows = (0..1_000).map(|at| product(&format!("p{}", at % 999), dec!(1)));
        let refused = shop.products.insert_many(rows).await;
        assert_eq!(refused, Err(DataError::UniqueViolation { table: "products", columns: vec!["sku"] }));
        assert_eq!(shop.products.count().await, Ok(0));
    }

    async fn rows_are_deleted_by_a_filter_and_by_a_page(shop: Shop) {
        let rows = (0..10).map(|at| product(&format!("p{at}"), dec!(1)));
        shop.products.insert_many(rows).await.unwrap();
        assert_eq!(shop.products.filter(|p| p.sku.lt("p3")).delete().await, Ok(3));
        assert_eq!(shop.products.order_by(|p| p.sku.desc()).limit(2).delete().await, Ok(2));
        let left: Vec<_> =
            shop.products.order_by(|p| p.sku.asc()).all().await.unwrap().into_iter().map(|p| p.sku).collect();
        assert_eq!(left, ["p3", "p4", "p5", "p6", "p7"]);
        assert_eq!(shop.products.query().delete().await, Ok(5));
    }

    async fn a_closed_database_says_so(shop: Shop) {
        shop.close().await;
        assert_eq!(shop.products.count().await, Err(DataError::Closed));
    }
}
