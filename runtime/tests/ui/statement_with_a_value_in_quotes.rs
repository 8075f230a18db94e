use cell::prelude::*;

#[Database::table]
struct Product {
    #[key]
    id: i64,
    name: String,
}

#[Database::sqlite(file = "shop.db")]
struct Shop {
    products: Table<Product>,
}

async fn find(shop: &Shop, name: &str) -> Result<Vec<Product>> {
    Ok(sql!("select id, name from products where name = '{name}'").all(shop).await?)
}

fn main() {}
