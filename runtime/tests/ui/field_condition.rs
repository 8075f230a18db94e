use cell::prelude::*;

#[Database::table]
pub struct Product {
    #[key]
    pub id: i64,
    #[cfg(feature = "stock")]
    pub stock: i32,
}

fn main() {}
