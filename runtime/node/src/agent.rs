//! The daemon of a node: keeps applications running, and takes orders over the network from keys that it knows.
//! In: a state folder, an address to listen on. Out: processes that run as they were last ordered. Its methods are the protocol's calls;
//! [`serve`] carries them. Absent: who decides what runs where ([`crate::plan`]).
//!
//! The state folder: `key` and `peers.json` say who speaks, `audit.log` who did what, `chunks/` what was sent, and
//! `applications/NAME/` holds `env`, `releases/`, `state/`, `logs/` and `run.json` of each application.

mod application;
mod bundles;
mod control;
mod environment;
mod logs;
mod look;
mod migrate;
mod places;
mod record;
mod search;
mod serve;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use chrono::{SecondsFormat, Utc};
use futures_util::future::join_all;
use tokio::sync::{Mutex as Turn, Notify, RwLock};

use crate::audit::{Audit, Entry};
use crate::host::Host;
use crate::key::{Key, PublicKey};
use crate::pairing::Codes;
use crate::peers::{Peers, Role};
use crate::protocol::{Order, Refused};
use crate::store::Store;
use crate::supervisor::Settings;

use application::{Application, Events};

pub use control::{ControlError, pair};
pub use serve::Served;

/// The pause before what should run is started again where that failed: twice as long each time, from the first to the second.
const RESTORE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// How often strangers are written down at most.
const STRANGERS: Duration = Duration::from_secs(60);

/// How to run a daemon.
#[derive(Clone, Debug)]
pub struct Options {
    /// The state folder.
    pub state: PathBuf,
    /// How processes are supervised.
    pub settings: Settings,
}

/// A client that deploys.
#[derive(Clone, Debug)]
struct Deploying {
    /// The first letters of its key.
    client: String,
    /// Whether it hung up, and what it left is being ended.
    gone: bool,
}

/// Why a daemon does not run.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// Another daemon has the folder.
    #[error("another daemon runs with the state folder `{}`", .0.display())]
    Running(PathBuf),
    /// Its state cannot be read or written.
    #[error("{0}")]
    State(String),
    /// It cannot listen.
    #[error("cannot listen on `{address}`: {error}")]
    Listen {
        /// The address.
        address: String,
        /// What the system says.
        error: std::io::Error,
    },
}

/// A node's daemon.
pub struct Agent {
    folder: PathBuf,
    key: Key,
    host: Host,
    settings: Settings,
    store: Store,
    peers: Mutex<Peers>,
    codes: Mutex<Codes>,
    audit: Mutex<Audit>,
    /// When a stranger was last written down, and how many were not since.
    strangers: Mutex<(Option<Instant>, u64)>,
    applications: Turn<BTreeMap<String, Arc<Application>>>,
    /// Who deploys which application now.
    deploying: Mutex<BTreeMap<String, Deploying>>,
    /// Notified whenever nobody deploys an application any more.
    released: Notify,
    /// Held to read by those who send a bundle, and to write while chunks are thrown away.
    sending: Arc<RwLock<()>>,
    /// Held while a bundle is put together: two clients may send the same.
    unpacking: Turn<()>,
    /// Locked for as long as the daemon has the folder.
    lock: File,
}

impl Agent {
    /// Opens a state folder: makes what is missing, takes over what runs, and starts what should run.
    ///
    /// # Errors
    /// The folder is another daemon's, or a file of it is damaged.
    pub async fn open(options: &Options) -> Result<Arc<Self>, AgentError> {
        let folder = std::path::absolute(&options.state).map_err(|error| state(&options.state, error))?;
        private_folder(&folder)?;
        let lock = File::create(folder.join("lock")).map_err(|error| state(&folder.join("lock"), error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(AgentError::Running(folder)),
            Err(fs::TryLockError::Error(error)) => return Err(state(&folder.join("lock"), error)),
        }
        // What a daemon before this one did not finish is of no use.
        match fs::remove_dir_all(folder.join("incoming")) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(state(&folder.join("incoming"), error)),
            _ => {}
        }
        for part in ["chunks", "incoming", "applications"] {
            private_folder(&folder.join(part))?;
        }
        let told = |error: &dyn std::fmt::Display| AgentError::State(error.to_string());
        let agent = Arc::new(Self {
            key: Key::load_or_create(&folder.join("key")).map_err(|error| told(&error))?,
            host: Host::this(),
            settings: options.settings.clone(),
            store: Store::open(&folder.join("chunks")).map_err(|error| told(&error))?,
            peers: Mutex::new(Peers::open(&folder.join("peers.json")).map_err(|error| told(&error))?),
            codes: Mutex::new(Codes::default()),
            audit: Mutex::new(Audit::open(&folder.join("audit.log"), &now()).map_err(|error| told(&error))?),
            strangers: Mutex::default(),
            applications: Turn::default(),
            deploying: Mutex::default(),
            released: Notify::new(),
            sending: Arc::default(),
            unpacking: Turn::default(),
            lock,
            folder,
        });
        agent.note("daemon", "start", "", "ok");
        let names = fs::read_dir(agent.folder.join("applications")).map_err(|error| state(&agent.folder, error))?;
        for entry in names.flatten() {
            if let Some(name) = entry.file_name().to_str().filter(|name| is_application(name)) {
                // The others run all the same; whoever asks for this one is told why it does not.
                if let Err(refused) = agent.application(name).await {
                    tracing::error!(application = name, "it cannot be opened, and does not run: {refused}");
                }
            }
        }
        Ok(agent)
    }

    /// The daemon's public key.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        *self.key.public()
    }

    /// How many keys are paired.
    #[must_use]
    pub fn paired(&self) -> usize {
        lock(&self.peers).iter().len()
    }

    /// A code by which a client's key is paired, instead of the one before.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn code(&self, role: Role) -> Result<String, AgentError> {
        let code = lock(&self.codes).issue(role, Instant::now());
        code.map(|code| code.to_string()).map_err(|error| AgentError::State(error.to_string()))
    }

    /// Ends the processes of all applications, or leaves them to the next daemon.
    pub async fn close(&self, stop: bool) {
        let applications = std::mem::take(&mut *self.applications.lock().await);
        self.note("daemon", if stop { "stop" } else { "leave" }, "", "ok");
        join_all(applications.values().map(|application| application.close(stop))).await;
        // Connections that end only now may hold this for a moment more. What cannot be unlocked is so at the process's end.
        let _ = self.lock.unlock();
    }

    /// The application of this name, with a folder made for it where there is none.
    async fn application(&self, name: &str) -> Result<Arc<Application>, Refused> {
        if !is_application(name) {
            return Err(Refused::new("unknown-application", format!("`{}` names no application", name.escape_debug())));
        }
        let mut applications = self.applications.lock().await;
        if let Some(application) = applications.get(name) {
            return Ok(Arc::clone(application));
        }
        let folder = self.folder.join("applications").join(name);
        let failed = |message: String| Refused::new("storage-failed", message);
        let fresh = !folder.exists();
        private_folder(&folder).map_err(|error| failed(error.to_string()))?;
        let opened = match Application::open(name, &folder, self.settings.clone()).await {
            Ok(opened) => opened,
            Err(message) => {
                if fresh {
                    let _ = fs::remove_dir_all(&folder);
                }
                return Err(failed(message));
            }
        };
        let application = Arc::new(opened);
        applications.insert(name.to_owned(), Arc::clone(&application));
        tokio::spawn(restore(Arc::downgrade(&application)));
        Ok(application)
    }

    /// Who deploys an application now. Where the client is gone, what it left is ended first.
    async fn under_way(&self, application: &str) -> Option<String> {
        loop {
            let released = self.released.notified();
            tokio::pin!(released);
            // Before the look, so that nothing is missed between the look and the wait.
            released.as_mut().enable();
            match lock(&self.deploying).get(application) {
                None => return None,
                Some(deploying) if !deploying.gone => return Some(deploying.client.clone()),
                Some(_) => {}
            }
            released.await;
        }
    }

    /// The application of this name, where something of it was ever deployed.
    async fn known(&self, name: &str) -> Result<Arc<Application>, Refused> {
        let applications = self.applications.lock().await;
        applications.get(name).cloned().ok_or_else(|| {
            Refused::new("unknown-application", format!("nothing of `{}` was ever deployed here", name.escape_debug()))
        })
    }

    /// Carries out an order up to the point where it could serve.
    ///
    /// # Errors
    /// Why not; then what ran before runs.
    pub async fn stage(&self, order: &Order, events: &Events) -> Result<(), Refused> {
        self.application(&order.application).await?.stage(order, events).await
    }

    /// Lets what was staged serve.
    ///
    /// # Errors
    /// Why not; then what ran before runs.
    pub async fn switch(&self, application: &str, events: &Events) -> Result<(), Refused> {
        self.application(application).await?.switch(events).await
    }

    /// Stops what ran before.
    ///
    /// # Errors
    /// The state cannot be written.
    pub async fn finish(&self, application: &str, events: &Events) -> Result<(), Refused> {
        let application = self.application(application).await?;
        application.finish(events).await?;
        self.collect().await;
        Ok(())
    }

    /// Has the databases remember that a release runs alone in the region.
    ///
    /// # Errors
    /// Another one runs, or a database does not answer.
    pub async fn record(&self, application: &str, release: u32) -> Result<(), Refused> {
        self.application(application).await?.record_alone(release).await
    }

    /// Goes back to what ran before.
    ///
    /// # Errors
    /// The state cannot be written.
    pub async fn abandon(&self, application: &str) -> Result<(), Refused> {
        self.application(application).await?.abandon().await
    }

    /// Writes down what a key that is not known wanted: at most once a minute, or anyone could fill the disk.
    fn note_stranger(&self, who: &str, what: &str, outcome: &str) {
        let about = {
            let mut strangers = lock(&self.strangers);
            if strangers.0.is_some_and(|last| last.elapsed() < STRANGERS) {
                strangers.1 += 1;
                return;
            }
            let since = std::mem::replace(&mut *strangers, (Some(Instant::now()), 0)).1;
            if since == 0 { String::new() } else { format!("and {since} more of strangers since the last") }
        };
        self.note(who, what, &about, outcome);
    }

    /// Writes down who did what. A daemon that cannot goes on, and says so in its log.
    fn note(&self, who: &str, what: &str, about: &str, outcome: &str) {
        let mut details = BTreeMap::new();
        if !about.is_empty() {
            details.insert("about".to_owned(), about.to_owned());
        }
        let entry =
            Entry { at: now(), who: who.to_owned(), what: what.to_owned(), outcome: outcome.to_owned(), details };
        tracing::info!(who, "{what} {about}: {outcome}");
        if let Err(error) = lock(&self.audit).append(&entry) {
            tracing::error!("the audit log cannot be written: {error}");
        }
    }
}

/// The time, for people.
fn now() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true)
}

impl std::fmt::Debug for Agent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Agent({})", self.folder.display())
    }
}

/// Tries to start what should run until it does, for as long as the daemon has the application.
async fn restore(application: Weak<Application>) {
    let mut pause = RESTORE.0;
    while let Some(application) = application.upgrade() {
        let Err(refused) = application.restore().await else { return };
        tracing::error!(application = application.name, "what should run does not: {refused}");
        drop(application);
        tokio::time::sleep(pause).await;
        pause = pause.saturating_mul(2).min(RESTORE.1);
    }
}

/// What failed at a file of the node's state.
fn storage(path: &Path, error: &std::io::Error) -> Refused {
    let shown = path.display();
    if matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) {
        let message = format!("no room is left on the node's disk for `{shown}`");
        return Refused::new("storage-full", message).help("make room on its disk, and run this again");
    }
    Refused::new("storage-failed", format!("the node cannot write `{shown}`: {error}"))
}

fn state(path: &Path, error: std::io::Error) -> AgentError {
    AgentError::State(format!("`{}`: {error}", path.display()))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a name may be an application's: cargo's package names, which are good names of folders.
fn is_application(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && name.starts_with(|letter: char| letter.is_ascii_alphanumeric() || letter == '_')
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_'))
}

/// Makes a folder that its owner alone may enter.
fn private_folder(path: &Path) -> Result<(), AgentError> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| state(path, error))
}
