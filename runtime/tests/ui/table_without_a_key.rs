use cell::prelude::*;

#[Database::table]
pub struct Product {
    pub id: i64,
    pub name: String,
}

fn main() {}
