use cell::prelude::*;

#[Database::value]
pub struct Point(f64, f64);

fn main() {}
