//! SeaORM's part in the benchmark of data. In: a database's URL, and questions on the standard input. Out: a time for each.
//! Absent: making the tables, which are there with all their rows.

mod tables;

use cell_bench_protocol::{Result, argument, serve};
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{ConnectOptions, Database};

use tables::{postgres, sqlite};

/// How many statements stay prepared on a connection, as Cell has it.
const STATEMENTS: usize = 512;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let url = argument()?;
    let is_file = url.starts_with("sqlite:");
    let mut options = ConnectOptions::new(url);
    options.max_connections(if is_file { 8 } else { 10 }).test_before_acquire(false).sqlx_logging(false);
    options.map_sqlx_sqlite_opts(|options| {
        options
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(true)
            .statement_cache_capacity(STATEMENTS)
    });
    options.map_sqlx_postgres_opts(|options| options.statement_cache_capacity(STATEMENTS));
    let connection = Database::connect(options).await?;
    if is_file { serve(sqlite::Shop(connection)).await } else { serve(postgres::Shop(connection)).await }
}
