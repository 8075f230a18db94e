//! `sql!` and `#[Database::row]`: statements of one's own, and rows of their own, the same on every engine.

use cell::db::{DataError, Database as _, dec, sql};
use cell::{DateTime, Decimal, NaiveDate, NaiveTime, Utc, Uuid};
use futures_util::TryStreamExt as _;

use crate::engines::on_every_engine;
use crate::shop::{Category, Code, NewProduct, Product, Shop, Tag, product};

#[cell::Database::row]
#[derive(Clone, Debug, PartialEq)]
struct Shelf {
    category: String,
    #[column(name = "items")]
    count: i64,
    #[decimal(18, 2)]
    total: Decimal,
    cheapest: Option<String>,
}

#[cell::Database::row]
#[derive(Clone, Debug, PartialEq)]
struct Label {
    sku: String,
    #[decimal(12, 2)]
    price: Decimal,
    note: Option<String>,
}

async fn filled(shop: &Shop) {
    for (sku, price, category) in
        [("boot", "19.99", Category::Tool), ("tea", "0.05", Category::Book), ("cup", "4.50", Category::Tool)]
    {
        let price = price.parse().unwrap();
        let note = (sku == "tea").then(|| "it's {green}".to_owned());
        shop.products.insert(NewProduct { category, note, ..product(sku, price) }).await.unwrap();
    }
}

on_every_engine! {
    async fn rows_are_tuples_structs_and_those_of_a_table(shop: Shop) {
        filled(&shop).await;
        let (least, nothing) = (dec!(1), None::<String>);
        let pairs: Vec<(i64, String)> =
            sql!("select id, sku from products where price > {least:.2} and ({nothing} is null or note = {nothing}) order by id;")
                .all(&shop).await.unwrap();
        assert_eq!(pairs, [(1, "boot".to_owned()), (3, "cup".to_owned())]);

        let shelves: Vec<Shelf> = sql!(
            "select sum(price) as total, category, count(*) as items, min(sku) as cheapest
             from products group by category order by category"
        ).all(&shop).await.unwrap();
        let shelf = |category: &str, count, total, cheapest: &str| Shelf { category: category.to_owned(), count, total, cheapest: Some(cheapest.to_owned()) };
        assert_eq!(shelves, [shelf("book", 1, dec!(0.05), "tea"), shelf("tool", 2, dec!(24.49), "boot")]);

        let order = Label { sku: "tea".to_owned(), price: dec!(0.05), note: None };
        let products: Vec<Product> =
            sql!("select id, sku, name, category, price, stock, note, created_at, label from products where sku = {order.sku} and price = {order.price:.2}").all(&shop).await.unwrap();
        assert_eq!(products, shop.products.filter(|p| p.sku.eq("tea")).all().await.unwrap());
        let first = products.first().expect("one");
        let again: Option<Product> = sql!(Shop, "select label, created_at, note, stock, price, category, name, sku, id from products where id = {first.id}").first(&shop).await.unwrap();
        assert_eq!(again.as_ref(), products.first());
    }

    async fn values_of_every_type_go_in_and_come_out(shop: Shop) {
        let instant: DateTime<Utc> = "2024-02-29T12:00:00.000001Z".parse().unwrap();
        let (date, time) = (NaiveDate::from_ymd_opt(2024, 2, 29).unwrap(), NaiveTime::from_hms_micro_opt(1, 2, 3, 4).unwrap());
        let (uuid, text, bytes) = (Uuid::from_u128(7), "grün '; --", b"\0\xff".as_slice());
        let (yes, whole, half, kind, code) = (true, i64::MAX, 0.5, Category::Tool, Code("c".to_owned()));
        let row: (bool, i64, f64, String, Vec<u8>, Uuid) = sql!(
            "select cast({yes} as bool), cast({whole} as bigint), cast({half} as double precision), cast({text} as text),
                    {bytes}, {uuid}"
        ).first(&shop).await.unwrap().unwrap();
        assert_eq!(row, (yes, whole, half, text.to_owned(), bytes.to_owned(), uuid));
        let row: (DateTime<Utc>, NaiveDate, NaiveTime, Category, Code, Option<i32>) =
            sql!("select {instant}, {date}, {time}, {kind}, {code}, cast(null as int)").first(&shop).await.unwrap().unwrap();
        assert_eq!(row, (instant, date, time, kind, code, None));
    }

    async fn what_is_written_counts_and_is_undone_with_its_transaction(shop: Shop) {
        filled(&shop).await;
        let more = 3;
        assert_eq!(sql!("update products set stock = stock + {more} where price < 10").execute(&shop).await.unwrap_or(9), {
            // On SQLite a decimal is a whole number of its last digits.
            if shop.handle().engine() == cell::db::Engine::Sqlite { 1 } else { 2 }
        });
        let price = dec!(7.10);
        let undone: Result<(), DataError> = shop.try_transaction(async |tx| {
            let written: Vec<(i64,)> =
                sql!("update products set price = {price:.2} where sku = 'cup' returning id").all(tx).await?;
            assert_eq!(written, [(3,)]);
            let seen: Vec<Label> = sql!("select sku, price, note from products where price = {price:.2}").all(tx).await?;
            assert_eq!(seen.len(), 1);
            Err(DataError::NotFound { table: "products" })
        }).await;
        assert!(undone.is_err());
        assert_eq!(sql!("delete from products where price = {price:.2}").execute(&shop).await, Ok(0));
        let id = 3_i64;
        assert_eq!(sql!("delete from products where id = {id}").execute(&shop).await, Ok(1));
    }

    async fn what_does_not_fit_says_which(shop: Shop) {
        filled(&shop).await;
        let few: Result<Vec<(i64,)>, _> = sql!("select id, sku from products").all(&shop).await;
        let Err(DataError::Decode { column, reason, .. }) = few else { panic!("{few:?}") };
        assert_eq!((column.as_str(), reason.as_str()), ("id, sku", "a row of 2 columns is read as one of 1"));
        let other: Result<Vec<Label>, _> = sql!("select sku as name, price, note from products").all(&shop).await;
        let Err(DataError::Decode { column, reason, .. }) = other else { panic!("{other:?}") };
        assert_eq!((column.as_str(), reason.as_str()), ("sku", "the row has no such column; it has `name`, `price`, `note`"));
        let null: Result<Vec<(String,)>, _> = sql!("select note from products order by id").all(&shop).await;
        assert!(matches!(&null, Err(DataError::Decode { column, .. }) if column == "1"), "{null:?}");
        let (text, exact) = ("a\0b", dec!(0.001));
        let refused: Result<Vec<(i64,)>, _> = sql!("select id from products where sku = {text}").all(&shop).await;
        assert!(matches!(&refused, Err(DataError::OutOfRange { column, .. }) if column == "text"), "{refused:?}");
        let refused: Result<Vec<(i64,)>, _> = sql!("select id from products where price = {exact:.2}").all(&shop).await;
        assert!(matches!(&refused, Err(DataError::OutOfRange { column, .. }) if column == "exact"), "{refused:?}");
        let twice = sql!("insert into products (sku, name, category, price) values ('cup', 'Cup', 'tool', 1)").execute(&shop).await;
        assert!(matches!(&twice, Err(DataError::UniqueViolation { .. })), "{twice:?}");
    }

    async fn rows_come_as_they_are_wanted(shop: Shop) {
        shop.products.insert_many((0..500).map(|at| product(&format!("p{at:03}"), dec!(1)))).await.unwrap();
        let from = "p250";
        let mut rows = sql!("select sku, price, note from products where sku >= {from} order by sku").stream::<Label>(&shop);
        let first = rows.try_next().await.unwrap().unwrap();
        assert_eq!(first.sku, "p250");
        assert_eq!(rows.try_collect::<Vec<_>>().await.unwrap().len(), 249);
    }

    async fn what_a_later_release_adds_changes_nothing(shop: Shop) {
        filled(&shop).await;
        let all = async || sql!("select product, tag from tags order by tag").all::<Tag>(&shop).await.unwrap();
        shop.tags.insert(Tag { product: 1, tag: "new".to_owned() }).await.unwrap();
        assert_eq!(all().await.len(), 1);
        shop.handle().script("ALTER TABLE tags ADD COLUMN weight INTEGER").await.unwrap();
        for _ in 0..3 {
            assert_eq!(all().await, [Tag { product: 1, tag: "new".to_owned() }]);
        }
        // The first statement has SQLite notice what another of its connections has added, which the second alone does not.
        shop.handle().script("SELECT weight FROM tags; ALTER TABLE tags DROP COLUMN weight").await.unwrap();
        assert_eq!(all().await, [Tag { product: 1, tag: "new".to_owned() }]);
    }

    async fn one_text_takes_values_of_several_types(shop: Shop) {
        filled(&shop).await;
        for _ in 0..2 {
            let (id, narrow) = (3_i64, 3_i16);
            let wide: Option<(String,)> = sql!("select sku from products where id = {id}").first(&shop).await.unwrap();
            let id = 3_i32;
            let other: Option<(String,)> = sql!("select sku from products where id = {id}").first(&shop).await.unwrap();
            assert_eq!((wide.as_ref(), other.as_ref()), (Some(&("cup".to_owned(),)), wide.as_ref()));
            let read: Option<(i64, u16)> =
                sql!("select cast({narrow} as smallint), cast({narrow} as smallint)").first(&shop).await.unwrap();
            assert_eq!(read, Some((3, 3)));
        }
    }

    async fn the_first_row_is_all_that_is_read(shop: Shop) {
        filled(&shop).await;
        let first: Option<(String,)> = sql!("select note from products order by note is null, id").first(&shop).await.unwrap();
        assert_eq!(first, Some(("it's {green}".to_owned(),)));
        let written: Option<(i64,)> =
            sql!("insert into products (sku, name, category, price) values ('x', 'X', 'tool', 1), ('y', 'Y', 'tool', 1) returning id")
                .first(&shop).await.unwrap();
        assert!(written.is_some());
        assert_eq!(shop.products.count().await, Ok(5));
    }

    async fn a_query_selects_into_a_struct_by_name(shop: Shop) {
        filled(&shop).await;
        let labels = shop.products.filter(|p| p.price.lt(dec!(5))).order_by(|p| p.sku.asc());
        let labels: Vec<Label> = labels.select(|p| SelectLabel { note: p.note, price: p.price, sku: p.sku }).all().await.unwrap();
        let prices: Vec<Decimal> = labels.iter().map(|label| label.price).collect();
        assert_eq!(prices, [dec!(4.50), dec!(0.05)]);
        assert_eq!(labels.first().map(|label| label.sku.as_str()), Some("cup"));
        let shelves = shop.products.group_by(|p| p.name).select(|g| SelectShelf {
            category: g.key(),
            count: g.count(),
            total: g.sum(|p| p.price),
            cheapest: g.min(|p| p.sku),
        });
        let mut shelves = shelves.all().await.unwrap();
        shelves.sort_by_key(|shelf| shelf.total);
        let shown: Vec<_> = shelves.iter().map(|shelf| (shelf.count, shelf.total, shelf.cheapest.as_deref())).collect();
        assert_eq!(shown, [(1, dec!(0.05), Some("tea")), (1, dec!(4.50), Some("cup")), (1, dec!(19.99), Some("boot"))]);
    }
}
