//! Measures the data interface beside sqlx alone and beside other libraries, on a SQLite file and on a PostgreSQL that it starts, in one
//! run. In: PostgreSQL's server programs, cargo, and a registry that has the libraries; the names of some of them, where not all are
//! wanted, and a number of rounds. Out: a table of times, and whether they keep within the bars.

mod peers;
mod plain;
mod rounds;
mod shop;
mod table;

use std::process::ExitCode;

use cell_bench_protocol::Result;
use cell_migrate::throwaway::{Cluster, sqlite};
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use peers::{Built, Peer};
use rounds::{Engine, Times};
use shop::Shop;

/// The best of so many rounds, in each of which all are asked in turn.
const ROUNDS: usize = 15;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<ExitCode> {
    let (numbers, names): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|argument| argument.parse::<usize>().is_ok());
    let rounds = numbers.first().and_then(|number| number.parse().ok()).unwrap_or(ROUNDS);
    let peers = peers::build(&names)?;
    let engines = [on_sqlite(&peers, rounds).await?, on_postgres(&peers, rounds).await?];
    let names: Vec<&str> = peers.iter().map(|peer| peer.name).collect();
    Ok(if table::show(&engines, &names) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn on_sqlite(peers: &[Built], rounds: usize) -> Result<Times> {
    let file = sqlite()?;
    let url = file.url();
    let shop = Shop::open_at(url.as_str()).await?;
    shop::fill(&shop, shop::SQLITE).await?;
    let options = url.as_str().parse::<SqliteConnectOptions>()?;
    let options =
        options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Normal).foreign_keys(true);
    let pool = SqlitePoolOptions::new().max_connections(8).test_before_acquire(false).connect_with(options).await?;
    let engine = Engine { name: "SQLite", tidy: "PRAGMA wal_checkpoint(TRUNCATE)" };
    rounds::run(engine, shop, plain::sqlite::Plain(pool), start(peers, url.as_str())?, rounds).await
}

async fn on_postgres(peers: &[Built], rounds: usize) -> Result<Times> {
    let url = Cluster::shared().await?.create_database("bench").await?;
    let shop = Shop::open_at(url.as_str()).await?;
    shop::fill(&shop, shop::POSTGRES).await?;
    let pool = PgPoolOptions::new().max_connections(10).test_before_acquire(false).connect(url.as_str()).await?;
    let engine = Engine { name: "PostgreSQL", tidy: "VACUUM ANALYZE items" };
    rounds::run(engine, shop, plain::postgres::Plain(pool), start(peers, url.as_str())?, rounds).await
}

fn start(peers: &[Built], url: &str) -> Result<Vec<Peer>> {
    peers.iter().map(|peer| peer.start(url)).collect()
}
