use cell::prelude::*;

#[service]
pub struct Tax {}

#[handler]
impl Tax {
    #[idempotent]
    pub fn calculate(&self) -> Result<i64> {
        Ok(1)
    }
}

fn main() {}
