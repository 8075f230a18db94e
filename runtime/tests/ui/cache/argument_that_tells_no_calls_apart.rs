use cell::prelude::*;

#[Cache::memoize(ttl = "1m")]
async fn rate(amount: f64) -> f64 {
    amount * 2.0
}

fn main() {}
