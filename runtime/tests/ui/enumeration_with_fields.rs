use cell::prelude::*;

#[Database::enumeration]
pub enum Category {
    Book,
    Other(String),
}

fn main() {}
