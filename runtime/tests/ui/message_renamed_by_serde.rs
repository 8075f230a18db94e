use cell::prelude::*;

#[message]
pub struct Order {
    #[serde(rename = "amount")]
    pub total: i64,
}

fn main() {}
