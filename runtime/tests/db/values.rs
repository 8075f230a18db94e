//! Every type's extremes come back as they went in, in the same order on every engine.

use cell::db::{Json, dec};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::engines::on_every_engine;
use crate::shop::{Category, Document, Sample};

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// The lowest, the highest, and some that are easily lost on the way.
fn extremes() -> Vec<Sample> {
    let lowest = Sample {
        small: i16::MIN,
        large: i64::MIN,
        single: f32::MIN,
        double: f64::NEG_INFINITY,
        instant: instant("0001-01-01T00:00:00Z"),
        date: NaiveDate::from_ymd_opt(1, 1, 1).unwrap(),
        exact: dec!(-999999999999.999999),
        maybe_large: Some(i64::MIN),
        maybe_flag: Some(false),
        maybe_double: Some(f64::MIN_POSITIVE),
        maybe_text: Some(String::new()),
        maybe_bytes: Some(Vec::new()),
        maybe_uuid: Some(Uuid::nil()),
        maybe_exact: Some(dec!(-0.000001)),
        ..Sample::plain(1)
    };
    let highest = Sample {
        small: i16::MAX,
        large: i64::MAX,
        small_unsigned: u16::MAX,
        unsigned: u32::MAX,
        flag: true,
        single: f32::MAX,
        double: f64::INFINITY,
        text: "\u{1}\t\n'\"\\%_ äöü ß 𝄞 \u{10ffff}".into(),
        bytes: (0..=255).collect(),
        uuid: Uuid::max(),
        instant: instant("9999-12-31T23:59:59.999999Z"),
        date: NaiveDate::from_ymd_opt(9999, 12, 31).unwrap(),
        time: NaiveTime::from_hms_micro_opt(23, 59, 59, 999_999).unwrap(),
        exact: dec!(999999999999.999999),
        document: Json(Document { title: "a \"quote\", a \\ and \\u0000".into(), pages: vec![0, u32::MAX] }),
        maybe_large: Some(i64::MAX),
        maybe_flag: Some(true),
        maybe_double: Some(f64::EPSILON),
        maybe_text: Some("null".into()),
        maybe_bytes: Some(vec![0]),
        maybe_uuid: Some(Uuid::max()),
        maybe_instant: Some(instant("1969-12-31T23:59:59.999999Z")),
        maybe_exact: Some(dec!(0.000001)),
        maybe_document: Some(Json(Document::default())),
        maybe_category: Some(Category::Tool),
        ..Sample::plain(2)
    };
    vec![lowest, highest, Sample::plain(3)]
}

on_every_engine! {
    async fn extremes_come_back_as_they_went_in(shop: Shop) {
        for sample in extremes() {
            assert_eq!(shop.samples.insert(sample.clone()).await.as_ref(), Ok(&sample), "inserted");
            assert_eq!(shop.samples.get(sample.id).await.unwrap().as_ref(), Some(&sample), "read");
            assert_eq!(shop.samples.upsert(&sample).await.as_ref(), Ok(&sample), "upserted");
            shop.samples.update(&sample).await.unwrap();
        }
        assert_eq!(shop.samples.order_by(|s| s.id.asc()).all().await, Ok(extremes()));
    }

    async fn extremes_come_back_from_among_many_as_they_went_in(shop: Shop) {
        let texts = ["\t", "a\nb\r\n", "\\N", "\\.", "\\\\x00", "\u{b}\u{c}\u{8}", "𝄞"];
        let written = texts.iter().zip(100..).map(|(text, id)| Sample {
            text: (*text).into(),
            bytes: text.as_bytes().to_vec(),
            maybe_text: Some((*text).into()),
            ..Sample::plain(id)
        });
        // More than one statement takes.
        let rows: Vec<_> = (1_000..1_600).map(Sample::plain).chain(written).chain(extremes()).collect();
        assert_eq!(shop.samples.insert_many(rows.clone()).await, Ok(rows.len() as u64));
        let mut expected = rows;
        expected.sort_by_key(|sample| sample.id);
        assert_eq!(shop.samples.order_by(|s| s.id.asc()).all().await, Ok(expected));
    }

    async fn extremes_are_found_by_their_value(shop: Shop) {
        shop.samples.insert_many(extremes()).await.unwrap();
        for sample in extremes() {
            let id = sample.id;
            let found = shop
                .samples
                .filter(|s| {
                    s.small.eq(sample.small)
                        & s.large.eq(sample.large)
                        & s.small_unsigned.eq(sample.small_unsigned)
                        & s.unsigned.eq(sample.unsigned)
                        & s.flag.eq(sample.flag)
                        & s.single.eq(sample.single)
                        & s.double.eq(sample.double)
                        & s.text.eq(&sample.text)
                        & s.bytes.eq(&sample.bytes)
                        & s.uuid.eq(sample.uuid)
                        & s.instant.eq(sample.instant)
                        & s.date.eq(sample.date)
                        & s.time.eq(sample.time)
                        & s.exact.eq(sample.exact)
                        & s.maybe_text.eq(&sample.maybe_text)
                        & s.maybe_instant.eq(sample.maybe_instant)
                        & s.maybe_exact.eq(sample.maybe_exact)
                        & s.maybe_category.eq(sample.maybe_category)
                })
                .all()
                .await
                .unwrap();
            assert_eq!(found.iter().map(|s| s.id).collect::<Vec<_>>(), [id]);
        }
    }

    async fn text_is_ordered_by_code_point(shop: Shop) {
        // By UTF-16 units `𝄞` would stand before `ｚ`, by a language `a` before `Z`.
        let ordered = ["", "A", "Z", "_", "a", "a b", "ab", "z", "Ä", "ß", "ä", "ｚ", "𝄞"];
        let rows = ordered.iter().rev().zip(1..).map(|(text, id)| Sample { text: (*text).into(), ..Sample::plain(id) });
        shop.samples.insert_many(rows.collect::<Vec<_>>()).await.unwrap();
        let found: Vec<_> =
            shop.samples.order_by(|s| s.text.asc()).all().await.unwrap().into_iter().map(|s| s.text).collect();
        assert_eq!(found, ordered);
        assert_eq!(shop.samples.filter(|s| s.text.lt("_")).count().await, Ok(3));
        assert_eq!(shop.samples.filter(|s| s.text.gt("ß")).count().await, Ok(3));
    }

    async fn numbers_times_and_bytes_are_ordered_by_their_value(shop: Shop) {
        let exact = ["-100.5", "-9", "0", "0.000001", "9", "10", "100"];
        let instants =
            ["0001-01-01T00:00:00Z", "0999-06-01T00:00:00Z", "1970-01-01T00:00:00Z", "2024-01-01T00:00:00.000001Z",
             "2024-01-01T00:00:00.000002Z", "2024-01-01T00:00:00.1Z", "9999-01-01T00:00:00Z"];
        let bytes: [&[u8]; 7] = [b"", b"\0", b"\0\0", b"\x01", b"\x7f", b"\x80", b"\xff"];
        let rows = (0..7_usize).rev().map(|at| Sample {
            exact: exact[at].parse().unwrap(),
            instant: instant(instants[at]),
            bytes: bytes[at].to_vec(),
            uuid: Uuid::from_u128((at as u128) << 100),
            double: [f64::NEG_INFINITY, -1.5, -1e-9, 0.0, 1e-9, 2.5, f64::INFINITY][at],
            ..Sample::plain(7 - i32::try_from(at).unwrap())
        });
        shop.samples.insert_many(rows.collect::<Vec<_>>()).await.unwrap();
        let expected = [7, 6, 5, 4, 3, 2, 1];
        let ids = |rows: Vec<Sample>| rows.into_iter().map(|s| s.id).collect::<Vec<_>>();
        assert_eq!(ids(shop.samples.order_by(|s| s.exact.asc()).all().await.unwrap()), expected);
        assert_eq!(ids(shop.samples.order_by(|s| s.instant.asc()).all().await.unwrap()), expected);
        assert_eq!(ids(shop.samples.order_by(|s| s.bytes.asc()).all().await.unwrap()), expected);
        assert_eq!(ids(shop.samples.order_by(|s| s.uuid.asc()).all().await.unwrap()), expected);
        assert_eq!(ids(shop.samples.order_by(|s| s.double.asc()).all().await.unwrap()), expected);
    }

    async fn a_negative_zero_is_a_zero(shop: Shop) {
        let sample = Sample { single: -0.0, double: -0.0, ..Sample::plain(1) };
        let stored = shop.samples.insert(sample).await.unwrap();
        assert!(stored.single.is_sign_positive() && stored.double.is_sign_positive());
        assert_eq!(shop.samples.filter(|s| s.double.eq(-0.0)).count().await, Ok(1));
    }

    async fn an_instant_is_cut_to_microseconds(shop: Shop) {
        let sample = Sample {
            instant: instant("1969-12-31T23:59:59.999999999Z"),
            maybe_instant: Some(instant("2024-01-01T00:00:00.000000999Z")),
            time: NaiveTime::from_hms_nano_opt(0, 0, 0, 1_999).unwrap(),
            ..Sample::plain(1)
        };
        let stored = shop.samples.insert(sample.clone()).await.unwrap();
        assert_eq!(stored.instant, instant("1969-12-31T23:59:59.999999Z"));
        assert_eq!(stored.maybe_instant, Some(instant("2024-01-01T00:00:00Z")));
        assert_eq!(stored.time, NaiveTime::from_hms_micro_opt(0, 0, 0, 1).unwrap());
        // What is compared with is cut the same way.
        assert_eq!(shop.samples.filter(|s| s.instant.eq(sample.instant)).count().await, Ok(1));
    }

    async fn a_value_of_each_type_may_be_one_of_several(shop: Shop) {
        let [one, two] = [Sample::plain(1), Sample {
            small: i16::MIN,
            large: i64::MAX,
            small_unsigned: u16::MAX,
            unsigned: u32::MAX,
            flag: true,
            single: f32::MIN_POSITIVE,
            double: f64::MAX,
            text: "it's, {one} \"text\" \\ NULL".into(),
            bytes: vec![0, 255, b'"', b'\\'],
            uuid: Uuid::max(),
            instant: instant("9999-12-31T23:59:59.999999Z"),
            date: NaiveDate::from_ymd_opt(1, 1, 1).unwrap(),
            time: NaiveTime::from_hms_micro_opt(23, 59, 59, 999_999).unwrap(),
            exact: dec!(-999999999999.999999),
            maybe_large: Some(1),
            maybe_text: Some(String::new()),
            maybe_exact: Some(dec!(0.000001)),
            ..Sample::plain(2)
        }];
        shop.samples.insert_many([one.clone(), two.clone()]).await.unwrap();
        macro_rules! found {
            ($($field:ident)+) => {$(
                let (first, second) = (one.$field.clone(), two.$field.clone());
                for (among, expected) in [
                    (vec![second.clone()], vec![2]),
                    (vec![second.clone(), second.clone(), second.clone()], vec![2]),
                    (vec![second, first.clone(), first], vec![1, 2]),
                ] {
                    let rows = shop.samples.filter(|s| s.$field.in_(among)).order_by(|s| s.id.asc()).all().await.unwrap();
                    let ids: Vec<_> = rows.into_iter().map(|row| row.id).collect();
                    // A column without a value is among none.
                    let is_null = ["maybe_large", "maybe_text", "maybe_exact"].contains(&stringify!($field));
                    assert_eq!(ids, if is_null { vec![2] } else { expected }, stringify!($field));
                }
            )+};
        }
        found! {
            id small large small_unsigned unsigned flag single double text bytes uuid instant date time exact maybe_large maybe_text
            maybe_exact
        }
    }

    async fn a_decimal_is_compared_exactly_also_with_more_digits_than_it_has(shop: Shop) {
        let rows = ["-0.000001", "0", "0.000001", "0.000002"].iter().zip(1..);
        let rows = rows.map(|(text, id)| Sample { exact: text.parse().unwrap(), ..Sample::plain(id) });
        shop.samples.insert_many(rows.collect::<Vec<_>>()).await.unwrap();
        let between = dec!(0.0000015);
        for (count, expected) in [
            (shop.samples.filter(|s| s.exact.lt(between)).count().await, 3),
            (shop.samples.filter(|s| s.exact.le(between)).count().await, 3),
            (shop.samples.filter(|s| s.exact.gt(between)).count().await, 1),
            (shop.samples.filter(|s| s.exact.ge(between)).count().await, 1),
            (shop.samples.filter(|s| s.exact.eq(between)).count().await, 0),
            (shop.samples.filter(|s| s.exact.ne(between)).count().await, 4),
            (shop.samples.filter(|s| !s.exact.eq(between)).count().await, 4),
            (shop.samples.filter(|s| s.exact.in_([between, dec!(0)])).count().await, 1),
            (shop.samples.filter(|s| s.exact.lt(Decimal::MAX)).count().await, 4),
            (shop.samples.filter(|s| s.exact.gt(Decimal::MAX)).count().await, 0),
            (shop.samples.filter(|s| s.exact.ge(Decimal::MIN)).count().await, 4),
            (shop.samples.filter(|s| s.exact.between(dec!(-0.0000019), dec!(0.0000009))).count().await, 2),
        ] {
            assert_eq!(count, Ok(expected));
        }
    }
}
