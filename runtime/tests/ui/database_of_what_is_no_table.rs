use cell::prelude::*;

pub struct Product {
    pub id: i64,
}

#[Database::sqlite(file = "shop.db")]
pub struct Shop {
    pub products: Table<Product>,
}

fn main() {}
