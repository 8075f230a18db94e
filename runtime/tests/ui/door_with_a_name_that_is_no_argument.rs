use cell::prelude::*;

#[service]
pub struct Tax {}

#[handler]
impl Tax {
    #[http(GET, "/tax/{orde}")]
    pub async fn calculate(&self, order: i64) -> Result<i64> {
        Ok(order)
    }
}

fn main() {}
