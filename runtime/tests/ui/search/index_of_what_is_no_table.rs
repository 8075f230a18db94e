use cell::prelude::*;

#[Search::index]
pub struct Product {
    #[text]
    pub name: String,
}

fn main() {}
