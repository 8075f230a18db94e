//! Answers that are no rows: columns, what is computed over many rows, and groups.

use cell::db::{DataError, dec};
use rust_decimal::Decimal;

use crate::engines::on_every_engine;
use crate::filters::stocked_with;
use crate::shop::{Category, Sample, Shop};

async fn stocked(shop: &Shop) {
    let notes = [None, Some("b"), Some("a"), None, Some("b")];
    stocked_with(shop, ["apple", "pear", "plum", "fig", "kiwi"], notes).await;
}

on_every_engine! {
    async fn columns_come_alone_or_in_tuples(shop: Shop) {
        stocked(&shop).await;
        let skus = shop.products.select(|p| p.sku).first().await.unwrap();
        assert!(skus.is_some());
        let rows = shop.products.filter(|p| p.stock.lt(3)).order_by(|p| p.stock.desc());
        let rows = rows.select(|p| (p.sku, p.note, (p.category, p.stock))).all().await.unwrap();
        assert_eq!(rows, [
            ("plum".to_owned(), Some("a".to_owned()), (Category::Book, 2)),
            ("pear".to_owned(), Some("b".to_owned()), (Category::Tool, 1)),
            ("apple".to_owned(), None, (Category::Book, 0)),
        ]);
        let page = shop.products.order_by(|p| p.stock.asc()).offset(1).limit(2).select(|p| p.stock);
        assert_eq!(page.all().await.unwrap(), [1, 2]);
        let mut stream = shop.products.order_by(|p| p.stock.asc()).select(|p| p.stock).stream();
        let mut seen = Vec::new();
        while let Some(stock) = stream.next().await.unwrap() {
            seen.push(stock);
        }
        assert_eq!(seen, [0, 1, 2, 3, 4]);
    }

    async fn answers_are_given_once_where_asked(shop: Shop) {
        stocked(&shop).await;
        let notes = shop.products.order_by(|p| p.note.asc()).select(|p| p.note).distinct().all().await.unwrap();
        assert_eq!(notes, [Some("a".to_owned()), Some("b".to_owned()), None]);
        let error = shop.products.order_by(|p| p.stock.asc()).select(|p| p.note).distinct().all().await.unwrap_err();
        assert!(error.to_string().contains("ordered by something that is not selected"), "{error}");
    }

    async fn sums_and_averages_are_exact(shop: Shop) {
        assert_eq!(shop.products.query().sum(|p| p.price).await.unwrap(), Decimal::ZERO);
        assert_eq!(shop.products.query().sum(|p| p.stock).await.unwrap(), 0);
        assert_eq!(shop.products.query().avg(|p| p.stock).await.unwrap(), None);
        assert_eq!(shop.products.query().min(|p| p.sku).await.unwrap(), None);
        stocked(&shop).await;
        let all = || shop.products.query();
        assert_eq!(all().sum(|p| p.stock).await.unwrap(), 10);
        assert_eq!(all().avg(|p| p.stock).await.unwrap(), Some(2.0));
        let prices = all().select(|p| p.price).all().await.unwrap();
        let sum: Decimal = prices.iter().copied().sum();
        assert_eq!(all().sum(|p| p.price).await.unwrap(), sum);
        assert_eq!(all().sum(|p| p.price).await.unwrap().scale(), 2);
        assert_eq!(all().avg(|p| p.price).await.unwrap(), Some(sum / Decimal::from(5)));
        // Of a page, only its rows count.
        assert_eq!(all().order_by(|p| p.stock.desc()).limit(2).sum(|p| p.stock).await.unwrap(), 7);
        assert_eq!(all().filter(|p| p.stock.gt(9)).sum(|p| p.stock).await.unwrap(), 0);
    }

    async fn the_least_and_the_greatest_are_of_every_type_that_has_an_order(shop: Shop) {
        stocked(&shop).await;
        let all = || shop.products.query();
        assert_eq!(all().min(|p| p.sku).await.unwrap().as_deref(), Some("apple"));
        assert_eq!(all().max(|p| p.sku).await.unwrap().as_deref(), Some("plum"));
        assert_eq!(all().min(|p| p.note).await.unwrap().as_deref(), Some("a"));
        assert_eq!(all().max(|p| p.category).await.unwrap(), Some(Category::Tool));
        let prices = all().order_by(|p| p.price.asc()).select(|p| p.price).all().await.unwrap();
        assert_eq!(all().min(|p| p.price).await.unwrap(), prices.first().copied());
        assert_eq!(all().max(|p| p.price).await.unwrap(), prices.last().copied());
    }

    async fn rows_are_counted_and_added_up_by_group(shop: Shop) {
        stocked(&shop).await;
        let by_note = shop.products.group_by(|p| p.note).order_by(|g| (g.count().desc(), g.key().asc()));
        let rows = by_note.select(|g| (g.key(), g.count(), g.sum(|p| p.stock), g.max(|p| p.sku))).all().await.unwrap();
        assert_eq!(rows, [
            (Some("b".to_owned()), 2, 5, Some("pear".to_owned())),
            (None, 2, 3, Some("fig".to_owned())),
            (Some("a".to_owned()), 1, 2, Some("plum".to_owned())),
        ]);
        let by_two = shop.products.filter(|p| p.stock.gt(0)).group_by(|p| (p.category, p.note));
        let by_two = by_two.order_by(|g| g.sum(|p| p.stock).desc()).limit(2);
        let rows = by_two.select(|g| (g.key(), g.avg(|p| p.stock))).all().await.unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0], ((Category::Book, Some("b".to_owned())), Some(4.0)));
        assert_eq!(rows[1], ((Category::Tool, None), Some(3.0)));
        // Of the three with the most stock.
        let page = shop.products.order_by(|p| p.stock.desc()).limit(3).group_by(|p| p.category);
        let rows = page.order_by(|g| g.key().asc()).select(|g| (g.key(), g.count())).all().await.unwrap();
        assert_eq!(rows, [(Category::Book, 2), (Category::Tool, 1)]);
        let first = shop.products.group_by(|p| p.category).order_by(|g| g.key().desc()).select(|g| g.key()).first();
        assert_eq!(first.await.unwrap(), Some(Category::Tool));
    }

    async fn sums_of_the_largest_numbers_are_exact_or_refused(shop: Shop) {
        let samples = [i64::MAX, i64::MAX, -i64::MAX, -5].into_iter().zip(1..);
        for (large, id) in samples {
            let single = if id % 2 == 0 { f32::MAX } else { 0.5 };
            let sample = Sample { large, maybe_double: Some(f64::MAX), single, exact: dec!(999999999999.999999), ..Sample::plain(id) };
            shop.samples.insert(sample).await.unwrap();
        }
        let all = || shop.samples.query();
        // On the way it is more than 64 bits hold.
        assert_eq!(all().sum(|s| s.large).await.unwrap(), i64::MAX - 5);
        assert_eq!(all().sum(|s| s.exact).await.unwrap(), dec!(3999999999999.999996));
        assert_eq!(all().sum(|s| s.single).await.unwrap(), 2.0 * f64::from(f32::MAX) + 1.0);
        assert_eq!(all().avg(|s| s.large).await.unwrap(), Some((i64::MAX - 5) as f64 / 4.0));
        let error = all().filter(|s| s.id.le(2)).sum(|s| s.large).await.unwrap_err();
        assert_eq!(error.to_string(), "`samples.large` can't take this value: the sum is more than its type holds");
        let error = all().sum(|s| s.maybe_double).await.unwrap_err();
        assert_eq!(error.to_string(), "`samples.*` can't take this value: a number that is computed is out of its type's range");
        let by_sum = shop.samples.group_by(|s| s.id).order_by(|g| g.sum(|s| s.large).asc()).select(|g| g.key());
        let order = by_sum.all().await.unwrap();
        assert_eq!((order[0], order[1]), (3, 4));
    }

    async fn every_type_has_its_least_and_greatest(shop: Shop) {
        let bytes = |last| vec![0, last];
        let low = Sample { maybe_bytes: Some(bytes(1)), maybe_uuid: Some(uuid::Uuid::nil()), maybe_flag: Some(false), ..Sample::plain(1) };
        let high = Sample { maybe_bytes: Some(bytes(9)), maybe_uuid: Some(uuid::Uuid::max()), maybe_flag: Some(true), ..Sample::plain(2) };
        for sample in [&low, &high, &Sample::plain(3)] {
            shop.samples.insert(sample.clone()).await.unwrap();
        }
        let all = || shop.samples.query();
        assert_eq!((all().min(|s| s.maybe_bytes).await.unwrap(), all().max(|s| s.maybe_bytes).await.unwrap()), (low.maybe_bytes, high.maybe_bytes));
        assert_eq!((all().min(|s| s.maybe_uuid).await.unwrap(), all().max(|s| s.maybe_uuid).await.unwrap()), (low.maybe_uuid, high.maybe_uuid));
        assert_eq!((all().min(|s| s.maybe_flag).await.unwrap(), all().max(|s| s.maybe_flag).await.unwrap()), (Some(false), Some(true)));
        assert_eq!(all().max(|s| s.instant).await.unwrap(), Some(low.instant));
        assert_eq!(all().max(|s| s.date).await.unwrap(), Some(low.date));
        assert_eq!(all().max(|s| s.time).await.unwrap(), Some(low.time));
        assert_eq!(all().max(|s| s.unsigned).await.unwrap(), Some(low.unsigned));
        assert_eq!(all().filter(|s| s.id.eq(3)).max(|s| s.maybe_uuid).await.unwrap(), None);
    }

    async fn what_rows_of_a_group_need_not_share_is_refused(shop: Shop) {
        stocked(&shop).await;
        let columns = <crate::shop::Product as cell::db::Model>::COLUMNS;
        let error = shop.products.group_by(|p| p.category).select(|_| columns.sku).all().await.unwrap_err();
        assert!(matches!(&error, DataError::Other { reason } if reason.contains("`sku`: group by it")), "{error}");
        let sorted = shop.products.group_by(|p| p.category).order_by(|_| columns.price.asc());
        assert!(sorted.select(|g| g.key()).all().await.is_err());
        let price = shop.products.filter(|p| p.price.ge(dec!(0))).group_by(|p| p.price).select(|g| g.key()).all().await;
        assert!(price.is_ok());
    }
}
