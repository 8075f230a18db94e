use cell::prelude::*;

#[Database::table]
pub struct Product {
    #[key]
    pub id: i64,
    pub views: u64,
}

fn main() {}
