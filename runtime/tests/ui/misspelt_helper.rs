use cell::prelude::*;

#[Database::table]
pub struct Product {
    #[key]
    pub id: i64,
    #[uniqe]
    pub sku: String,
}

fn main() {}
