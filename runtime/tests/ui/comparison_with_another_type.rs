use cell::prelude::*;

#[Database::table]
pub struct Product {
    #[key]
    pub id: i64,
    #[decimal(12, 2)]
    pub price: Decimal,
}

pub fn cheap(products: &Table<Product>) {
    drop(products.filter(|p| p.price.lt("10")));
}

fn main() {}
