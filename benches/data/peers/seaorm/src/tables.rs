//! The tables as SeaORM's users declare them, and what they are asked. In: for each engine, the types of a price and of an instant.
//! Out: a [`Library`](cell_bench_protocol::Library) for each. Absent: an instant and a decimal on SQLite: the columns there are a
//! fixed text and a scaled integer, which SeaORM's own types for both would write in another form.

macro_rules! tables {
    ($engine:ident, $price:ident, $instant:ident, |$row:ident| ($cents:expr, $seen_at:expr)) => {
        pub mod $engine {
            use cell_bench_protocol::{Library, Result, Row};
            use sea_orm::ActiveValue::{NotSet, Set, Unchanged};
            use sea_orm::entity::prelude::*;
            use sea_orm::{QueryOrder as _, QuerySelect as _, TransactionTrait as _};

            pub mod owner {
                use sea_orm::entity::prelude::*;

                #[derive(Clone, Debug, DeriveEntityModel)]
                #[sea_orm(table_name = "owners")]
                pub struct Model {
                    #[sea_orm(primary_key)]
                    pub id: i64,
                    pub name: String,
                }

                #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
                pub enum Relation {
                    #[sea_orm(has_many = "super::item::Entity")]
                    Item,
                }

                impl Related<super::item::Entity> for Entity {
                    fn to() -> RelationDef {
                        Relation::Item.def()
                    }
                }

                impl ActiveModelBehavior for ActiveModel {}
            }

            pub mod item {
                use sea_orm::entity::prelude::*;

                #[derive(Clone, Debug, DeriveEntityModel)]
                #[sea_orm(table_name = "items")]
                pub struct Model {
                    #[sea_orm(primary_key)]
                    pub id: i64,
                    pub owner: i64,
                    pub sku: String,
                    pub name: String,
                    pub price: $price,
                    pub stock: i32,
                    pub seen_at: $instant,
                    pub note: Option<String>,
                }

                #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
                pub enum Relation {
                    #[sea_orm(
                        belongs_to = "super::owner::Entity",
                        from = "Column::Owner",
                        to = "super::owner::Column::Id"
                    )]
                    Owner,
                }

                impl Related<super::owner::Entity> for Entity {
                    fn to() -> RelationDef {
                        Relation::Owner.def()
                    }
                }

                impl ActiveModelBehavior for ActiveModel {}
            }

            pub struct Shop(pub DatabaseConnection);

            impl Library for Shop {
                type Item = item::Model;
                type New = item::ActiveModel;
                type Family = (owner::Model, Vec<item::Model>);

                fn new($row: Row) -> Self::New {
                    item::ActiveModel {
                        id: NotSet,
                        owner: Set($row.owner),
                        price: Set($cents),
                        stock: Set($row.stock),
                        seen_at: Set($seen_at),
                        sku: Set($row.sku),
                        name: Set($row.name),
                        note: Set($row.note),
                    }
                }

                fn size((_, items): &Self::Family) -> usize {
                    items.len()
                }

                async fn get(&mut self, key: i64) -> Result<Option<Self::Item>> {
                    Ok(item::Entity::find_by_id(key).one(&self.0).await?)
                }

                async fn list(&mut self, stock: i32) -> Result<Vec<Self::Item>> {
                    let items = item::Entity::find().filter(item::Column::Stock.gte(stock));
                    Ok(items.order_by_asc(item::Column::Id).limit(100).all(&self.0).await?)
                }

                async fn insert(&mut self, new: Self::New) -> Result<Self::Item> {
                    Ok(new.insert(&self.0).await?)
                }

                async fn insert_many(&mut self, new: Vec<Self::New>) -> Result<()> {
                    let transaction = self.0.begin().await?;
                    let mut new = new.into_iter().peekable();
                    while new.peek().is_some() {
                        let chunk = new.by_ref().take(super::CHUNK);
                        item::Entity::insert_many(chunk).exec_without_returning(&transaction).await?;
                    }
                    Ok(transaction.commit().await?)
                }

                async fn update(&mut self, key: i64, new: Self::New) -> Result<()> {
                    item::ActiveModel { id: Unchanged(key), ..new }.update(&self.0).await?;
                    Ok(())
                }

                async fn eager(&mut self) -> Result<Vec<Self::Family>> {
                    let owners = owner::Entity::find().order_by_asc(owner::Column::Id).limit(100).all(&self.0).await?;
                    let items = owners.load_many(item::Entity, &self.0).await?;
                    Ok(owners.into_iter().zip(items).collect())
                }
            }
        }
    };
}

/// How many rows one statement adds.
const CHUNK: usize = 256;

tables!(sqlite, i64, String, |row| (row.cents, row.seen_text()));
tables!(postgres, Decimal, DateTimeUtc, |row| (
    Decimal::new(row.cents, 2),
    DateTimeUtc::from_timestamp_micros(row.micros).unwrap_or_default()
));
