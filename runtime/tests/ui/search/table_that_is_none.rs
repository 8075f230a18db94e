use cell::prelude::*;

// Of what is no table nothing is said twice.
#[Database::table]
#[Search::index]
pub struct Product {
    pub id: i64,
    #[text]
    pub name: String,
}

fn main() {}
