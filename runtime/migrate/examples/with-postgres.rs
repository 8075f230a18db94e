//! Runs a command beside one throwaway PostgreSQL cluster, so that tests that each run in a process of their own share it:
//!
//! `cargo run -p cell-migrate --features rehearse --example with-postgres -- cargo nextest run`

use std::process::{Command, ExitCode};

use cell_migrate::throwaway::{Cluster, SHARED_VARIABLE};

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let program = arguments.next().ok_or("say which command to run")?;
    let cluster = Cluster::start().await?;
    let status = Command::new(program).args(arguments).env(SHARED_VARIABLE, cluster.url().as_str()).status()?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
