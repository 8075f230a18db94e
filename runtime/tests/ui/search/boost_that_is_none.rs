use cell::prelude::*;

#[Database::table]
#[Search::index(language = "english")]
pub struct Product {
    #[key]
    pub id: i64,
    #[text(boost = 0.0)]
    pub name: String,
    #[text(boost = "2", tokenizer = "word")]
    pub brand: String,
}

fn main() {}
