//! What Diesel is asked on SQLite, in its own blocking way. In: a file. Out: a [`Library`]. Absent: `diesel-async`, which has for
//! SQLite a wrapper that moves each call to another thread.

use cell_bench_protocol::{Library, Result, Row};
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, Error, Pool};

use crate::CHUNK;

crate::tables::tables!(diesel::sqlite::Sqlite, (BigInt, i64), (Text, String));

pub struct Shop(Pool<ConnectionManager<SqliteConnection>>);

impl Shop {
    pub fn open(path: &str) -> Result<Self> {
        let pool = Pool::builder().max_size(8).test_on_check_out(false).connection_customizer(Box::new(Pragmas));
        Ok(Self(pool.build(ConnectionManager::new(path))?))
    }
}

/// As Cell sets up its connections. Prepared statements are kept without being asked for, all of them.
#[derive(Debug)]
struct Pragmas;

impl CustomizeConnection<SqliteConnection, Error> for Pragmas {
    fn on_acquire(&self, connection: &mut SqliteConnection) -> std::result::Result<(), Error> {
        let pragmas = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; \
                       PRAGMA foreign_keys = ON;";
        connection.batch_execute(pragmas).map_err(Error::QueryError)
    }
}

impl Library for Shop {
    type Item = Item;
    type New = NewItem;
    type Family = (Owner, Vec<Item>);

    fn new(row: Row) -> NewItem {
        let seen_at = row.seen_text();
        let Row { owner, sku, name, cents, stock, note, .. } = row;
        NewItem { owner, sku, name, price: cents, stock, seen_at, note }
    }

    fn size((_, items): &Self::Family) -> usize {
        items.len()
    }

    async fn get(&mut self, key: i64) -> Result<Option<Item>> {
        let mut connection = self.0.get()?;
        Ok(items::table.find(key).select(Item::as_select()).first(&mut connection).optional()?)
    }

    async fn list(&mut self, stock: i32) -> Result<Vec<Item>> {
        let mut connection = self.0.get()?;
        let found = items::table.filter(items::stock.ge(stock)).order(items::id.asc()).limit(100);
        Ok(found.select(Item::as_select()).load(&mut connection)?)
    }

    async fn insert(&mut self, new: NewItem) -> Result<Item> {
        let mut connection = self.0.get()?;
        let insert = diesel::insert_into(items::table).values(&new);
        Ok(insert.returning(Item::as_returning()).get_result(&mut connection)?)
    }

    async fn insert_many(&mut self, new: Vec<NewItem>) -> Result<()> {
        let mut connection = self.0.get()?;
        connection.transaction(|connection| {
            for chunk in new.chunks(CHUNK) {
                diesel::insert_into(items::table).values(chunk).execute(connection)?;
            }
            Ok(())
        })
    }

    async fn update(&mut self, key: i64, new: NewItem) -> Result<()> {
        let mut connection = self.0.get()?;
        match diesel::update(items::table.find(key)).set(&new).execute(&mut connection)? {
            1 => Ok(()),
            rows => Err(format!("{rows} rows have the key {key}").into()),
        }
    }

    async fn eager(&mut self) -> Result<Vec<Self::Family>> {
        let mut connection = self.0.get()?;
        let owners: Vec<Owner> =
            owners::table.order(owners::id.asc()).limit(100).select(Owner::as_select()).load(&mut connection)?;
        let found = Item::belonging_to(&owners).order(items::id.asc()).select(Item::as_select());
        let items: Vec<Item> = found.load(&mut connection)?;
        let items = items.grouped_by(&owners);
        Ok(owners.into_iter().zip(items).collect())
    }
}
