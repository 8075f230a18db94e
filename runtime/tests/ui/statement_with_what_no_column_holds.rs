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

#[Database::sqlite(file = "audit.db")]
struct Audit {
    products: Table<Product>,
}

async fn value(shop: &Shop, count: u64) -> Result<Vec<Product>> {
    Ok(sql!("select id, name from products where id = {count}").all(shop).await?)
}

async fn unknown(shop: &Shop) -> Result<Vec<Product>> {
    Ok(sql!("select id, name from products where id = {other}").all(shop).await?)
}

async fn row(shop: &Shop) -> Result<Vec<String>> {
    Ok(sql!("select name from products").all(shop).await?)
}

async fn database(audit: &Audit) -> Result<Vec<Product>> {
    Ok(sql!(Shop, "select id, name from products").all(audit).await?)
}

fn main() {}
