use cell::prelude::*;

#[Database::table]
pub struct Product {
    #[key]
    pub id: i64,
    #[decimal(40, 2)]
    pub price: Decimal,
}

fn main() {}
