use cell::prelude::*;

#[Database::table(nmae = "products")]
pub struct Product {
    #[key]
    pub id: i64,
    #[column(defualt = 1)]
    pub stock: i32,
}

fn main() {}
