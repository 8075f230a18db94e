use cell::prelude::*;

#[Database::table]
pub struct Product {
    #[key]
    pub id: i64,
    pub name: String,
}

pub fn named(products: &Table<Product>) {
    drop(products.filter(|p| p.nmae.eq("boot")));
}

fn main() {}
