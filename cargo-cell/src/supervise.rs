//! Runs a program so that nothing of it remains: in a process group of its own, led by a keeper.
//! In: a program. Out: its exit code. Absent: restarting it.
//!
//! Three processes: this command, the keeper (this command's own binary in another mode), and the program. The keeper leads the
//! group, outlives whatever asks the group to end, and holds one end of a pipe whose other end this command holds. So the
//! program is stopped when this command is told to stop, and also when this command dies, however it dies.

use std::convert::Infallible;
use std::ffi::OsString;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_current_process_group, kill_process, kill_process_group};
use tokio::process::{Child, Command};
use tokio::signal::unix::{self, SignalKind};

use crate::output::Output;
use crate::stop::{Exit, Mistake, Stop};

/// How long an application has to end once it was asked to.
pub(crate) const GRACE: Duration = Duration::from_secs(10);

/// What to run.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) path: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) environment: Vec<(&'static str, OsString)>,
    /// How long it has to end.
    pub(crate) grace: Duration,
}

/// Runs a program until it ends, or until this process is told to stop: then it has its grace, and a second signal ends it
/// at once.
///
/// # Errors
/// It cannot be started.
pub(crate) async fn supervise(program: &Program, output: &Output) -> Result<Exit, Stop> {
    let failed = |error| Mistake::new(format!("cannot start `{}`: {error}", program.path.display()));
    // Taken first: a signal may come while the keeper starts.
    let mut signals = Signals::take().map_err(failed)?;
    let mut keeper = keeper(program, output).map_err(failed)?;
    let group = keeper.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    // Closed when this process ends, in whatever way.
    let lifeline = keeper.stdin.take();
    let mut told = false;
    let status = loop {
        tokio::select! {
            status = keeper.wait() => break status.map_err(failed)?,
            _ = signals.next() => {
                let Some(group) = group else { continue };
                // Either may find nobody there any more, which is what was wanted.
                let _ = if told { kill_process_group(group, Signal::KILL) } else { kill_process(group, Signal::TERM) };
                if !told {
                    output.progress("Stopping", "press Ctrl-C again to end it at once");
                }
                told = true;
            }
        }
    };
    drop(lifeline);
    // Whatever the program started and did not end itself.
    if let Some(group) = group {
        let _ = kill_process_group(group, Signal::KILL);
    }
    Ok(Exit::Application(code(status)))
}

fn keeper(program: &Program, output: &Output) -> std::io::Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["__keep", "--grace", &program.grace.as_millis().to_string(), "--"]);
    command.arg(&program.path).args(&program.arguments);
    for (name, _) in std::env::vars_os() {
        // What cargo told this command about its own package is not about the application.
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&*name);
        }
    }
    command.envs(program.environment.iter().map(|(name, value)| (name, value)));
    // Standard output is for JSON alone where JSON was asked for.
    command.stdout(if output.is_json() { Stdio::from(std::io::stderr()) } else { Stdio::inherit() });
    command.stdin(Stdio::piped()).process_group(0).spawn()
}

/// What the keeper does: starts the program, and sees to it that it ends.
///
/// # Errors
/// The program cannot be started.
pub(crate) async fn keep(program: &Program) -> Result<Exit, Stop> {
    let failed = |error| Mistake::new(format!("cannot start `{}`: {error}", program.path.display()));
    let mut signals = Signals::take().map_err(failed)?;
    let orphaned = orphaned();
    let mut child =
        Command::new(&program.path).args(&program.arguments).stdin(Stdio::null()).spawn().map_err(failed)?;
    tokio::pin!(orphaned);
    let owned = tokio::select! {
        status = child.wait() => return Ok(Exit::Application(code(status.map_err(failed)?))),
        () = &mut orphaned => false,
        _ = signals.next() => true,
    };
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

/// The signals that ask a process to stop.
struct Signals {
    interrupt: unix::Signal,
    terminate: unix::Signal,
    hangup: unix::Signal,
}

impl Signals {
    fn take() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: unix::signal(SignalKind::interrupt())?,
            terminate: unix::signal(SignalKind::terminate())?,
            hangup: unix::signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }
}
