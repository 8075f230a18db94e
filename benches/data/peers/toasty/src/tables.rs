//! The tables as Toasty's users declare them, and what they are asked. In: for each engine, the types of a price and of an instant.
//! Out: a [`Library`](cell_bench_protocol::Library) for each. Absent: an instant and a decimal on SQLite: the columns there are a
//! fixed text and a scaled integer, and Toasty's own types for both are texts of another form. Keys are `u64`, as in Toasty's guide: on
//! SQLite it loads no relation whose key is an `i64` that the engine numbers.

macro_rules! tables {
    ($engine:ident, $price:ty, $instant:ty, |$row:ident| ($cents:expr, $seen_at:expr)) => {
        pub mod $engine {
            use cell_bench_protocol::{Library, Result, Row};
            use toasty::{Db, Deferred, ModelSet};

            #[derive(Debug, toasty::Model)]
            #[table = "owners"]
            pub struct Owner {
                #[key]
                #[auto]
                pub id: u64,
                pub name: String,
                #[has_many(pair = owned_by)]
                pub items: Deferred<Vec<Item>>,
            }

            #[derive(Debug, toasty::Model)]
            #[table = "items"]
            pub struct Item {
                #[key]
                #[auto]
                pub id: u64,
                #[index]
                pub owner: u64,
                #[belongs_to(key = owner, references = id)]
                pub owned_by: Deferred<Owner>,
                pub sku: String,
                pub name: String,
                pub price: $price,
                pub stock: i32,
                pub seen_at: $instant,
                pub note: Option<String>,
            }

            /// A row before it is given to one of Toasty's builders.
            pub struct NewItem {
                owner: u64,
                sku: String,
                name: String,
                price: $price,
                stock: i32,
                seen_at: $instant,
                note: Option<String>,
            }

            pub fn models() -> ModelSet {
                toasty::models!(Owner, Item)
            }

            pub struct Shop(pub Db);

            impl Library for Shop {
                type Item = Item;
                type New = NewItem;
                type Family = Owner;

                fn new($row: Row) -> NewItem {
                    let (price, seen_at) = ($cents, $seen_at);
                    let Row { owner, sku, name, stock, note, .. } = $row;
                    NewItem { owner: owner.cast_unsigned(), sku, name, price, stock, seen_at, note }
                }

                fn size(owner: &Owner) -> usize {
                    owner.items.get().len()
                }

                async fn get(&mut self, key: i64) -> Result<Option<Item>> {
                    Ok(Item::filter_by_id(key.cast_unsigned()).first().exec(&mut self.0).await?)
                }

                async fn list(&mut self, stock: i32) -> Result<Vec<Item>> {
                    let items = Item::filter(Item::fields().stock().ge(stock));
                    Ok(items.order_by(Item::fields().id().asc()).limit(100).exec(&mut self.0).await?)
                }

                async fn insert(&mut self, new: NewItem) -> Result<Item> {
                    let NewItem { owner, sku, name, price, stock, seen_at, note } = new;
                    Ok(toasty::create!(Item { owner, sku, name, price, stock, seen_at, note })
                        .exec(&mut self.0)
                        .await?)
                }

                async fn insert_many(&mut self, new: Vec<NewItem>) -> Result<()> {
                    let mut transaction = self.0.transaction().await?;
                    let mut new = new.into_iter().peekable();
                    while new.peek().is_some() {
                        let mut many = Item::create_many();
                        for NewItem { owner, sku, name, price, stock, seen_at, note } in new.by_ref().take(super::CHUNK)
                        {
                            many = many.item(toasty::create!(Item { owner, sku, name, price, stock, seen_at, note }));
                        }
                        many.exec(&mut transaction).await?;
                    }
                    Ok(transaction.commit().await?)
                }

                async fn update(&mut self, key: i64, new: NewItem) -> Result<()> {
                    let NewItem { owner, sku, name, price, stock, seen_at, note } = new;
                    let row = Item::filter_by_id(key.cast_unsigned());
                    toasty::update!(row { owner, sku, name, price, stock, seen_at, note }).exec(&mut self.0).await?;
                    Ok(())
                }

                async fn eager(&mut self) -> Result<Vec<Owner>> {
                    let owners = Owner::all().order_by(Owner::fields().id().asc()).limit(100);
                    Ok(owners.include(Owner::fields().items()).exec(&mut self.0).await?)
                }
            }
        }
    };
}

/// How many rows one statement adds.
const CHUNK: usize = 256;

tables!(sqlite, i64, String, |row| (row.cents, row.seen_text()));
tables!(postgres, rust_decimal::Decimal, jiff::Timestamp, |row| (
    rust_decimal::Decimal::new(row.cents, 2),
    jiff::Timestamp::from_microsecond(row.micros).unwrap_or_default()
));
