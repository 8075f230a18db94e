//! Runs an application on this machine: under a supervisor that lives as long as this command, and so that nothing of it remains.
//! In: a program. Out: the address that it serves on, and its exit code. Absent: the supervisor (`cell-node` has it).
//!
//! Three processes: this command, the keeper (this command's own binary in another mode), and the program. The keeper leads the
//! group, outlives whatever asks the group to end, and holds one end of a pipe whose other end this command holds. So the
//! program is stopped when this command is told to stop, and also when this command dies, however it dies.

mod keeper;

use std::ffi::OsString;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use cell_node::supervisor::{Instance, Log, NotReady, Phase, Settings, Spec, State, Supervisor};
use tempfile::TempDir;
use tokio::signal::unix::{self, SignalKind};
use tokio::sync::watch;

pub(crate) use keeper::keep;

use crate::output::Output;
use crate::stop::{Exit, Mistake, Stop};

/// How long an application has to end once it was asked to.
pub(crate) const GRACE: Duration = Duration::from_secs(10);

/// As long as anybody waits. On this machine a process may be slow, or stand still in a debugger, and nobody minds.
const PATIENCE: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The longest path of a folder in which a socket can be.
const SHORT: usize = 80;

/// What to run.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) path: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) environment: Vec<(&'static str, OsString)>,
    /// How long it has to end.
    pub(crate) grace: Duration,
}

/// Runs a program until this process is told to stop: then it has its grace, and a second signal ends it at once. It serves
/// once it is ready. Where it ends before that, this ends with it; later, it is started again.
///
/// # Errors
/// It cannot be started, or its address cannot be listened on.
pub(crate) async fn supervise(program: &Program, output: &Output) -> Result<Exit, Stop> {
    let failed = |error| Mistake::new(format!("cannot start `{}`: {error}", program.path.display()));
    // Taken first: a signal may come while the keeper starts.
    let mut signals = Signals::take().map_err(failed)?;
    let folder = folder().map_err(failed)?;
    let settings = Settings { grace: program.grace, ready: PATIENCE, silence: PATIENCE, ..Settings::default() };
    let refused = |error: cell_node::supervisor::SupervisorError| Mistake::new(error.to_string());
    let supervisor = Supervisor::open(folder.path(), settings).await.map_err(refused)?;
    let instance = supervisor.start(spec(program, output)?).await.map_err(refused)?;
    let Some(state) = supervisor.watch(instance) else { return Ok(Exit::Application(1)) };
    let running = Running { supervisor, instance, state };
    let ended = running.run(&mut signals, output).await;
    running.supervisor.shutdown().await;
    ended
}

/// The folder of the supervisor, which goes with this command. A socket's path is short, and that of temporary files may not be.
fn folder() -> std::io::Result<TempDir> {
    let mut named = tempfile::Builder::new();
    let named = named.prefix("cell-");
    if std::env::temp_dir().as_os_str().len() > SHORT { named.tempdir_in("/tmp") } else { named.tempdir() }
}

/// The program with its keeper, as the supervisor is told about it.
fn spec(program: &Program, output: &Output) -> Result<Spec, Mistake> {
    let text = |value: OsString| {
        let refused = |value: OsString| Mistake::new(format!("`{}` is not valid Unicode", value.display()));
        value.into_string().map_err(refused)
    };
    let here = |error| Mistake::file("use", Path::new("."), &error);
    let grace = program.grace.as_millis().to_string();
    let mut arguments = ["__keep", "--grace", &grace, "--"].map(str::to_owned).to_vec();
    arguments.push(text(program.path.clone().into())?);
    for argument in &program.arguments {
        arguments.push(text(argument.clone())?);
    }
    let environment = program.environment.iter().cloned();
    let name = program.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Spec {
        application: name.clone(),
        process: name,
        replica: 0,
        release: String::new(),
        program: std::env::current_exe().map_err(here)?,
        arguments,
        environment: environment.map(|(name, value)| Ok((name.to_owned(), text(value)?))).collect::<Result<_, _>>()?,
        inherit_environment: true,
        folder: std::env::current_dir().map_err(here)?,
        // Standard output is for JSON alone where JSON was asked for.
        log: if output.is_json() { Log::InheritError } else { Log::Inherit },
        lifeline: true,
    })
}

/// A program under its supervisor.
struct Running {
    supervisor: Supervisor,
    instance: Instance,
    state: watch::Receiver<State>,
}

/// Why a program does not serve.
enum Failed {
    /// It ended.
    Process(NotReady),
    /// Its address cannot be listened on.
    Address(Mistake),
}

impl Running {
    async fn run(&self, signals: &mut Signals, output: &Output) -> Result<Exit, Stop> {
        let served = tokio::select! {
            served = self.serve() => served,
            () = signals.next() => return Ok(self.stop(signals, output).await),
        };
        match served {
            Ok(Some(address)) => output.listening(address),
            Ok(None) => {}
            Err(Failed::Process(NotReady { reason, .. })) => {
                return Ok(Exit::Application(reason.map_or(1, |exit| exit.code())));
            }
            Err(Failed::Address(mistake)) => {
                self.supervisor.stop(self.instance).await;
                return Err(mistake.into());
            }
        }
        let mut state = self.state.clone();
        loop {
            tokio::select! {
                changed = state.changed() => {
                    let State { phase, exit, .. } = state.borrow_and_update().clone();
                    if changed.is_err() || phase == Phase::Stopped {
                        return Ok(Exit::Application(exit.map_or(1, |exit| exit.code())));
                    }
                    if let (Phase::Waiting, Some(exit)) = (phase, exit) {
                        output.note(format_args!("the application {exit}, and is started again"));
                    }
                }
                () = signals.next() => return Ok(self.stop(signals, output).await),
            }
        }
    }

    /// Waits until the program is ready, and lets it serve. Out: where, if it has doors.
    async fn serve(&self) -> Result<Option<SocketAddr>, Failed> {
        self.supervisor.ready(self.instance).await.map_err(Failed::Process)?;
        let (listener, address) = match self.state.borrow().doors {
            true => listen().map(|(listener, address)| (Some(listener), Some(address))).map_err(Failed::Address)?,
            false => (None, None),
        };
        self.supervisor.serve(self.instance, listener).await.map_err(Failed::Process)?;
        Ok(address)
    }

    /// Ends the program in order, or, after another signal, at once.
    async fn stop(&self, signals: &mut Signals, output: &Output) -> Exit {
        output.progress("Stopping", "press Ctrl-C again to end it at once");
        tokio::select! {
            () = self.supervisor.stop(self.instance) => {}
            () = signals.next() => self.supervisor.kill(self.instance).await,
        }
        let exit = self.state.borrow().exit.clone();
        Exit::Application(exit.map_or(1, |exit| exit.code()))
    }
}

/// Listens where `CELL_HTTP` says, or else on a free port of this machine alone.
fn listen() -> Result<(TcpListener, SocketAddr), Mistake> {
    let address = match std::env::var("CELL_HTTP") {
        Ok(address) => address,
        Err(std::env::VarError::NotPresent) => "127.0.0.1:0".to_owned(),
        Err(error) => return Err(Mistake::new(format!("`CELL_HTTP` cannot be read: {error}"))),
    };
    let failed = |error| Mistake::new(format!("cannot listen on `{address}` (from `CELL_HTTP`): {error}"));
    let listener = TcpListener::bind(&address).map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
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
