use cell::prelude::*;

#[Database::row]
struct Sale {
    #[key]
    id: i64,
    #[decimal(18, 2)]
    revenue: Decimal,
    count: u64,
}

fn main() {}
