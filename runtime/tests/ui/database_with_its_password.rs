use cell::prelude::*;

#[Database::postgres(url = "postgres://shop:hunter2@db/shop")]
pub struct Shop {}

fn main() {}
