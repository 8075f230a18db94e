//! Pages behind a cursor: every row once, in order, whatever its values and whatever happens meanwhile.

use cell::db::{Cursor, DataError};

use crate::engines::on_every_engine;
use crate::filters::stocked_with;
use crate::shop::{Product, Shop};

async fn stocked(shop: &Shop) {
    stocked_with(shop, ["apple", "pear", "plum", "fig", "kiwi"], [None, Some("b"), Some("a"), None, Some("b")]).await;
}

/// Goes through all rows of a query in pages of some size, with each cursor as a text between.
async fn paged(query: cell::db::Query<Product>, size: u32) -> Vec<String> {
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = query.clone().after(cursor).page(size).await.unwrap();
        assert!(page.rows.len() <= size as usize);
        seen.extend(page.rows.into_iter().map(|row| row.sku));
        let Some(next) = page.next else { return seen };
        cursor = Some(next.to_string().parse::<Cursor>().unwrap());
    }
}

on_every_engine! {
    async fn every_row_is_on_one_page(shop: Shop) {
        stocked(&shop).await;
        let queries = [
            shop.products.query(),
            shop.products.order_by(|p| p.sku.desc()),
            shop.products.order_by(|p| (p.category.asc(), p.sku.asc())),
            shop.products.order_by(|p| (p.category.desc(), p.sku.asc())),
            shop.products.order_by(|p| p.note.asc()),
            shop.products.order_by(|p| p.note.desc()),
            shop.products.order_by(|p| (p.note.asc().nulls_first(), p.stock.desc())),
            shop.products.order_by(|p| (p.note.desc().nulls_first(), p.price.asc())),
            shop.products.order_by(|p| (p.price.desc(), p.created_at.asc())),
            shop.products.filter(|p| p.stock.gt(0)).order_by(|p| p.created_at.desc()),
        ];
        for query in queries {
            let keyed = query.clone().order_by(|p| p.id.asc());
            let expected: Vec<String> = keyed.select(|p| p.sku).all().await.unwrap();
            for size in 1..=6 {
                assert_eq!(paged(query.clone(), size).await, expected, "{query:?} by {size}");
            }
        }
        assert_eq!(shop.products.filter(|p| p.stock.gt(99)).page(3).await.unwrap().next, None);
    }

    async fn a_page_goes_on_behind_a_row_that_is_gone(shop: Shop) {
        stocked(&shop).await;
        let by_sku = || shop.products.order_by(|p| p.sku.asc());
        let first = by_sku().page(2).await.unwrap();
        for row in &first.rows {
            shop.products.delete(row.id).await.unwrap();
        }
        let second = by_sku().after(first.next.clone()).page(2).await.unwrap();
        assert_eq!(second.rows.iter().map(|row| row.sku.as_str()).collect::<Vec<_>>(), ["kiwi", "pear"]);
        // The same place for everything else that is asked of it.
        assert_eq!(by_sku().after(first.next.clone()).count().await.unwrap(), 3);
        assert_eq!(by_sku().after(first.next.clone()).first().await.unwrap().map(|row| row.sku), Some("kiwi".into()));
        assert_eq!(by_sku().after(first.next).limit(2).update(|p| p.stock.set(50)).await.unwrap(), 2);
        assert_eq!(shop.products.filter(|p| p.stock.eq(50)).count().await.unwrap(), 2);
    }

    async fn behind_a_cursor_everything_is_in_its_order(shop: Shop) {
        stocked(&shop).await;
        // Rows that are alike in it, which the key orders.
        let alike = || shop.products.order_by(|p| p.category.asc());
        let all: Vec<i32> = alike().order_by(|p| p.id.asc()).select(|p| p.stock).all().await.unwrap();
        let cursor = alike().page(1).await.unwrap().next;
        let behind = || alike().after(cursor.clone());
        assert_eq!(behind().select(|p| p.stock).all().await.unwrap(), all[1..]);
        assert_eq!(behind().limit(2).select(|p| p.stock).all().await.unwrap(), all[1..3]);
        assert_eq!(behind().limit(2).max(|p| p.stock).await.unwrap(), all[1..3].iter().copied().max());
        assert_eq!(behind().limit(2).update(|p| p.stock.set(90)).await.unwrap(), 2);
        let written: Vec<i32> = alike().order_by(|p| p.id.asc()).select(|p| p.stock).all().await.unwrap();
        assert_eq!(written, [all[0], 90, 90, all[3], all[4]]);
        let error = behind().select(|p| p.category).distinct().all().await.unwrap_err();
        assert!(error.to_string().contains("ordered by something that is not selected"), "{error}");
    }

    async fn a_cursor_of_another_query_or_of_a_stranger_is_refused(shop: Shop) {
        stocked(&shop).await;
        let by_sku = || shop.products.order_by(|p| p.sku.asc());
        let cursor = by_sku().page(1).await.unwrap().next.unwrap();
        let refused = |result: Result<cell::db::Page<Product>, DataError>| {
            assert!(matches!(result, Err(DataError::Cursor { .. })), "{result:?}");
        };
        refused(shop.products.order_by(|p| p.sku.desc()).after(cursor.clone()).page(1).await);
        refused(shop.products.order_by(|p| p.name.asc()).after(cursor.clone()).page(1).await);
        refused(shop.products.after(cursor.clone()).page(1).await);
        // Whatever else may come as a text.
        let text = cursor.to_string();
        for changed in ["", "x", "W10", &text[1..], &format!("{text}A"), &"A".repeat(20_000)] {
            match changed.parse::<Cursor>() {
                Err(DataError::Cursor { .. }) => {}
                Ok(cursor) => refused(by_sku().after(cursor).page(1).await),
                Err(other) => panic!("{other:?}"),
            }
        }
        let json = serde_json::to_string(&cursor).unwrap();
        assert_eq!(serde_json::from_str::<Cursor>(&json).unwrap(), cursor);
        assert!(serde_json::from_str::<Cursor>("\"?\"").is_err());
    }
}
