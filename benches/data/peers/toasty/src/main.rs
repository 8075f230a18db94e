//! Toasty's part in the benchmark of data. In: a database's URL, and questions on the standard input. Out: a time for each.
//! Absent: making the tables, which are there with all their rows.

mod tables;

use cell_bench_protocol::{Result, argument, serve};
use toasty::Db;

use tables::{postgres, sqlite};

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let url = argument()?;
    if url.starts_with("sqlite:") {
        // Toasty takes no pragmas, so they are given to the only connection. That the file is in WAL mode stands in the file.
        let mut db = Db::builder().models(sqlite::models()).max_pool_size(1).connect(&url).await?;
        toasty::sql::statement("PRAGMA synchronous = NORMAL").exec(&mut db).await?;
        toasty::sql::statement("PRAGMA foreign_keys = ON").exec(&mut db).await?;
        serve(sqlite::Shop(db)).await
    } else {
        serve(postgres::Shop(Db::builder().models(postgres::models()).max_pool_size(10).connect(&url).await?)).await
    }
}
