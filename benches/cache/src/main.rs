//! Measures memoized functions beside plain moka, quick_cache and the macros of cached, in one run. In: nothing. Out: nanoseconds a call, the
//! median of interleaved rounds, and whether they keep within the bars.
//!
//! What is computed costs nothing, so that only the caches are measured; but what Cell holds in the rows "hit" was read from a database, which
//! it watches meanwhile.

mod calls;
mod shop;

use std::time::Instant;

use cell::prelude::*;
use tokio::runtime::Handle;

/// The allocator of a server, for all alike.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const KEYS: u64 = 100_000;
const CAPACITY: u64 = 10_000;
const CALLS: usize = 200_000;
const ROUNDS: usize = 7;

/// Who is measured.
const ALL: [Who; 6] = [Who::Cell, Who::Moka, Who::MokaWith, Who::QuickCache, Who::Cached, Who::ConcurrentCached];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Cell,
    /// `get`, and `insert` where there is nothing.
    Moka,
    /// `get_with`: several who ask wait for one.
    MokaWith,
    QuickCache,
    Cached,
    ConcurrentCached,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Load {
    /// A number that is there.
    Hit,
    /// A text of 40 bytes that is there.
    HitText,
    /// What is not.
    Miss,
    /// Of 100,000 with room for 10,000, the first often and the last seldom (Zipf, s = 1).
    Mixed,
}

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let file = cell_migrate::throwaway::sqlite()?;
    let shop = runtime.block_on(shop::open(file.url().as_str(), CAPACITY))?;
    let skewed = zipf();
    runtime.block_on(calls::fill(&shop, CAPACITY));
    println!("| load | threads | {} |", ALL.map(|who| format!("{who:?}")).join(" | "));
    println!("| --- | --: |{}", " --: |".repeat(ALL.len()));
    let mut ratios = Vec::new();
    for load in [Load::Hit, Load::HitText, Load::Miss, Load::Mixed] {
        for threads in [1, 2] {
            let mut taken = ALL.map(|_| Vec::new());
            for round in 0..ROUNDS {
                for (who, taken) in ALL.into_iter().zip(&mut taken) {
                    let begun = Instant::now();
                    run(runtime.handle(), &shop, &skewed, load, who, threads, round);
                    // A thread's calls, one after the other.
                    taken.push(begun.elapsed().as_nanos() as f64 / CALLS as f64);
                }
            }
            let medians = taken.map(|mut taken| {
                taken.sort_by(f64::total_cmp);
                taken[ROUNDS / 2]
            });
            println!("| {load:?} | {threads} | {} |", medians.map(|median| format!("{median:.0}")).join(" | "));
            ratios.push((load, threads, medians));
        }
    }
    println!();
    for (load, threads, [cell, moka, _, _, cached, concurrent]) in ratios {
        let of_moka = cell / moka;
        let bar = if matches!(load, Load::Hit | Load::HitText) { " (bar: at most 1.25)" } else { "" };
        println!(
            "{load:?}, {threads} threads: {of_moka:.2} of moka{bar}, {:.2} of cached, {:.2} of concurrent_cached (bar: below 1)",
            cell / cached,
            cell / concurrent
        );
    }
    for status in cell::cache::status() {
        let share = status.hits as f64 / (status.hits + status.misses).max(1) as f64;
        println!("{}: {:.3} of {} calls hit", status.name, share, status.hits + status.misses);
    }
    Ok(())
}

fn run(runtime: &Handle, shop: &shop::Shop, skewed: &[u64], load: Load, who: Who, threads: usize, round: usize) {
    std::thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || runtime.block_on(one(shop, skewed, load, who, thread, round)));
        }
    });
}

async fn one(shop: &shop::Shop, skewed: &[u64], load: Load, who: Who, thread: usize, round: usize) {
    let mut sum = 0_u64;
    let from = thread * CALLS / 2;
    for at in 0..CALLS {
        let skew = skewed[(from + at) % CALLS];
        sum = sum.wrapping_add(match load {
            // Every key is held: which one comes is as random as it gets.
            Load::Hit => calls::held(who, shop, skew % CAPACITY).await,
            Load::HitText => calls::held_text(who, shop, skew % CAPACITY).await.len() as u64,
            Load::Miss => calls::miss(who, shop, (((round * 2 + thread) * CALLS + at) as u64) << 20).await,
            Load::Mixed => calls::mixed(who, shop, skew).await,
        });
    }
    std::hint::black_box(sum);
}

/// Keys, each as often as its place says.
fn zipf() -> Vec<u64> {
    let mut sums = Vec::with_capacity(KEYS as usize);
    let mut sum = 0.0;
    for at in 1..=KEYS {
        sum += 1.0 / at as f64;
        sums.push(sum);
    }
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    let keys = (0..CALLS).map(|_| {
        let point = next() as f64 / u64::MAX as f64 * sum;
        sums.partition_point(|known| *known < point) as u64
    });
    keys.collect()
}
