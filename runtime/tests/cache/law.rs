//! The law: no read returns a value older than the newest commit that was acknowledged to its writer before the read began. Random
//! histories of those who read and write at the same time, some of whom roll back, are dropped or take their time.
//!
//! Writers count up: so a row says how many writes it has seen, and each reader knows how many were acknowledged before it began.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use cell::prelude::*;
use cell::sql;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRng, TestRunner};

use crate::shop::*;

/// So many rows there are.
const ROWS: i64 = 3;

/// What somebody does.
#[derive(Clone, Debug)]
enum Step {
    /// Reads one row, by a function of its own.
    One(i64),
    /// Reads all, by one that asks for each.
    Each,
    /// Reads all at once.
    All,
    /// Reads a row of the table.
    Row(i64),
    Write(i64, How),
    Wait(u64),
}

/// How somebody writes.
#[derive(Clone, Debug)]
enum How {
    Typed,
    Raw,
    /// In a transaction, which may be rolled back.
    Transaction {
        commits: bool,
        savepoint: bool,
    },
    /// It is dropped after so many microseconds.
    Dropped(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let row = 1..=ROWS;
    let how = prop_oneof![
        3 => Just(How::Typed),
        2 => Just(How::Raw),
        2 => (any::<bool>(), any::<bool>()).prop_map(|(commits, savepoint)| How::Transaction { commits, savepoint }),
        1 => (0..3_000_u64).prop_map(How::Dropped),
    ];
    prop_oneof![
        4 => row.clone().prop_map(Step::One),
        2 => Just(Step::Each),
        2 => Just(Step::All),
        2 => row.clone().prop_map(Step::Row),
        4 => (row, how).prop_map(|(row, how)| Step::Write(row, how)),
        1 => (0..2_000_u64).prop_map(Step::Wait),
    ]
}

#[Cache::memoize]
async fn stock(shop: &Shop, id: i64) -> Result<i64> {
    let product = shop.products.get(id).await?;
    tokio::task::yield_now().await;
    Ok(product.map(|product| product.stock).unwrap_or_default())
}

#[Cache::memoize(capacity = 2)]
async fn each(shop: &Shop) -> Result<i64> {
    let mut sum = 0;
    for id in 1..=ROWS {
        sum += stock(shop, id).await?;
    }
    Ok(sum)
}

#[Cache::memoize]
async fn all(shop: &Shop) -> Result<i64> {
    let products = shop.products.all().await?;
    tokio::time::sleep(Duration::from_micros(200)).await;
    Ok(products.iter().map(|product| product.stock).sum())
}

/// How many writes of each row were acknowledged, and begun.
#[derive(Default)]
struct Truth {
    acknowledged: [AtomicI64; ROWS as usize],
    begun: [AtomicI64; ROWS as usize],
}

impl Truth {
    fn of(counts: &[AtomicI64], row: Option<i64>) -> i64 {
        let chosen = |at: usize| row.is_none_or(|row| at as i64 + 1 == row);
        let each = counts.iter().enumerate().filter(|(at, _)| chosen(*at));
        each.map(|(_, count)| count.load(Ordering::SeqCst)).sum()
    }

    fn add(counts: &[AtomicI64], row: i64) {
        counts[usize::try_from(row - 1).expect("a row")].fetch_add(1, Ordering::SeqCst);
    }
}

async fn write(shop: &Shop, truth: &Truth, row: i64, how: &How) {
    Truth::add(&truth.begun, row);
    let up = async || sql!("update products set stock = stock + 1 where id = {row}").execute(shop).await.map(drop);
    match how {
        How::Typed => {
            shop.products.filter(|p| p.id.eq(row)).update(|p| p.stock.set(p.stock + 1)).await.expect("a row");
            Truth::add(&truth.acknowledged, row);
        }
        How::Raw => {
            up().await.expect("a row");
            Truth::add(&truth.acknowledged, row);
        }
        How::Transaction { commits, savepoint } => {
            let done = shop
                .transaction(async |tx| {
                    if *savepoint {
                        let undone: Result<()> = tx
                            .savepoint(async |tx| {
                                tx.products.filter(|p| p.id.eq(row)).update(|p| p.stock.set(p.stock + 100)).await?;
                                stock(tx, row).await?;
                                Err(std::io::Error::other("not this").into())
                            })
                            .await;
                        assert!(undone.is_err());
                    }
                    let before = stock(tx, row).await?;
                    tx.products.filter(|p| p.id.eq(row)).update(|p| p.stock.set(p.stock + 1)).await?;
                    assert_eq!(stock(tx, row).await?, before + 1, "its own write");
                    if *commits { Ok(()) } else { Err(std::io::Error::other("not this").into()) }
                })
                .await;
            if done.is_ok() {
                Truth::add(&truth.acknowledged, row);
            }
        }
        How::Dropped(after) => {
            let written = tokio::time::timeout(Duration::from_micros(*after), up()).await;
            if let Ok(Ok(())) = written {
                Truth::add(&truth.acknowledged, row);
            }
        }
    }
}

/// What one of them does, and what it sees that it must not.
async fn run(shop: Shop, truth: Arc<Truth>, steps: Vec<Step>) -> std::result::Result<(), String> {
    for step in steps {
        let row = match &step {
            Step::One(row) | Step::Row(row) => Some(*row),
            _ => None,
        };
        let before = Truth::of(&truth.acknowledged, row);
        let seen = match &step {
            Step::One(row) => stock(&shop, *row).await.expect("a number"),
            Step::Each => each(&shop).await.expect("a number"),
            Step::All => all(&shop).await.expect("a number"),
            Step::Row(row) => shop.products.get(*row).await.expect("a row").expect("a row").stock,
            Step::Write(row, how) => {
                write(&shop, &truth, *row, how).await;
                // Each session reads what it has written.
                let acknowledged = Truth::of(&truth.acknowledged, Some(*row));
                let seen = stock(&shop, *row).await.expect("a number");
                if seen < acknowledged {
                    return Err(format!("{step:?}: saw {seen}, and {acknowledged} were acknowledged"));
                }
                continue;
            }
            Step::Wait(microseconds) => {
                tokio::time::sleep(Duration::from_micros(*microseconds)).await;
                continue;
            }
        };
        let begun = Truth::of(&truth.begun, row);
        if seen < before || seen > begun {
            return Err(format!("{step:?}: saw {seen}, {before} were acknowledged before and {begun} begun"));
        }
    }
    Ok(())
}

#[test]
fn nobody_reads_what_is_older_than_what_was_acknowledged() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let config = Config { cases: 24, failure_persistence: None, max_shrink_iters: 20, ..Config::default() };
    let random = TestRng::deterministic_rng(config.rng_algorithm);
    let mut runner = TestRunner::new_with_rng(config, random);
    let places = runtime.block_on(places());
    let law = |tasks: Vec<Vec<Step>>| {
        for place in &places {
            runtime.block_on(async {
                place.script("UPDATE products SET stock = 0").await;
                let truth = Arc::new(Truth::default());
                let tasks: Vec<_> = tasks
                    .iter()
                    .map(|steps| tokio::spawn(run(place.shop.clone(), Arc::clone(&truth), steps.clone())))
                    .collect();
                for task in tasks {
                    task.await.expect("an end").map_err(TestCaseError::fail)?;
                }
                // When it is quiet, everybody sees everything: also what was written by who was dropped before it was told.
                let quiet = std::time::Instant::now();
                loop {
                    let rows = place.shop.products.all().await.expect("rows");
                    let expected: i64 = rows.iter().map(|row| row.stock).sum();
                    let seen = (all(&place.shop).await.expect("a number"), each(&place.shop).await.expect("a number"));
                    if seen == (expected, expected) {
                        return Ok(());
                    }
                    prop_assert!(quiet.elapsed() < Duration::from_secs(1), "{seen:?} is held, and {expected} is there");
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            })?;
        }
        Ok(())
    };
    let tasks = prop::collection::vec(prop::collection::vec(step(), 1..40), 2..6);
    runner.run(&tasks, law).unwrap_or_else(|error| panic!("{error}"));
    let status = status("stock");
    assert!(status.hits > 500 && status.changed > 100, "it did too little: {status:?}");
}

/// The wiring that everybody writes first, without the guard: what was computed before a change is held after it.
#[tokio::test(flavor = "multi_thread")]
async fn without_the_guard_it_does_not_hold() {
    let place = on_sqlite().await;
    let (shop, plain) = (place.shop.clone(), moka::sync::Cache::<i64, i64>::new(10));
    let (read, has_read) = std::sync::mpsc::channel();
    let (go_on, goes_on) = std::sync::mpsc::channel::<()>();
    let runtime = tokio::runtime::Handle::current();
    let computing = tokio::task::spawn_blocking({
        let (shop, plain) = (shop.clone(), plain.clone());
        move || {
            plain.get_with(1, || {
                let product = runtime.block_on(shop.products.get(1)).expect("a row").expect("a row");
                read.send(()).expect("somebody waits");
                goes_on.recv().expect("somebody says so");
                product.stock
            })
        }
    });
    tokio::task::spawn_blocking(move || has_read.recv().expect("it reads")).await.expect("an end");
    shop.products.filter(|p| p.id.eq(1)).update(|p| p.stock.set(2)).await.expect("a row");
    plain.invalidate(&1);
    go_on.send(()).expect("it waits");
    computing.await.expect("an end");
    assert_eq!(plain.get(&1), Some(1), "the database has 2");
}
