use cell::prelude::*;

#[Database::table]
pub struct Product {
    #[key]
    pub id: i64,
    #[decimal(12, 2)]
    pub price: String,
}

fn main() {}
