use cell::prelude::*;

#[Database::table]
#[Search::index]
pub struct Product {
    #[key]
    pub id: i64,
    #[text]
    pub name: String,
    #[filter]
    pub image: Vec<u8>,
}

fn main() {}
