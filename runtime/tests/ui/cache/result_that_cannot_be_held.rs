use cell::prelude::*;

struct Big;

#[Cache::memoize(ttl = "1m")]
async fn name(id: u32) -> Result<Big> {
    let _ = id;
    Ok(Big)
}

fn main() {}
