use cell::prelude::*;

#[Database::table]
#[check(sku.len() == 8)]
pub struct Product {
    #[key]
    pub id: i64,
    #[check(lenn(sku) > 3)]
    pub sku: String,
}

fn main() {}
