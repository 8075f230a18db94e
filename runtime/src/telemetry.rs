//! The log of a process: `tracing` to the terminal.
//! In: the filter of `CELL_LOG`, or else `RUST_LOG`, or else `info`. Out: lines on standard error, coloured on a terminal.
//! Absent: export to elsewhere.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::config::Environment;

/// Starts the log. Where one runs already, as in a test, it stays.
pub fn start(environment: &Environment) {
    let said = ["CELL_LOG", "RUST_LOG"].iter().find_map(|name| environment.get(name).ok().flatten());
    let asked = said.as_deref().map(EnvFilter::try_new);
    let (filter, refused) = match asked {
        Some(Ok(filter)) => (filter, None),
        Some(Err(error)) => (EnvFilter::new("info"), Some(error)),
        None => (EnvFilter::new("info"), None),
    };
    let coloured = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    // Where a line cannot be written, as on a full disk, it is lost, and the process goes on.
    let log = tracing_subscriber::fmt().log_internal_errors(false);
    let log = log.with_env_filter(filter).with_ansi(coloured).with_writer(std::io::stderr);
    if log.try_init().is_ok()
        && let Some(error) = refused
    {
        tracing::warn!("the filter of the log cannot be read, so it is `info`: {error}");
    }
}
