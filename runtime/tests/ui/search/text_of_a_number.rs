use cell::prelude::*;

#[Database::table]
#[Search::index]
pub struct Product {
    #[key]
    pub id: i64,
    #[text]
    pub name: String,
    #[text]
    pub stock: Option<i64>,
}

fn main() {}
