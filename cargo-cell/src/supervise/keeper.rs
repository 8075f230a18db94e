//! The keeper: a process between the command and the program, so that nothing of the program remains however the command ends.
//! In: a program. Out: its exit code. Absent: starting it again, which the supervisor does by starting another keeper.

use std::convert::Infallible;
use std::fs;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};

use cell_manifest::supervision::SUPERVISOR;
use rustix::process::{Signal, kill_current_process_group};
use tokio::process::Command;

use super::{Program, Signals};
use crate::stop::{Exit, Mistake, Stop};

/// What the keeper does: starts the program, and sees to it that it ends.
///
/// # Errors
/// The program cannot be started.
pub(crate) async fn keep(program: &Program) -> Result<Exit, Stop> {
    let failed = |error| Mistake::new(format!("cannot start `{}`: {error}", program.path.display()));
    let mut signals = Signals::take().map_err(failed)?;
    let orphaned = orphaned();
    let mut command = Command::new(&program.path);
    command.args(&program.arguments).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        // What cargo told this command about its own package is not about the application.
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&*name);
        }
    }
    let mut child = command.spawn().map_err(failed)?;
    tokio::pin!(orphaned);
    let owned = tokio::select! {
        status = child.wait() => return Ok(Exit::Application(code(status.map_err(failed)?))),
        () = &mut orphaned => false,
        _ = signals.next() => true,
    };
    if !owned {
        sweep();
    }
    // To this process, too; it takes no notice.
    let _ = kill_current_process_group(Signal::TERM);
    if let Ok(status) = tokio::time::timeout(program.grace, child.wait()).await
        && owned
    {
        return Ok(Exit::Application(code(status.map_err(failed)?)));
    }
    // Ends this process, too.
    let _ = kill_current_process_group(Signal::KILL);
    std::future::pending::<Infallible>().await;
    Ok(Exit::Done)
}

/// Removes the folder of a supervisor that is gone and could not do so itself. What is not a supervisor's stays, and the folder
/// with it.
fn sweep() {
    let Some(socket) = std::env::var_os(SUPERVISOR).map(PathBuf::from) else { return };
    let Some(folder) = socket.parent() else { return };
    let _ = fs::remove_file(&socket);
    let _ = fs::remove_file(folder.join("lock"));
    let _ = fs::remove_dir_all(folder.join("instances"));
    let _ = fs::remove_dir(folder);
}

/// Ends when the process that holds the other end of standard input is gone.
async fn orphaned() {
    let (sender, receiver) = tokio::sync::oneshot::channel::<Infallible>();
    // A thread of its own, which nobody waits for: reading cannot be cancelled.
    std::thread::spawn(move || {
        let _sender = sender;
        let mut nothing = [0; 64];
        while std::io::stdin().read(&mut nothing).is_ok_and(|read| read > 0) {}
    });
    // The sender is dropped, never used.
    let _ = receiver.await;
}

/// The exit code of a process; as a shell tells it where a signal ended it.
fn code(status: ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt as _;
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    u8::try_from(code).unwrap_or(1)
}
