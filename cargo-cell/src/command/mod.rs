//! The commands, one file each. In: what was asked for. Out: how the process ends.

mod build;
mod check;
mod daemon;
mod deploy;
mod explain;
mod logs;
mod migrate;
mod node;
mod plan;
mod release;
mod run;
mod search;
mod status;

use tokio::runtime::Builder;

use crate::cli::{Command, Supervise};
use crate::output::Output;
use crate::stop::{Exit, Mistake, Stop};
use crate::supervise::{self, Program};

/// Runs a command.
///
/// # Errors
/// Why it is not done.
pub(crate) fn run(command: Command, output: &Output) -> Result<Exit, Stop> {
    match command {
        Command::Check(compile) => check::run(&compile, output),
        Command::Build(arguments) => wait(build::run(&arguments, output)),
        Command::Run(arguments) => wait(run::run(&arguments, output)),
        Command::Migrate(arguments) => wait(migrate::run(&arguments, output)),
        Command::Search(arguments) => wait(search::run(&arguments, output)),
        Command::Release(compile) => wait(release::run(&compile, output)),
        Command::Plan(arguments) => wait(plan::run(&arguments, output)),
        Command::Deploy(arguments) => wait(deploy::deploy(&arguments, output)),
        Command::Rollback(arguments) => wait(deploy::rollback(&arguments, output)),
        Command::Status(arguments) => wait(status::run(&arguments, output)),
        Command::Logs(arguments) => wait(logs::run(&arguments, output)),
        Command::Node(arguments) => wait(node::run(&arguments, output)),
        // One thread may be busy with a disk while the others answer.
        Command::Daemon(arguments) => wait_on(&mut Builder::new_multi_thread(), daemon::run(&arguments, output)),
        Command::Explain { code } => explain::run(code.as_deref(), output),
        Command::Supervise(arguments) => wait(supervise::supervise(&program(arguments)?, output)),
        Command::Keep(arguments) => wait(supervise::keep(&program(arguments)?)),
    }
}

/// Runs a future to its end.
fn wait(future: impl Future<Output = Result<Exit, Stop>>) -> Result<Exit, Stop> {
    wait_on(&mut Builder::new_current_thread(), future)
}

fn wait_on(builder: &mut Builder, future: impl Future<Output = Result<Exit, Stop>>) -> Result<Exit, Stop> {
    let runtime = builder.enable_all().build().map_err(|error| Mistake::new(format!("cannot start: {error}")))?;
    runtime.block_on(future)
}

fn program(arguments: Supervise) -> Result<Program, Stop> {
    let grace = std::time::Duration::from_millis(arguments.grace);
    let mut words = arguments.program.into_iter();
    let path = words.next().ok_or_else(|| Mistake::usage("no program is named"))?.into();
    Ok(Program { path, arguments: words.collect(), environment: Vec::new(), grace })
}
