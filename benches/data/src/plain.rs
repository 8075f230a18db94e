//! The same by sqlx alone, written for each engine as its users write it: the limit. In: a pool of connections. Out: a
//! [`Library`](cell_bench_protocol::Library). On SQLite an instant is a text and a price a scaled integer, as the columns hold them.

macro_rules! plain {
    ($engine:ident, $database:ty, $price:ty, $instant:ty, |$row:ident| ($cents:expr, $seen_at:expr)) => {
        pub mod $engine {
            use std::collections::HashMap;

            use cell_bench_protocol::{Library, Result, Row};
            use sqlx::{FromRow, Pool, QueryBuilder};

            #[derive(Debug, FromRow)]
            #[expect(dead_code, reason = "what is read is what is measured")]
            pub struct Item {
                pub id: i64,
                pub owner: i64,
                pub sku: String,
                pub name: String,
                pub price: $price,
                pub stock: i32,
                pub seen_at: $instant,
                pub note: Option<String>,
            }

            #[derive(Debug, FromRow)]
            #[expect(dead_code, reason = "what is read is what is measured")]
            pub struct Owner {
                pub id: i64,
                pub name: String,
            }

            pub struct Plain(pub Pool<$database>);

            impl Library for Plain {
                type Item = Item;
                type New = Item;
                type Family = (Owner, Vec<Item>);

                fn new($row: Row) -> Item {
                    let (price, seen_at) = ($cents, $seen_at);
                    let Row { owner, sku, name, stock, note, .. } = $row;
                    Item { id: 0, owner, sku, name, price, stock, seen_at, note }
                }

                fn size((_, items): &Self::Family) -> usize {
                    items.len()
                }

                async fn get(&mut self, key: i64) -> Result<Option<Item>> {
                    let sql = "SELECT id, owner, sku, name, price, stock, seen_at, note FROM items WHERE id = $1";
                    Ok(sqlx::query_as(sql).bind(key).fetch_optional(&self.0).await?)
                }

                async fn list(&mut self, stock: i32) -> Result<Vec<Item>> {
                    let sql = "SELECT id, owner, sku, name, price, stock, seen_at, note FROM items \
                               WHERE stock >= $1 ORDER BY id LIMIT 100";
                    Ok(sqlx::query_as(sql).bind(stock).fetch_all(&self.0).await?)
                }

                async fn insert(&mut self, item: Item) -> Result<Item> {
                    let sql = "INSERT INTO items (owner, sku, name, price, stock, seen_at, note) \
                               VALUES ($1, $2, $3, $4, $5, $6, $7) \
                               RETURNING id, owner, sku, name, price, stock, seen_at, note";
                    let query = sqlx::query_as(sql).bind(item.owner).bind(&item.sku).bind(&item.name);
                    let query = query.bind(&item.price).bind(item.stock).bind(&item.seen_at).bind(&item.note);
                    Ok(query.fetch_one(&self.0).await?)
                }

                async fn insert_many(&mut self, items: Vec<Item>) -> Result<()> {
                    let mut transaction = self.0.begin().await?;
                    for items in items.chunks(256) {
                        let mut query = QueryBuilder::<$database>::new(
                            "INSERT INTO items (owner, sku, name, price, stock, seen_at, note) ",
                        );
                        query.push_values(items, |mut row, item| {
                            row.push_bind(item.owner).push_bind(&item.sku).push_bind(&item.name).push_bind(&item.price);
                            row.push_bind(item.stock).push_bind(&item.seen_at).push_bind(&item.note);
                        });
                        query.build().execute(&mut *transaction).await?;
                    }
                    Ok(transaction.commit().await?)
                }

                async fn update(&mut self, key: i64, item: Item) -> Result<()> {
                    let sql = "UPDATE items SET owner = $1, sku = $2, name = $3, price = $4, stock = $5, seen_at = $6, \
                               note = $7 WHERE id = $8";
                    let query = sqlx::query(sql).bind(item.owner).bind(&item.sku).bind(&item.name).bind(&item.price);
                    let query = query.bind(item.stock).bind(&item.seen_at).bind(&item.note).bind(key);
                    match query.execute(&self.0).await?.rows_affected() {
                        1 => Ok(()),
                        rows => Err(format!("{rows} rows have the key {key}").into()),
                    }
                }

                async fn eager(&mut self) -> Result<Vec<Self::Family>> {
                    let sql = "SELECT id, name FROM owners ORDER BY id LIMIT 100";
                    let owners: Vec<Owner> = sqlx::query_as(sql).fetch_all(&self.0).await?;
                    let mut query = QueryBuilder::<$database>::new(
                        "SELECT id, owner, sku, name, price, stock, seen_at, note FROM items WHERE owner IN (",
                    );
                    let mut list = query.separated(", ");
                    for owner in &owners {
                        list.push_bind(owner.id);
                    }
                    query.push(") ORDER BY id");
                    let items: Vec<Item> = query.build_query_as().fetch_all(&self.0).await?;
                    let mut by_owner: HashMap<i64, Vec<Item>> = HashMap::new();
                    for item in items {
                        by_owner.entry(item.owner).or_default().push(item);
                    }
                    let with_items = owners.into_iter().map(|owner| {
                        let items = by_owner.remove(&owner.id).unwrap_or_default();
                        (owner, items)
                    });
                    Ok(with_items.collect())
                }
            }
        }
    };
}

plain!(sqlite, sqlx::Sqlite, i64, String, |row| (row.cents, row.seen_text()));
plain!(
    postgres,
    sqlx::Postgres,
    rust_decimal::Decimal,
    sqlx::types::chrono::DateTime<sqlx::types::chrono::Utc>,
    |row| (
        rust_decimal::Decimal::new(row.cents, 2),
        sqlx::types::chrono::DateTime::from_timestamp_micros(row.micros).unwrap_or_default()
    )
);
