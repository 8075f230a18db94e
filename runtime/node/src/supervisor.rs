//! The supervisor of processes: starts them, hands them the sockets that they serve on, sees that they live, starts them again,
//! and ends them with all that they started.
//! In: what to run ([`Spec`]). Out: processes, and what is known about them ([`State`]). Absent: which release of which
//! application runs where (the agent's), TLS, and the words of the processes: those they write to files by themselves.
//!
//! Processes outlive a supervisor that ends without stopping them. The next one on the same folder finds them.

mod adopt;
mod doorkeeper;
mod life;
mod log;
mod process;
mod record;
mod spec;

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File};
use std::net::TcpListener;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};
use std::{fmt, io};

use rustix::fs::{FlockOperation, flock};
use tokio::net::UnixListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

pub use log::last_lines;
pub use spec::{Exit, Instance, Log, NotReady, Phase, Settings, Spec, State};

use doorkeeper::Guests;
use life::{Command, Life, Shared, Surroundings};
use record::{Record, Records, Token};

/// How long a supervisor that opens waits for the greetings of processes that run: longer than they pause between attempts.
const GREETINGS: Duration = Duration::from_secs(3);

/// How many lines [`NotReady`] holds.
const LINES: usize = 20;

/// The longest path of a Unix socket, on Linux and elsewhere.
const PATH: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// A supervisor. Clones are handles to the same one.
#[derive(Clone)]
pub struct Supervisor {
    inner: Arc<Inner>,
}

struct Inner {
    around: Arc<Surroundings>,
    next: AtomicU64,
    entries: Mutex<BTreeMap<Instance, Entry>>,
    doorkeeper: Mutex<Option<JoinHandle<()>>>,
    /// Locked for as long as this supervisor has the folder.
    lock: Mutex<Option<File>>,
}

/// An instance, from outside of its life.
struct Entry {
    token: Token,
    log: Option<(PathBuf, u64)>,
    commands: mpsc::UnboundedSender<Command>,
    state: watch::Receiver<State>,
    listener: Shared,
    life: JoinHandle<()>,
}

/// Why a supervisor, or a process, cannot be started.
#[derive(Debug)]
pub enum SupervisorError {
    /// Another supervisor has the folder.
    Taken(PathBuf),
    /// The path of the folder's socket is longer than the system can take.
    TooLong(PathBuf),
    /// The system refuses to do something with the folder.
    Folder(PathBuf, io::Error),
    /// A program cannot be started.
    Start(PathBuf, io::Error),
}

impl fmt::Display for SupervisorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken(folder) => write!(f, "another supervisor has the folder `{}`: stop it first", folder.display()),
            Self::TooLong(path) => write!(
                f,
                "the path `{}` is longer than the {PATH} bytes that a socket's may have: choose a shorter folder",
                path.display()
            ),
            Self::Folder(folder, error) => write!(f, "cannot use the folder `{}`: {error}", folder.display()),
            Self::Start(program, error) => write!(f, "cannot start `{}`: {error}", program.display()),
        }
    }
}

impl std::error::Error for SupervisorError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Folder(_, error) | Self::Start(_, error) => Some(error),
            Self::Taken(_) | Self::TooLong(_) => None,
        }
    }
}

impl Supervisor {
    /// A supervisor that has `folder` for itself. What an earlier one left running goes on; what was to run and does not is
    /// started again. It waits up to 3 seconds until those that run have said how far they are.
    ///
    /// # Errors
    /// The folder cannot be used, its path is too long, or another supervisor has it.
    pub async fn open(folder: &Path, settings: Settings) -> Result<Self, SupervisorError> {
        let failed = |error| SupervisorError::Folder(folder.to_owned(), error);
        let folder = std::path::absolute(folder).map_err(failed)?;
        let socket = folder.join("socket");
        if socket.as_os_str().len() > PATH {
            return Err(SupervisorError::TooLong(socket));
        }
        DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(failed)?;
        // One that was there may be open to others.
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).map_err(failed)?;
        let lock = File::create(folder.join("lock")).map_err(failed)?;
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            return Err(SupervisorError::Taken(folder));
        }
        let records = Records::open(folder.join("instances")).map_err(failed)?;
        match fs::remove_file(&socket) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let greeted = UnixListener::bind(&socket).map_err(failed)?;
        let was = records.all().map_err(failed)?;
        let around = Surroundings { settings, socket, records, rotation: Mutex::new(()) };
        let inner = Arc::new(Inner {
            around: Arc::new(around),
            next: AtomicU64::new(1),
            entries: Mutex::default(),
            doorkeeper: Mutex::default(),
            lock: Mutex::new(Some(lock)),
        });
        inner.resume(was);
        *locked(&inner.doorkeeper) = Some(tokio::spawn(doorkeeper::keep(greeted, Arc::clone(&inner))));
        let supervisor = Self { inner };
        supervisor.greetings().await;
        Ok(supervisor)
    }

    /// Waits until adopted processes have said how far they are.
    async fn greetings(&self) {
        let states: Vec<_> = locked(&self.inner.entries).values().map(|entry| entry.state.clone()).collect();
        let all = async {
            for mut state in states {
                // An error is the end of its life.
                let _ = state.wait_for(|state| !state.adopted || state.connected || over(state)).await;
            }
        };
        let _ = timeout(GREETINGS, all).await;
    }

    /// Starts a process, and does not wait until it is ready.
    ///
    /// # Errors
    /// It cannot be started.
    pub async fn start(&self, spec: Spec) -> Result<Instance, SupervisorError> {
        let program = spec.program.clone();
        let failed = |error| SupervisorError::Start(program, error);
        let token = match Token::new() {
            Ok(token) => token,
            Err(error) => return Err(failed(error)),
        };
        self.inner.begin(token, Record::new(spec), Life::spawn).map_err(failed)
    }

    /// Waits until a process is ready, for as long as it may take. One that ends before it was ever ready is not started
    /// again.
    ///
    /// # Errors
    /// It ended, or was too late.
    pub async fn ready(&self, instance: Instance) -> Result<(), NotReady> {
        self.come(instance, &[Phase::Ready, Phase::Serving, Phase::Draining]).await
    }

    /// Tells a process to open its doors on a socket, or, without one, only to begin its tasks; and waits until it did.
    /// The process gets a copy of the socket, as every one does that is started for this instance later. One that serves
    /// already keeps the socket that it has.
    ///
    /// # Errors
    /// It is not there, or did not serve in time. It does so as soon as it can.
    pub async fn serve(&self, instance: Instance, listener: Option<TcpListener>) -> Result<(), NotReady> {
        if let Some(commands) = self.commands(instance) {
            // Where the life is over, that is told below.
            let _ = commands.send(Command::Serve(listener));
        }
        self.come(instance, &[Phase::Serving, Phase::Draining]).await
    }

    /// Ends a process in order: it is asked to, and after its grace it is killed. Then whatever remains of its group is.
    pub async fn stop(&self, instance: Instance) {
        self.end(instance, Command::Stop).await;
    }

    /// Ends a process, and its group, at once.
    pub async fn kill(&self, instance: Instance) {
        self.end(instance, Command::Kill).await;
    }

    async fn end(&self, instance: Instance, command: Command) {
        let Some((commands, mut state)) = self.with(instance, |entry| (entry.commands.clone(), entry.state.clone()))
        else {
            return;
        };
        let _ = commands.send(command);
        // An error is the end of its life, too.
        let _ = state.wait_for(over).await;
        locked(&self.inner.entries).remove(&instance);
    }

    /// What is known about the instances, in the order in which they were started.
    #[must_use]
    pub fn instances(&self) -> Vec<State> {
        locked(&self.inner.entries).values().map(|entry| entry.state.borrow().clone()).collect()
    }

    /// What is known about an instance, now and as it changes.
    #[must_use]
    pub fn watch(&self, instance: Instance) -> Option<watch::Receiver<State>> {
        self.with(instance, |entry| entry.state.clone())
    }

    /// A copy of the socket that an instance serves on: the one that it was ordered to, or that an adopted process gave back.
    #[must_use]
    pub fn listener(&self, instance: Instance) -> Option<TcpListener> {
        let listener = self.with(instance, |entry| locked(&entry.listener).clone())??;
        listener.try_clone().ok()
    }

    /// Stops all processes, and gives the folder up.
    pub async fn shutdown(self) {
        let instances: Vec<Instance> = locked(&self.inner.entries).keys().copied().collect();
        futures_util::future::join_all(instances.into_iter().map(|instance| self.stop(instance))).await;
        self.leave().await;
    }

    /// Gives the folder up and leaves the processes running, for the next supervisor.
    pub async fn leave(self) {
        let mut doorkeeper = locked(&self.inner.doorkeeper).take();
        let mut entries = std::mem::take(&mut *locked(&self.inner.entries));
        for task in doorkeeper.iter_mut().chain(entries.values_mut().map(|entry| &mut entry.life)) {
            task.abort();
            // It says that it was aborted.
            let _ = task.await;
        }
        // Only now: a life that runs and can be told nothing more ends its process.
        drop(entries);
        let _ = fs::remove_file(&self.inner.around.socket);
        if let Some(lock) = locked(&self.inner.lock).take() {
            // Closing it would not do: a process that is just being started has it, too, until it is another program.
            let _ = flock(&lock, FlockOperation::Unlock);
        }
    }

    fn with<T>(&self, instance: Instance, take: impl FnOnce(&Entry) -> T) -> Option<T> {
        locked(&self.inner.entries).get(&instance).map(take)
    }

    fn commands(&self, instance: Instance) -> Option<mpsc::UnboundedSender<Command>> {
        self.with(instance, |entry| entry.commands.clone())
    }

    /// Waits until an instance is in one of these phases.
    async fn come(&self, instance: Instance, phases: &[Phase]) -> Result<(), NotReady> {
        let Some((mut state, log)) = self.with(instance, |entry| (entry.state.clone(), entry.log.clone())) else {
            return Err(NotReady { reason: None, last_lines: Vec::new() });
        };
        // A little longer than a process may take, which is then killed, and says so.
        let most = self.inner.around.settings.ready.saturating_add(Duration::from_secs(1));
        let came = timeout(most, state.wait_for(|state| phases.contains(&state.phase) || over(state))).await;
        let reason = match came {
            Ok(Ok(state)) if !over(&state) => return Ok(()),
            Ok(Ok(state)) => state.exit.clone(),
            Ok(Err(_)) | Err(_) => None,
        };
        let lines = log.map(|(path, since)| log::last_lines_since(&path, since, LINES));
        Err(NotReady { reason, last_lines: lines.and_then(Result::ok).unwrap_or_default() })
    }
}

impl Inner {
    /// Goes on with what an earlier supervisor ran.
    fn resume(&self, was: Vec<(Token, Record)>) {
        let tokens: Vec<Token> = was.iter().map(|(token, _)| token.clone()).collect();
        let mut running = adopt::find(&tokens);
        for (token, record) in was {
            let application = record.spec.application.clone();
            let begun = match running.remove(&token) {
                Some(process) => self.begin(token, record, |life| {
                    life.adopt(process);
                    Ok(())
                }),
                // Its life begins with the end of its process.
                None if record.was_ready => self.begin(token, record, |_| Ok(())),
                None => self.begin(token, record, Life::spawn),
            };
            if let Err(error) = begun {
                tracing::error!(%application, "a process that was to run cannot be started: {error}");
            }
        }
    }

    fn begin(
        &self,
        token: Token,
        record: Record,
        start: impl FnOnce(&mut Life) -> io::Result<()>,
    ) -> io::Result<Instance> {
        let instance = Instance(self.next.fetch_add(1, Ordering::Relaxed));
        let spec = &record.spec;
        let log = match &spec.log {
            Log::File(path) => Some((path.clone(), fs::metadata(path).map_or(0, |metadata| metadata.len()))),
            Log::Inherit | Log::InheritError => None,
        };
        let (changes, state) = watch::channel(State {
            instance,
            application: spec.application.clone(),
            process: spec.process.clone(),
            replica: spec.replica,
            release: spec.release.clone(),
            pid: None,
            phase: Phase::Starting,
            since: SystemTime::now(),
            doors: false,
            connected: false,
            adopted: false,
            restarts: 0,
            exit: None,
        });
        let (commands, told) = mpsc::unbounded_channel();
        let mut life = Life::new(Arc::clone(&self.around), token.clone(), record, told, changes);
        if let Err(error) = start(&mut life) {
            // What never ran is not to run.
            let _ = self.around.records.remove(&token);
            return Err(error);
        }
        let listener = Arc::clone(&life.listener);
        // One that greets even sooner is refused, and greets again.
        let mut entries = locked(&self.entries);
        entries.insert(instance, Entry { token, log, commands, state, listener, life: tokio::spawn(life.run()) });
        Ok(instance)
    }
}

impl Guests for Inner {
    fn of(&self, token: &str) -> Option<mpsc::UnboundedSender<Command>> {
        let entries = locked(&self.entries);
        entries.values().find(|entry| entry.token.as_str() == token).map(|entry| entry.commands.clone())
    }
}

impl fmt::Debug for Supervisor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Supervisor({})", self.inner.around.socket.display())
    }
}

fn over(state: &State) -> bool {
    state.phase == Phase::Stopped
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is kept is whole whenever the lock is free.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
