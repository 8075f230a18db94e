//! Starting a process: its cells, then their doors and tasks; and stopping it.
//! In: the cells that were linked, and which of them this process runs. Out: a [`Running`] process, or an exit code.
//! Absent: which process runs what (`CELL_PART` says so), and restarting one that failed: both are a supervisor's. Where there
//! is one, the cells start, and it says when to open the doors and to begin the tasks, and on which socket.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;
use std::time::Duration;

use crate::config::Environment;
use crate::service::{Cell, Cells, Context, Handlers, Synapse, forget_current, set_current, surfaces};
use crate::signal::Signals;
#[cfg(unix)]
use crate::supervised::Supervised;
use crate::task::{Task, Tasks};
use crate::{Result, telemetry};

/// How long requests and runs of tasks under way have to end when the process stops.
const GRACE: Duration = Duration::from_secs(10);

/// The exit code of a process that was told to stop a second time.
const INTERRUPTED: u8 = 130;

/// `fn main()` of an application: starts its cells, and runs until SIGTERM or SIGINT.
#[macro_export]
macro_rules! main {
    () => {
        fn main() -> ::std::process::ExitCode {
            $crate::start::main(::core::env!("CARGO_PKG_NAME"), ::core::env!("CARGO_PKG_VERSION"))
        }
    };
}

/// What one process runs.
#[derive(Clone, Debug)]
pub struct Part {
    cells: Option<BTreeSet<String>>,
    environment: Environment,
    application: &'static str,
    version: &'static str,
}

impl Part {
    /// All cells of the program.
    #[must_use]
    pub fn all() -> Self {
        Self { cells: None, environment: Environment::process(), application: "application", version: "0.0.0" }
    }

    /// Some cells, by name.
    #[must_use]
    pub fn of<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        Self { cells: Some(names.into_iter().map(Into::into).collect()), ..Self::all() }
    }

    /// The cells that `CELL_PART` lists, separated by commas; all where it is not set.
    ///
    /// # Errors
    /// `CELL_PART` is not valid Unicode.
    pub fn from_environment() -> Result<Self> {
        let listed = Environment::process().get("CELL_PART")?;
        Ok(listed
            .map_or_else(Self::all, |names| Self::of(names.split(',').map(str::trim).filter(|name| !name.is_empty()))))
    }

    /// Sets an environment variable for these cells only.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.environment.set(name, value);
        self
    }

    /// The application's name and version, as its description tells them.
    #[must_use]
    pub fn named(mut self, application: &'static str, version: &'static str) -> Self {
        (self.application, self.version) = (application, version);
        self
    }
}

/// Cells that run in this process. Dropping it cuts them off; [`Running::shutdown`] lets them end.
pub struct Running {
    context: Current,
    #[cfg(feature = "http")]
    server: Option<crate::http::Server>,
    tasks: Tasks,
}

/// Starts the cells of `part`, each after those it needs, then their doors and tasks.
///
/// # Errors
/// A cell or a field of it cannot be made, two doors answer one request, or the address cannot be listened on.
pub async fn start(part: Part) -> Result<Running> {
    let prepared = Prepared::new(&part).await?;
    #[cfg(feature = "http")]
    let listener = match prepared.has_doors() {
        true => {
            let address = part.environment.get("CELL_HTTP")?.unwrap_or_else(|| "127.0.0.1:0".to_owned());
            Some(crate::http::listen(&address).await?)
        }
        false => None,
    };
    #[cfg(not(feature = "http"))]
    let listener = None;
    prepared.open(listener)
}

/// Cells that are made, with doors still closed and tasks that have not begun.
struct Prepared {
    context: Current,
    #[cfg(feature = "http")]
    doors: Option<crate::http::Doors>,
    tasks: Vec<Task>,
}

/// The cells that code outside of cells finds, until this is dropped.
struct Current(Context);

impl Drop for Current {
    fn drop(&mut self) {
        forget_current(&self.0);
    }
}

impl Prepared {
    async fn new(part: &Part) -> Result<Self> {
        let context = Current(Context::new(Cells::collect(part.cells.as_ref())?, part.environment.clone()));
        set_current(&context.0);
        context.0.begin_all().await?;
        let surfaces = surfaces(&context.0);
        #[cfg(feature = "http")]
        let doors = crate::http::Doors::of(&surfaces, part.application, part.version)?;
        let tasks = surfaces.into_iter().flat_map(|surface| surface.tasks).collect();
        Ok(Self {
            context,
            #[cfg(feature = "http")]
            doors,
            tasks,
        })
    }

    /// Whether there is something to listen for.
    fn has_doors(&self) -> bool {
        #[cfg(feature = "http")]
        return self.doors.is_some();
        #[cfg(not(feature = "http"))]
        false
    }

    /// Opens the doors on `listener`, and begins the tasks.
    fn open(self, listener: Option<TcpListener>) -> Result<Running> {
        #[cfg(feature = "http")]
        let server = match (self.doors, listener) {
            (Some(doors), Some(listener)) => Some(crate::http::Server::start(listener, &doors)?),
            _ => None,
        };
        #[cfg(not(feature = "http"))]
        drop(listener);
        let tasks = Tasks::start(self.tasks);
        Ok(Running {
            context: self.context,
            #[cfg(feature = "http")]
            server,
            tasks,
        })
    }
}

impl Running {
    /// Where the doors are, if there are any.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        #[cfg(feature = "http")]
        return self.server.as_ref().map(crate::http::Server::address);
        #[cfg(not(feature = "http"))]
        None
    }

    /// A handle to one of the cells.
    ///
    /// # Errors
    /// The cell is not among them.
    pub async fn synapse<T: Cell + Handlers>(&self) -> Result<Synapse<T>> {
        self.context.0.synapse().await
    }

    /// Stops: no more requests are accepted, and those under way, and runs of tasks, have 10 seconds to end.
    pub async fn shutdown(self) {
        forget_current(&self.context.0);
        let tasks = self.tasks.stop(GRACE);
        #[cfg(feature = "http")]
        if let Some(server) = self.server {
            tokio::join!(server.stop(GRACE), tasks);
            return;
        }
        tasks.await;
    }
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Running({:?})", self.address())
    }
}

/// What [`main!`](crate::main) calls: the application's whole run. The exit code is 0 after a signal to stop, 1 where
/// the start failed, and 130 after a second signal.
#[must_use]
pub fn main(application: &'static str, version: &'static str) -> ExitCode {
    telemetry::start(&Environment::process());
    if let Some(code) = crate::migrate_mode::run(application) {
        return code;
    }
    if let Some(code) = crate::search_mode::run(application) {
        return code;
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(application, &error.into()),
    };
    let code =
        runtime.block_on(async { run(application, version).await.unwrap_or_else(|error| failed(application, &error)) });
    // Whatever still blocks a thread has had its time.
    runtime.shutdown_background();
    code
}

async fn run(application: &'static str, version: &'static str) -> Result<ExitCode> {
    let mut signals = Signals::take()?;
    let part = Part::from_environment()?.named(application, version);
    #[cfg(unix)]
    if let Some(supervised) = Supervised::begin(&part.environment)? {
        return under(supervised, &part, signals).await;
    }
    let running = tokio::select! {
        running = start(part) => running?,
        () = signals.next() => return Ok(ExitCode::SUCCESS),
    };
    if let Some(address) = running.address() {
        announce(address);
    }
    signals.next().await;
    tracing::info!("stopping; a second signal ends the process at once");
    end(running, signals).await
}

/// The run under a supervisor, which holds the socket, says when to serve on it, and tells others the address.
#[cfg(unix)]
async fn under(mut supervised: Supervised, part: &Part, mut signals: Signals) -> Result<ExitCode> {
    let opened = async {
        let prepared = Prepared::new(part).await?;
        let listener = supervised.ready(prepared.has_doors()).await;
        let kept = listener.as_ref().map(TcpListener::try_clone).transpose()?;
        let running = prepared.open(listener)?;
        supervised.serving(kept.map(Into::into));
        tracing::info!("serving");
        Ok::<_, crate::Error>(running)
    };
    let running = tokio::select! {
        running = opened => running?,
        () = signals.next() => return Ok(ExitCode::SUCCESS),
    };
    signals.next().await;
    supervised.draining();
    tracing::info!("stopping, as was asked");
    end(running, signals).await
}

async fn end(running: Running, mut signals: Signals) -> Result<ExitCode> {
    tokio::select! {
        () = running.shutdown() => Ok(ExitCode::SUCCESS),
        () = signals.next() => Ok(ExitCode::from(INTERRUPTED)),
    }
}

/// Tells whoever started the process where it listens: the one line that it writes to standard output.
fn announce(address: SocketAddr) {
    // Nobody may be reading.
    let _ = writeln!(std::io::stdout(), "listening on http://{address}");
}

/// Tells why the process does not run, whatever the log's filter is.
fn failed(application: &str, error: &crate::Error) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "error: `{application}` did not start: {error}");
    ExitCode::FAILURE
}
