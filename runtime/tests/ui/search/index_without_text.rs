use cell::prelude::*;

#[Database::table]
#[Search::index]
pub struct Product {
    #[key]
    pub id: i64,
    #[filter]
    pub stock: i64,
}

fn main() {}
