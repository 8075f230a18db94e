use cell::prelude::*;

type Reply<T> = std::result::Result<T, String>;

#[Cache::memoize(ttl = "1m")]
async fn name(id: u32) -> Reply<u32> {
    Ok(id)
}

fn main() {
    drop(name(1));
}
