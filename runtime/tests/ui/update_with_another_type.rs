//! Updates with values of other types, and numbers that no database computes.
use cell::prelude::*;

#[Database::sqlite(file = "shop.db")]
pub struct Shop {
    pub products: Table<Product>,
}

#[Database::table]
pub struct Product {
    #[key]
    pub id: i64,
    pub name: String,
    pub stock: i32,
    pub weight: f64,
}

async fn wrong(shop: &Shop) -> Result<()> {
    shop.products.query().update(|p| p.stock.set("many")).await?;
    shop.products.query().update(|p| p.stock.set(p.id + 1)).await?;
    shop.products.query().update(|p| p.weight.set(p.weight + 1.0)).await?;
    Ok(())
}

fn main() {}
