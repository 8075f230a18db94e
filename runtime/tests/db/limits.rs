//! What no column holds is refused before it reaches the engine, with the same error on each.

use cell::db::{DataError, Json, dec};
use chrono::{DateTime, NaiveDate, NaiveTime};
use rust_decimal::Decimal;

use crate::engines::on_every_engine;
use crate::shop::{Document, Sample, product};

fn refused<T: std::fmt::Debug>(result: Result<T, DataError>) -> String {
    match result {
        Err(error @ DataError::OutOfRange { .. }) => error.to_string(),
        other => panic!("not refused: {other:?}"),
    }
}

on_every_engine! {
    async fn values_that_no_column_holds_are_refused(shop: Shop) {
        let nul = Json(Document { title: "\0".into(), pages: Vec::new() });
        let leap = NaiveTime::from_hms_nano_opt(23, 59, 59, 1_500_000_000).unwrap();
        let late = NaiveDate::from_ymd_opt(10_000, 1, 1).unwrap();
        for (sample, message) in [
            (Sample { text: "a\0b".into(), ..Sample::plain(1) }, "`samples.text` can't take this value: text can't hold U+0000"),
            (Sample { single: f32::NAN, ..Sample::plain(1) }, "`samples.single` can't take this value: NaN is not a number that a column holds"),
            (Sample { maybe_double: Some(f64::NAN), ..Sample::plain(1) }, "`samples.maybe_double` can't take this value: NaN is not a number that a column holds"),
            (Sample { document: nul, ..Sample::plain(1) }, "`samples.document` can't take this value: a document can't hold U+0000"),
            (Sample { date: late, ..Sample::plain(1) }, "`samples.date` can't take this value: a date is of the years 1 to 9999"),
            (Sample { instant: DateTime::UNIX_EPOCH - chrono::Duration::days(365 * 2_000), ..Sample::plain(1) }, "`samples.instant` can't take this value: an instant is of the years 1 to 9999"),
            (Sample { time: leap, ..Sample::plain(1) }, "`samples.time` can't take this value: a leap second can't be stored"),
            (Sample { exact: dec!(0.0000001), ..Sample::plain(1) }, "`samples.exact` can't take this value: the column holds 6 digits behind the point"),
            (Sample { exact: dec!(1000000000000), ..Sample::plain(1) }, "`samples.exact` can't take this value: the column holds 18 digits, 6 of them behind the point"),
            (Sample { maybe_exact: Some(Decimal::MIN), ..Sample::plain(1) }, "`samples.maybe_exact` can't take this value: the column holds 18 digits, 6 of them behind the point"),
        ] {
            assert_eq!(refused(shop.samples.insert(sample.clone()).await), message);
            assert_eq!(refused(shop.samples.upsert(&sample).await), message);
            assert_eq!(refused(shop.samples.update(&sample).await), message);
            assert_eq!(refused(shop.samples.insert_many([sample]).await), message);
        }
        assert_eq!(shop.samples.count().await, Ok(0));
    }

    async fn values_that_no_column_is_compared_with_are_refused(shop: Shop) {
        assert_eq!(
            refused(shop.samples.filter(|s| s.text.eq("\0")).all().await),
            "`samples.text` can't take this value: text can't hold U+0000",
        );
        assert_eq!(
            refused(shop.samples.filter(|s| s.text.contains("a\0")).count().await),
            "`samples.text` can't take this value: text can't hold U+0000",
        );
        assert_eq!(
            refused(shop.samples.filter(|s| s.double.lt(f64::NAN)).first().await),
            "`samples.double` can't take this value: NaN is not a number that a column holds",
        );
        assert_eq!(
            refused(shop.samples.filter(|s| s.text.like("50\\")).exists().await),
            "`samples.text` can't take this value: a pattern can't end with one `\\`",
        );
        assert_eq!(
            refused(shop.samples.filter(|s| s.double.in_([f64::NAN])).delete().await),
            "`samples.double` can't take this value: NaN is not a number that a column holds",
        );
        assert_eq!(refused(shop.customers.get(crate::shop::Code("\0".into())).await),
            "`customers.code` can't take this value: text can't hold U+0000");
    }

    async fn more_values_than_a_statement_takes_are_refused(shop: Shop) {
        let error = shop.samples.filter(|s| s.large.in_(0..40_000)).count().await.unwrap_err();
        assert_eq!(error.to_string(), "the database refuses: a statement takes at most 32766 values");
        assert_eq!(shop.samples.filter(|s| s.large.in_(0..32_000)).count().await, Ok(0));
    }

    async fn a_value_of_another_type_in_a_column_is_a_decode_error_that_names_it(shop: Shop) {
        shop.products.insert(product("boot", dec!(1))).await.unwrap();
        // The tables' own checks refuse this; the rows of a database that was made elsewhere had none.
        let other = match cell::db::Database::handle(&shop).engine() {
            cell::db::Engine::Sqlite => {
                "PRAGMA ignore_check_constraints = on; UPDATE products SET created_at = 'infinity';
                 PRAGMA ignore_check_constraints = off"
            }
            cell::db::Engine::Postgres => {
                "ALTER TABLE products DROP CONSTRAINT products__created_at__range;
                 UPDATE products SET created_at = 'infinity'"
            }
        };
        cell::db::Database::handle(&shop).script(other).await.unwrap();
        match shop.products.all().await {
            Err(DataError::Decode { table: "products", column, .. }) => assert_eq!(column, "created_at"),
            other => panic!("not refused: {other:?}"),
        }
    }
}
