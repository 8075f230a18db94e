//! What Diesel is asked on PostgreSQL, by `diesel-async`. In: a URL. Out: a [`Library`].

use bigdecimal::BigDecimal;
use cell_bench_protocol::{Library, Result, Row};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::result::Error;
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl};

use crate::CHUNK;

crate::tables::tables!(diesel::pg::Pg, (Numeric, BigDecimal), (Timestamptz, DateTime<Utc>));

pub struct Shop(Pool<AsyncPgConnection>);

impl Shop {
    pub fn open(url: &str) -> Result<Self> {
        // Of a host in the URL and one among its parameters, the client below Diesel would try both.
        let url = url.replacen("@localhost/", "@/", 1);
        let mut config = ManagerConfig::default();
        config.recycling_method = RecyclingMethod::Fast;
        let manager = AsyncDieselConnectionManager::<AsyncPgConnection>::new_with_config(url, config);
        Ok(Self(Pool::builder(manager).max_size(10).build()?))
    }
}

impl Library for Shop {
    type Item = Item;
    type New = NewItem;
    type Family = (Owner, Vec<Item>);

    fn new(row: Row) -> NewItem {
        let Row { owner, sku, name, cents, stock, micros, note } = row;
        let seen_at = DateTime::from_timestamp_micros(micros).unwrap_or_default();
        NewItem { owner, sku, name, price: BigDecimal::new(cents.into(), 2), stock, seen_at, note }
    }

    fn size((_, items): &Self::Family) -> usize {
        items.len()
    }

    async fn get(&mut self, key: i64) -> Result<Option<Item>> {
        let mut connection = self.0.get().await?;
        Ok(items::table.find(key).select(Item::as_select()).first(&mut connection).await.optional()?)
    }

    async fn list(&mut self, stock: i32) -> Result<Vec<Item>> {
        let mut connection = self.0.get().await?;
        let found = items::table.filter(items::stock.ge(stock)).order(items::id.asc()).limit(100);
        Ok(found.select(Item::as_select()).load(&mut connection).await?)
    }

    async fn insert(&mut self, new: NewItem) -> Result<Item> {
        let mut connection = self.0.get().await?;
        let insert = diesel::insert_into(items::table).values(&new);
        Ok(insert.returning(Item::as_returning()).get_result(&mut connection).await?)
    }

    async fn insert_many(&mut self, new: Vec<NewItem>) -> Result<()> {
        let mut connection = self.0.get().await?;
        let added = connection.transaction(async |connection| {
            for chunk in new.chunks(CHUNK) {
                diesel::insert_into(items::table).values(chunk).execute(connection).await?;
            }
            Ok::<(), Error>(())
        });
        Ok(added.await?)
    }

    async fn update(&mut self, key: i64, new: NewItem) -> Result<()> {
        let mut connection = self.0.get().await?;
        match diesel::update(items::table.find(key)).set(&new).execute(&mut connection).await? {
            1 => Ok(()),
            rows => Err(format!("{rows} rows have the key {key}").into()),
        }
    }

    async fn eager(&mut self) -> Result<Vec<Self::Family>> {
        let mut connection = self.0.get().await?;
        let owners: Vec<Owner> =
            owners::table.order(owners::id.asc()).limit(100).select(Owner::as_select()).load(&mut connection).await?;
        let found = Item::belonging_to(&owners).order(items::id.asc()).select(Item::as_select());
        let items: Vec<Item> = found.load(&mut connection).await?;
        let items = items.grouped_by(&owners);
        Ok(owners.into_iter().zip(items).collect())
    }
}
