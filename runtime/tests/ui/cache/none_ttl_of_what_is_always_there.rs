use cell::prelude::*;

#[Cache::memoize(ttl = "1m", none_ttl = "1s")]
async fn name(id: u32) -> Result<String> {
    Ok(id.to_string())
}

fn main() {}
