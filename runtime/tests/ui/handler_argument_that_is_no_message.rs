use cell::prelude::*;

pub struct Order;

#[service]
pub struct Tax {}

#[handler]
impl Tax {
    pub async fn calculate(&self, order: Order) -> Result<i64> {
        drop(order);
        Ok(1)
    }
}

fn main() {}
