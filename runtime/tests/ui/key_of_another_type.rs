use cell::prelude::*;

#[Database::table]
pub struct Product {
    #[key]
    pub id: i64,
}

pub async fn get(products: &Table<Product>) {
    drop(products.get("one").await);
}

fn main() {}
