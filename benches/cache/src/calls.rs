//! One function, as each of them would have it memoized.

use std::sync::LazyLock;

use cached::macros::{cached, concurrent_cached};
use cell::prelude::*;

use crate::Who;
use crate::shop::Shop;

/// What is computed.
fn computed(id: u64) -> u64 {
    id.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 7
}

fn text(id: u64) -> String {
    format!("{:040}", computed(id))
}

/// The others. `$cell` is what Cell makes of it.
macro_rules! each {
    ($name:ident, $value:ty, $compute:expr, $capacity:literal, $cell:expr) => {
        mod $name {
            use super::*;

            static MOKA: LazyLock<moka::sync::Cache<u64, $value>> =
                LazyLock::new(|| moka::sync::Cache::new($capacity));
            static MOKA_WITH: LazyLock<moka::future::Cache<u64, $value>> =
                LazyLock::new(|| moka::future::Cache::new($capacity));
            static QUICK: LazyLock<quick_cache::sync::Cache<u64, $value>> =
                LazyLock::new(|| quick_cache::sync::Cache::new($capacity));

            async fn by_moka(id: u64) -> $value {
                if let Some(value) = MOKA.get(&id) {
                    return value;
                }
                let value: $value = $compute(id);
                MOKA.insert(id, value.clone());
                value
            }

            async fn by_moka_with(id: u64) -> $value {
                MOKA_WITH.get_with(id, async { $compute(id) }).await
            }

            async fn by_quick_cache(id: u64) -> $value {
                if let Some(value) = QUICK.get(&id) {
                    return value;
                }
                let value: $value = $compute(id);
                QUICK.insert(id, value.clone());
                value
            }

            #[cached(max_size = $capacity)]
            async fn by_cached(id: u64) -> $value {
                $compute(id)
            }

            #[concurrent_cached(max_size = $capacity)]
            async fn by_concurrent_cached(id: u64) -> $value {
                $compute(id)
            }

            pub async fn call(who: Who, shop: &Shop, id: u64) -> $value {
                match who {
                    Who::Cell => $cell(shop, id).await,
                    Who::Moka => by_moka(id).await,
                    Who::MokaWith => by_moka_with(id).await,
                    Who::QuickCache => by_quick_cache(id).await,
                    Who::Cached => by_cached(id).await,
                    Who::ConcurrentCached => by_concurrent_cached(id).await,
                }
            }
        }
    };
}

// Where every key is to be held, there is room for more.
each!(held_ones, u64, computed, 40_000, cell_held);
each!(held_texts, String, text, 40_000, cell_held_text);
each!(pure_ones, u64, computed, 10_000, cell_pure);
each!(mixed_ones, u64, computed, 10_000, cell_mixed);

#[Cache::memoize(capacity = 40_000)]
async fn read(shop: &Shop, id: u64) -> Result<u64> {
    let row = shop.numbers.get(id as i64).await?;
    Ok(row.map(|row| row.number as u64).unwrap_or_default())
}

#[Cache::memoize(capacity = 40_000)]
async fn read_text(shop: &Shop, id: u64) -> Result<String> {
    let row = shop.numbers.get(id as i64).await?;
    Ok(row.map(|row| text(row.id as u64)).unwrap_or_default())
}

#[Cache::memoize(ttl = "1h", capacity = 10_000)]
async fn pure(id: u64) -> u64 {
    computed(id)
}

#[Cache::memoize(ttl = "1h", capacity = 10_000)]
async fn skewed(id: u64) -> u64 {
    computed(id)
}

async fn cell_held(shop: &Shop, id: u64) -> u64 {
    read(shop, id).await.expect("a number")
}

async fn cell_held_text(shop: &Shop, id: u64) -> String {
    read_text(shop, id).await.expect("a text")
}

async fn cell_pure(_: &Shop, id: u64) -> u64 {
    pure(id).await
}

async fn cell_mixed(_: &Shop, id: u64) -> u64 {
    skewed(id).await
}

pub use held_ones::call as held;
pub use held_texts::call as held_text;
pub use mixed_ones::call as mixed;
pub use pure_ones::call as miss;

/// Has each of them hold these keys.
pub async fn fill(shop: &Shop, keys: u64) {
    for who in crate::ALL {
        for id in 0..keys {
            held(who, shop, id).await;
            held_text(who, shop, id).await;
        }
    }
}
