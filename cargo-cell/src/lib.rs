//! The command `cargo cell …`, also called `cell …`: what a person or a CI job asks for, done by the libraries, and told.
//! In: arguments, the environment, an application's sources. Out: text or JSON, files under `cell/`, and an exit code.
//! Absent: everything that a library should hold. Only `output` prints, and only `main` decides an exit code.

mod bug;
mod cache;
mod cargo;
mod cli;
mod command;
mod database;
mod explain;
mod output;
mod queries;
mod rehearsal;
mod remote;
mod rustc_wrapper;
mod source;
mod state;
mod stop;
mod supervise;

use std::process::ExitCode;

use clap::error::ErrorKind;

use cli::Parsed;
use output::Output;
use stop::{Exit, Stop};

/// Runs the command that the process's arguments name.
///
/// # Panics
/// Where Cell has a bug; the process then ends with the code 101.
#[must_use]
pub fn main() -> ExitCode {
    if let Some(code) = rustc_wrapper::run() {
        return code;
    }
    bug::hook();
    match cli::parse(std::env::args_os()) {
        Ok(Parsed { command, output }) => deep(move || run(command, &output)).into(),
        Err(error) => {
            // Where nobody reads, there is nobody to tell that either.
            drop(error.print());
            match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Done.into(),
                _ => Exit::Usage.into(),
            }
        }
    }
}

/// Runs on a thread whose stack holds the deepest source that the scan accepts, whatever the system gives the first thread.
fn deep(run: impl FnOnce() -> Exit + Send) -> Exit {
    const STACK: usize = 64 << 20;
    std::thread::scope(|scope| match std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, run) {
        // The hook has told of a panic.
        Ok(running) => running.join().unwrap_or(Exit::Bug),
        Err(error) => {
            output::bug(&format!("no thread can be started: {error}"));
            Exit::Bug
        }
    })
}

fn run(command: cli::Command, output: &Output) -> Exit {
    match command::run(command, output) {
        Ok(exit) => exit,
        Err(Stop::Diagnostics(count)) => {
            output.count(&count);
            count.exit()
        }
        Err(Stop::Mistake(mistake)) => {
            output.mistake(&mistake);
            mistake.exit
        }
        Err(Stop::Bug(message)) => {
            output.bug(&message);
            Exit::Bug
        }
    }
}
