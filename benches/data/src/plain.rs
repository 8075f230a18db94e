//! The same by sqlx alone, written for each engine as its users write it: the limit.

macro_rules! plain {
    ($module:ident, $pool:ty, $database:ty, $price:ty, $time:ty) => {
        pub mod $module {
            use std::collections::HashMap;

            use sqlx::{FromRow, QueryBuilder};

            #[derive(Clone, Debug, FromRow)]
            pub struct Item {
                pub id: i64,
                pub owner: i64,
                pub sku: String,
                pub name: String,
                pub price: $price,
                pub stock: i32,
                pub seen_at: $time,
                pub note: Option<String>,
            }

            #[derive(Clone, Debug, FromRow)]
            #[expect(dead_code, reason = "what is read is what is measured")]
            pub struct Owner {
                pub id: i64,
                pub name: String,
            }

            type Result<T> = std::result::Result<T, sqlx::Error>;

            pub async fn get(pool: &$pool, id: i64) -> Result<Option<Item>> {
                let sql = "SELECT id, owner, sku, name, price, stock, seen_at, note FROM items WHERE id = $1";
                sqlx::query_as(sql).bind(id).fetch_optional(pool).await
            }

            pub async fn list(pool: &$pool, stock: i32) -> Result<Vec<Item>> {
                let sql = "SELECT id, owner, sku, name, price, stock, seen_at, note FROM items \
                           WHERE stock >= $1 ORDER BY id LIMIT 100";
                sqlx::query_as(sql).bind(stock).fetch_all(pool).await
            }

            pub async fn insert(pool: &$pool, item: &Item) -> Result<Item> {
                let sql = "INSERT INTO items (owner, sku, name, price, stock, seen_at, note) \
                           VALUES ($1, $2, $3, $4, $5, $6, $7) \
                           RETURNING id, owner, sku, name, price, stock, seen_at, note";
                let query = sqlx::query_as(sql).bind(item.owner).bind(&item.sku).bind(&item.name);
                query.bind(&item.price).bind(item.stock).bind(&item.seen_at).bind(&item.note).fetch_one(pool).await
            }

            pub async fn insert_many(pool: &$pool, items: &[Item]) -> Result<()> {
                let mut transaction = pool.begin().await?;
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
                transaction.commit().await
            }

            pub async fn update(pool: &$pool, item: &Item) -> Result<()> {
                let sql = "UPDATE items SET owner = $1, sku = $2, name = $3, price = $4, stock = $5, seen_at = $6, note = $7 \
                           WHERE id = $8";
                let query = sqlx::query(sql).bind(item.owner).bind(&item.sku).bind(&item.name).bind(&item.price);
                query.bind(item.stock).bind(&item.seen_at).bind(&item.note).bind(item.id).execute(pool).await?;
                Ok(())
            }

            pub async fn eager(pool: &$pool) -> Result<Vec<(Owner, Vec<Item>)>> {
                let owners: Vec<Owner> =
                    sqlx::query_as("SELECT id, name FROM owners ORDER BY id LIMIT 100").fetch_all(pool).await?;
                let mut query = QueryBuilder::<$database>::new(
                    "SELECT id, owner, sku, name, price, stock, seen_at, note FROM items WHERE owner IN (",
                );
                let mut list = query.separated(", ");
                for owner in &owners {
                    list.push_bind(owner.id);
                }
                query.push(") ORDER BY id");
                let items: Vec<Item> = query.build_query_as().fetch_all(pool).await?;
                let mut by_owner: HashMap<i64, Vec<Item>> = HashMap::new();
                for item in items {
                    by_owner.entry(item.owner).or_default().push(item);
                }
                Ok(owners.into_iter().map(|owner| (by_owner.remove(&owner.id).unwrap_or_default(), owner)).map(|(items, owner)| (owner, items)).collect())
            }
        }
    };
}

plain!(sqlite, sqlx::SqlitePool, sqlx::Sqlite, i64, String);
plain!(
    postgres,
    sqlx::PgPool,
    sqlx::Postgres,
    rust_decimal::Decimal,
    sqlx::types::chrono::DateTime<sqlx::types::chrono::Utc>
);
