use cell::prelude::*;

#[Database::table]
pub struct Product {
    #[key]
    pub id: i64,
}

#[Database::sqlite(file = "shop.db")]
pub struct Shop {
    pub products: Table<Product>,
    pub cache: Vec<Product>,
}

fn main() {}
