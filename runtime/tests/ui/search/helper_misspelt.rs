use cell::prelude::*;

#[Search::index]
#[Database::table]
pub struct Product {
    #[key]
    pub id: i64,
    #[txt]
    pub name: String,
    #[facets]
    pub category: String,
}

#[Database::table]
#[Search::index]
pub struct Note {
    #[key]
    pub id: i64,
    #[text]
    #[fliter]
    pub name: String,
    #[stored]
    pub category: String,
}

fn main() {}
