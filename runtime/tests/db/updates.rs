//! Updates of many rows at once: values, columns, and numbers that the database computes.

use cell::db::{DataError, dec};

use crate::engines::on_every_engine;
use crate::filters::stocked_with;
use crate::shop::{Category, NewProduct, Product, Shop};

async fn stocked(shop: &Shop) {
    stocked_with(shop, ["apple", "pear", "plum", "fig", "kiwi"], [None, Some("b"), Some("a"), None, Some("b")]).await;
}

async fn stocks(shop: &Shop) -> Vec<i32> {
    shop.products.order_by(|p| p.id.asc()).select(|p| p.stock).all().await.unwrap()
}

/// The only product, with this stock.
async fn alone(shop: &Shop, stock: i32) -> Product {
    let row = NewProduct {
        sku: "a".into(),
        name: "a".into(),
        category: Category::Book,
        price: dec!(9999999999.99),
        stock: Some(stock),
        note: None,
        created_at: None,
    };
    shop.products.insert(row).await.unwrap()
}

fn is_out_of_range<T: std::fmt::Debug>(result: Result<T, DataError>) {
    let error = result.unwrap_err();
    assert!(matches!(error, DataError::OutOfRange { table: "products", .. }), "{error:?}");
}

on_every_engine! {
    async fn columns_of_many_rows_are_written_at_once(shop: Shop) {
        stocked(&shop).await;
        let found = || shop.products.filter(|p| p.note.eq("b"));
        assert_eq!(found().update(|p| (p.note.set("c"), p.name.set("renamed"))).await.unwrap(), 2);
        assert_eq!(found().count().await.unwrap(), 0);
        let names = shop.products.filter(|p| p.note.eq("c")).select(|p| (p.name, p.label)).all().await.unwrap();
        assert!(names.iter().all(|(name, label)| name == "renamed" && label.ends_with("renamed")), "{names:?}");
        // Nothing, one value, and a column.
        assert_eq!(shop.products.query().update(|p| p.note.set(None)).await.unwrap(), 5);
        assert_eq!(shop.products.filter(|p| p.note.is_null()).count().await.unwrap(), 5);
        assert_eq!(shop.products.query().update(|p| (p.note.set(p.sku), p.sku.set(p.sku))).await.unwrap(), 5);
        assert_eq!(shop.products.filter(|p| p.note.eq(p.sku)).count().await.unwrap(), 5);
        assert_eq!(shop.products.filter(|p| p.stock.gt(100)).update(|p| p.stock.set(0)).await.unwrap(), 0);
    }

    async fn numbers_are_computed_from_the_row_before(shop: Shop) {
        stocked(&shop).await;
        let all = || shop.products.query();
        assert_eq!(all().update(|p| p.stock.set(p.stock + 10)).await.unwrap(), 5);
        assert_eq!(stocks(&shop).await, [10, 11, 12, 13, 14]);
        let itself = |p: &'static <Product as cell::db::Model>::Columns| p.stock;
        all().update(|p| p.stock.set(p.stock - itself(p))).await.unwrap();
        assert_eq!(stocks(&shop).await, [0; 5]);
        all().update(|p| (p.price.set(p.price + dec!(0.5)), p.stock.set(7))).await.unwrap();
        let before = all().sum(|p| p.price).await.unwrap();
        all().update(|p| (p.price.set(p.price * 3), p.stock.set(p.stock * -2))).await.unwrap();
        assert_eq!(all().sum(|p| p.price).await.unwrap(), before * dec!(3));
        assert_eq!(stocks(&shop).await, [-14; 5]);
        // Where rows are found by what is computed, too.
        assert_eq!(all().filter(|p| p.stock.lt(p.stock + 1)).count().await.unwrap(), 5);
        assert_eq!(all().filter(|p| p.price.in_([p.price - dec!(0)])).count().await.unwrap(), 5);
        assert_eq!(all().filter(|p| p.price.gt(p.price * 1)).count().await.unwrap(), 0);
    }

    async fn only_the_rows_of_a_page_are_written(shop: Shop) {
        stocked(&shop).await;
        let last = shop.products.order_by(|p| p.stock.desc()).limit(2);
        assert_eq!(last.update(|p| p.stock.set(p.stock + 100)).await.unwrap(), 2);
        assert_eq!(stocks(&shop).await, [0, 1, 2, 103, 104]);
    }

    async fn a_number_that_does_not_fit_its_column_is_written_nowhere(shop: Shop) {
        let row = alone(&shop, i32::MAX).await;
        let all = || shop.products.query();
        is_out_of_range(all().update(|p| p.stock.set(p.stock + 1)).await);
        is_out_of_range(all().update(|p| p.stock.set(p.stock * 2)).await);
        is_out_of_range(all().update(|p| p.price.set(p.price + dec!(0.01))).await);
        is_out_of_range(all().update(|p| p.price.set(p.price * i64::MAX)).await);
        is_out_of_range(all().update(|p| p.id.set(p.id + i64::MAX)).await);
        is_out_of_range(all().update(|p| p.id.set(p.id - i64::MIN)).await);
        // More digits than the column has.
        is_out_of_range(all().update(|p| p.price.set(p.price - dec!(0.001))).await);
        assert_eq!(all().first().await.unwrap(), Some(row));
        // What is compared may be any number.
        assert_eq!(all().filter(|p| p.stock.lt(p.stock * i32::MAX)).count().await.unwrap(), 1);
        let error = all().update(|p| p.price.set(p.price * -1)).await.unwrap_err();
        assert!(matches!(error, DataError::CheckViolation { .. }), "{error:?}");
    }

    async fn what_no_update_can_write_is_refused(shop: Shop) {
        let all = || shop.products.query();
        let refused = |error: DataError, words: &str| assert!(error.to_string().contains(words), "{error}");
        refused(all().update(|p| p.label.set("x")).await.unwrap_err(), "the database computes it");
        refused(all().update(|p| [p.stock.set(1), p.stock.set(2)]).await.unwrap_err(), "written twice");
        refused(all().update(|p| p.sku.set("a\0b")).await.unwrap_err(), "U+0000");
        let none: Vec<cell::db::Set<Product>> = Vec::new();
        refused(all().update(|_| none).await.unwrap_err(), "at least one column");
        stocked(&shop).await;
        let error = all().update(|p| p.sku.set("one")).await.unwrap_err();
        assert_eq!(error, DataError::UniqueViolation { table: "products", columns: vec!["sku"] });
        assert_eq!(all().filter(|p| p.sku.eq("one")).count().await.unwrap(), 0);
    }
}
