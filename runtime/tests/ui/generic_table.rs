use cell::prelude::*;

#[Database::table]
pub struct Product<T> {
    #[key]
    pub id: i64,
    pub extra: T,
}

fn main() {}
