use cell::prelude::*;

#[Database::table]
pub enum Product {
    Book,
}

fn main() {}
