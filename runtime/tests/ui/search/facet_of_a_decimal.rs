use cell::prelude::*;

#[Search::index]
#[Database::table]
pub struct Product {
    #[key]
    pub id: i64,
    #[text]
    pub name: String,
    #[facet]
    #[decimal(12, 2)]
    pub price: Money,
}

#[Database::value]
#[derive(Clone, Debug)]
pub struct Money(Decimal);

fn main() {}
