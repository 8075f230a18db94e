use cell::prelude::*;

#[service]
pub struct Tax {}

#[handler]
impl Tax {
    pub async fn calculate(&self) -> i64 {
        1
    }
}

fn main() {}
