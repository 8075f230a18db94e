//! Measures the data interface beside sqlx alone, on a SQLite file and on a PostgreSQL that it starts, in one run.
//! In: PostgreSQL's server programs. Out: a table of times, and whether they keep within the bar.
#![expect(clippy::print_stdout, reason = "it prints what it measured")]

mod plain;
mod shop;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use cell::db::Database as _;
use cell::prelude::*;
use cell_migrate::throwaway::{Cluster, sqlite};
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use shop::{Item, NewItem, NewOwner, Shop};

/// What a row may take, at most, as a multiple of sqlx alone.
const BAR: f64 = 1.10;

/// The best of so many rounds, in each of which both are asked in turn.
const ROUNDS: usize = 15;

const OWNERS: i64 = 1000;

/// The time of one of `times`.
async fn each<T, E: std::fmt::Debug, F: Future<Output = std::result::Result<T, E>>>(
    times: u32,
    mut what: impl FnMut(u32) -> F,
) -> Duration {
    let begun = Instant::now();
    for at in 0..times {
        std::hint::black_box(what(at).await.expect("an answer"));
    }
    begun.elapsed() / times
}

fn new(at: i64) -> NewItem {
    NewItem {
        owner: 1 + at % OWNERS,
        sku: format!("sku-{at:06}"),
        name: format!("A name of some length, number {at}"),
        price: Decimal::new(995 + at, 2),
        stock: (at % 500) as i32,
        seen_at: DateTime::from_timestamp_micros(1_700_000_000_000_000 + at).unwrap_or_default(),
        note: (at % 3 == 0).then(|| format!("note {at}")),
    }
}

async fn fill(shop: &Shop) -> Result<()> {
    shop.owners.insert_many((0..OWNERS).map(|at| NewOwner { name: format!("owner {at}") })).await?;
    shop.items.insert_many((0..OWNERS * 10).map(new)).await?;
    Ok(())
}

/// Times of Cell and of sqlx alone, for each question.
type Times = Vec<(&'static str, Duration, Duration)>;

macro_rules! compare {
    ($shop:ident, $pool:ident, $plain:ident, $of:expr) => {{
        let mut best: Times = Vec::new();
        for _ in 0..ROUNDS {
            let mut times: Times = Vec::new();
            let id = |at: u32| 1 + i64::from(at * 37 % 9000);
            times.push((
                "get by key",
                each(400, |at| $shop.items.get(id(at))).await,
                each(400, |at| plain::$plain::get(&$pool, id(at))).await,
            ));
            times.push((
                "list 100 by filter",
                each(60, |at| $shop.items.filter(|i| i.stock.ge(at as i32)).order_by(|i| i.id.asc()).limit(100).all())
                    .await,
                each(60, |at| plain::$plain::list(&$pool, at as i32)).await,
            ));
            times.push((
                "insert one",
                each(60, |at| $shop.items.insert(new(i64::from(at)))).await,
                each(60, async |at| plain::$plain::insert(&$pool, &$of(new(i64::from(at)), 0)).await).await,
            ));
            let many: Vec<NewItem> = (0..10_000).map(new).collect();
            let plain: Vec<_> = many.iter().cloned().map(|item| $of(item, 0)).collect();
            let cell = each(1, |_| $shop.items.insert_many(many.iter().cloned())).await;
            times.push(("insert 10,000", cell, each(1, |_| plain::$plain::insert_many(&$pool, &plain)).await));
            $shop.items.filter(|i| i.id.gt(OWNERS * 10)).delete().await?;
            let row = |at: u32| {
                let NewItem { owner, sku, name, price, stock, seen_at, note } = new(i64::from(at));
                Item { id: id(at), owner, sku, name, price, stock, seen_at, note }
            };
            times.push((
                "update by key",
                each(60, async |at| $shop.items.update(&row(at)).await).await,
                each(60, async |at| plain::$plain::update(&$pool, &$of(new(i64::from(at)), id(at))).await).await,
            ));
            let ours = $shop.owners.order_by(|o| o.id.asc()).limit(100).with(|o| o.items).all().await?;
            let theirs = plain::$plain::eager(&$pool).await?;
            let counts = |lists: Vec<usize>| (lists.len(), lists.into_iter().sum::<usize>());
            let ours = counts(ours.iter().map(|(_, items)| items.len()).collect());
            assert_eq!(ours, counts(theirs.iter().map(|(_, items)| items.len()).collect()));
            times.push((
                "eager-load 100 × 10",
                each(12, |_| $shop.owners.order_by(|o| o.id.asc()).limit(100).with(|o| o.items).all()).await,
                each(12, |_| plain::$plain::eager(&$pool)).await,
            ));
            if best.is_empty() {
                best = times;
            } else {
                for (best, (_, cell, plain)) in best.iter_mut().zip(times) {
                    best.1 = best.1.min(cell);
                    best.2 = best.2.min(plain);
                }
            }
        }
        best
    }};
}

fn on_sqlite(item: NewItem, id: i64) -> plain::sqlite::Item {
    let NewItem { owner, sku, name, price, stock, seen_at, note } = item;
    let price = i64::try_from(price.mantissa()).unwrap_or_default();
    let seen_at = seen_at.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
    plain::sqlite::Item { id, owner, sku, name, price, stock, seen_at, note }
}

fn on_postgres(item: NewItem, id: i64) -> plain::postgres::Item {
    let NewItem { owner, sku, name, price, stock, seen_at, note } = item;
    plain::postgres::Item { id, owner, sku, name, price, stock, seen_at, note }
}

fn show(engine: &str, times: &Times) -> bool {
    let mut within = true;
    for (what, cell, plain) in times {
        let ratio = cell.as_secs_f64() / plain.as_secs_f64();
        within &= ratio <= BAR;
        let shown = |time: &Duration| format!("{:.1} µs", time.as_secs_f64() * 1e6);
        println!("| {engine} | {what} | {} | {} | {ratio:.2} |", shown(cell), shown(plain));
    }
    within
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<ExitCode> {
    let file = sqlite()?;
    let shop = Shop::open_at(file.url().as_str()).await?;
    shop.handle().script(shop::SQLITE).await?;
    fill(&shop).await?;
    let options = file.url().as_str().parse::<SqliteConnectOptions>()?;
    let options =
        options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Normal).foreign_keys(true);
    let pool = SqlitePoolOptions::new().max_connections(8).test_before_acquire(false).connect_with(options).await?;
    let on_file: Times = compare!(shop, pool, sqlite, on_sqlite);

    let url = Cluster::shared().await?.create_database("bench").await?;
    let shop = Shop::open_at(url.as_str()).await?;
    shop.handle().script(shop::POSTGRES).await?;
    fill(&shop).await?;
    let pool = PgPoolOptions::new().max_connections(10).test_before_acquire(false).connect(url.as_str()).await?;
    let on_server: Times = compare!(shop, pool, postgres, on_postgres);

    println!("| engine | what | Cell | sqlx alone | ratio |\n| --- | --- | --: | --: | --: |");
    let within = show("SQLite", &on_file) & show("PostgreSQL", &on_server);
    println!("\n{}", if within { "Within the bar." } else { "NOT within the bar." });
    Ok(if within { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
