//! Runs a command beside a throwaway PostgreSQL cluster, and a primary with a replica, so that tests that each run in a process of
//! their own share them:
//!
//! `cargo run -p cell-migrate --features rehearse --example with-postgres -- cargo nextest run`

use std::process::{Command, ExitCode};

use cell_migrate::throwaway::{Cluster, SHARED_PRIMARY_VARIABLE, SHARED_REPLICA_VARIABLE, SHARED_VARIABLE};

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let program = arguments.next().ok_or("say which command to run")?;
    let (cluster, replicated) = tokio::join!(Cluster::start(), Cluster::start_replicated());
    let (cluster, (primary, replica)) = (cluster?, replicated?);
    let status = Command::new(program)
        .args(arguments)
        .env(SHARED_VARIABLE, cluster.url().as_str())
        .env(SHARED_PRIMARY_VARIABLE, primary.url().as_str())
        .env(SHARED_REPLICA_VARIABLE, replica.url().as_str())
        .status()?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
