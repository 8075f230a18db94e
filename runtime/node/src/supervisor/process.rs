//! A process of the operating system: started as the leader of a group of its own, or adopted; waited for; signalled.
//! In: a [`Spec`]. Out: how it ended, once nothing of its group is left. Absent: starting it again.

use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{ExitStatus, Stdio};

use cell_manifest::supervision::{INSTANCE, SUPERVISOR};
use rustix::process::{Pid, Signal, kill_process_group};
#[cfg(target_os = "linux")]
use rustix::process::{PidfdFlags, pidfd_open, pidfd_send_signal};
use tokio::process::{Child, ChildStdin, Command};

use super::log;
use super::record::Token;
use super::spec::{Exit, Log, Spec};

/// A process that runs, or has ended and was not waited for.
pub(super) struct Process {
    pid: Pid,
    /// A number may be given to another process; this stays the same one.
    #[cfg(target_os = "linux")]
    handle: tokio::io::unix::AsyncFd<std::os::fd::OwnedFd>,
    /// Not there where another supervisor started it.
    child: Option<Child>,
    /// Closed when this ends, in whatever way.
    _lifeline: Option<ChildStdin>,
}

impl Process {
    /// Starts a process. Out: with it, the file that it logs to.
    pub(super) fn spawn(spec: &Spec, token: &Token, socket: &Path) -> io::Result<(Self, Option<std::fs::File>)> {
        if !spec.folder.is_dir() {
            let text = format!("there is no folder `{}`", spec.folder.display());
            return Err(io::Error::new(io::ErrorKind::NotFound, text));
        }
        let mut command = Command::new(&spec.program);
        command.args(&spec.arguments).current_dir(&spec.folder).process_group(0);
        if !spec.inherit_environment {
            command.env_clear();
        }
        command.envs(&spec.environment).env(SUPERVISOR, socket).env(INSTANCE, token.as_str());
        command.stdin(if spec.lifeline { Stdio::piped() } else { Stdio::null() });
        let log = match &spec.log {
            Log::File(path) => {
                let file = log::open(path)?;
                command.stdout(file.try_clone()?).stderr(file.try_clone()?);
                Some(file)
            }
            Log::Inherit => None,
            Log::InheritError => {
                command.stdout(io::stderr());
                None
            }
        };
        let mut child = command.spawn()?;
        let lifeline = child.stdin.take();
        let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let pid = pid.ok_or_else(|| io::Error::other("the process has no number"))?;
        #[cfg(target_os = "linux")]
        let handle = match pidfd_open(pid, PidfdFlags::empty()).map_err(io::Error::from).and_then(watched) {
            Ok(handle) => handle,
            Err(error) => {
                let _ = kill_process_group(pid, Signal::KILL);
                return Err(error);
            }
        };
        let process = Self {
            pid,
            #[cfg(target_os = "linux")]
            handle,
            child: Some(child),
            _lifeline: lifeline,
        };
        Ok((process, log))
    }

    /// A process that leads its group, and that an earlier supervisor started.
    #[cfg(target_os = "linux")]
    pub(super) fn adopt(pid: Pid, handle: std::os::fd::OwnedFd) -> io::Result<Self> {
        Ok(Self { pid, handle: watched(handle)?, child: None, _lifeline: None })
    }

    pub(super) fn id(&self) -> u32 {
        self.pid.as_raw_pid().cast_unsigned()
    }

    /// Waits until it has ended, and ends what remains of its group. Giving up on this loses nothing.
    pub(super) async fn exited(&mut self) -> Exit {
        // Its number is not given away before it was waited for, so the group that is killed is its own.
        #[cfg(target_os = "linux")]
        {
            // An error says that nothing can be known this way; waiting for a child still can.
            let _ = self.handle.readable().await.map(|mut guard| guard.retain_ready());
            self.kill();
        }
        let exit = match &mut self.child {
            Some(child) => child.wait().await.map_or(Exit::Unknown, exit),
            None => Exit::Unknown,
        };
        #[cfg(not(target_os = "linux"))]
        self.kill();
        exit
    }

    /// Asks it to end.
    pub(super) fn terminate(&self) {
        // It may have ended just now, which is what was wanted.
        #[cfg(target_os = "linux")]
        let _ = pidfd_send_signal(self.handle.get_ref(), Signal::TERM);
        #[cfg(not(target_os = "linux"))]
        let _ = rustix::process::kill_process(self.pid, Signal::TERM);
    }

    /// Ends its whole group at once.
    pub(super) fn kill(&self) {
        let _ = kill_process_group(self.pid, Signal::KILL);
    }
}

/// Tells when a process has ended.
#[cfg(target_os = "linux")]
#[expect(
    deprecated,
    reason = "what replaces it is unsafe for files that may be exchanged; an `OwnedFd` stays the same"
)]
fn watched(handle: std::os::fd::OwnedFd) -> io::Result<tokio::io::unix::AsyncFd<std::os::fd::OwnedFd>> {
    tokio::io::unix::AsyncFd::with_interest(handle, tokio::io::Interest::READABLE)
}

fn exit(status: ExitStatus) -> Exit {
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, Some(signal)) => Exit::Signal(signal),
        (None, None) => Exit::Unknown,
    }
}
