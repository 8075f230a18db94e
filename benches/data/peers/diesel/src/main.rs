//! Diesel's part in the benchmark of data. In: a database's URL, and questions on the standard input. Out: a time for each.
//! Absent: making the tables, which are there with all their rows.

mod postgres;
mod sqlite;
mod tables;

use cell_bench_protocol::{Result, argument, serve};

/// How many rows one statement adds.
const CHUNK: usize = 256;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let url = argument()?;
    match url.strip_prefix("sqlite:") {
        Some(path) => serve(sqlite::Shop::open(path)?).await,
        None => serve(postgres::Shop::open(&url)?).await,
    }
}
