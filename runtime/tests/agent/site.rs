//! A node in a folder of its own, and a client that it knows. In: what is to be done there. Out: what is found.
//! At its end nothing of it runs, however the test ended.

use std::collections::BTreeSet;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use cell_node::agent::{Agent, AgentError, Options, Served};
use cell_node::client::{CallError, Client};
use cell_node::key::Key;
use cell_node::pairing::Code;
use cell_node::peers::Role;
use cell_node::protocol::{Order, Refused};
use cell_node::supervisor::Settings;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use tokio::task::JoinHandle;

use crate::goods::Bundle;
use crate::service_client::send;
use crate::{Error, Outcome};

/// Long enough for anything that happens at all.
pub(crate) const LONG: Duration = Duration::from_secs(20);

/// A daemon with its folder.
pub(crate) struct Site {
    folder: TempDir,
    /// The state folder, which may be on another disk.
    state: PathBuf,
    settings: Settings,
    running: Option<(Arc<Agent>, JoinHandle<()>)>,
    /// Where it listens for clients.
    pub(crate) address: SocketAddr,
    /// A key that may deploy.
    pub(crate) key: Key,
    /// Where the application is to serve.
    pub(crate) http: SocketAddr,
}

/// An address on loopback where nothing listens, and where no other test looks for one.
pub(crate) fn free_address() -> Result<SocketAddr, Error> {
    let [_, high, low, _] = std::process::id().to_be_bytes().map(|byte| byte.max(1));
    Ok(TcpListener::bind((Ipv4Addr::new(127, 77, high, low), 0))?.local_addr()?)
}

impl Site {
    pub(crate) async fn open() -> Result<Self, Error> {
        Self::open_with(None, |_| {}).await
    }

    /// A node on a disk of its own, with other settings than the tests' usual ones.
    pub(crate) async fn open_with(state: Option<&Path>, set: impl FnOnce(&mut Settings)) -> Result<Self, Error> {
        let mut settings = Settings {
            ping: Duration::from_millis(100),
            grace: Duration::from_secs(3),
            ready: Duration::from_secs(15),
            ..Settings::default()
        };
        set(&mut settings);
        let folder = tempfile::tempdir()?;
        let state = state.map_or_else(|| folder.path().join("n"), Path::to_owned);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut site =
            Self { folder, state, settings, running: None, address, key: Key::generate()?, http: free_address()? };
        site.start().await?;
        let mut client = site.client().await?;
        client.pair(&site.code(Role::Deploy)?, "the test").await?;
        Ok(site)
    }

    /// Starts a daemon on the folder.
    pub(crate) async fn start(&mut self) -> Result<(), AgentError> {
        let options = Options { state: self.state.clone(), settings: self.settings.clone() };
        let agent = Agent::open(&options).await?;
        let served = Served::bind(&agent, &self.address.to_string()).await?;
        self.address = served.address;
        self.running = Some((Arc::clone(&agent), tokio::spawn(served.run(agent))));
        Ok(())
    }

    /// Ends the daemon, and its processes where it is said.
    pub(crate) async fn end(&mut self, stop: bool) {
        if let Some((agent, serving)) = self.running.take() {
            serving.abort();
            // It says that it was aborted.
            let _ = serving.await;
            agent.close(stop).await;
        }
    }

    pub(crate) fn code(&self, role: Role) -> Result<Code, Error> {
        let (agent, _) = self.running.as_ref().ok_or("no daemon")?;
        Ok(agent.code(role)?.parse()?)
    }

    /// A connection with the key that may deploy.
    pub(crate) async fn client(&self) -> Result<Client, CallError> {
        self.client_of(&self.key).await
    }

    pub(crate) async fn client_of(&self, key: &Key) -> Result<Client, CallError> {
        Client::connect(&self.address.to_string(), key, None).await
    }

    /// The folder for whatever the test makes.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The folder of the application on the node.
    pub(crate) fn application(&self) -> PathBuf {
        self.state.join("applications/clock")
    }

    /// What is in a folder of the node's state, by name.
    pub(crate) fn inside(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.state.join(folder)).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// Writes the application's `env` on the node.
    pub(crate) fn environment(&self, text: &str, mode: u32) -> Outcome {
        fs::create_dir_all(self.application())?;
        let path = self.application().join("env");
        fs::write(&path, text)?;
        Ok(fs::set_permissions(&path, fs::Permissions::from_mode(mode))?)
    }

    /// What the node remembers of the application.
    pub(crate) fn record(&self) -> Result<Value, Error> {
        Ok(serde_json::from_slice(&fs::read(self.application().join("run.json"))?)?)
    }

    /// The application's processes on the node, found without asking it.
    pub(crate) fn processes(&self) -> BTreeSet<i32> {
        let wanted = format!("CELL_STATE={}", self.application().join("state").display());
        let mut found = BTreeSet::new();
        for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            let variables = fs::read(entry.path().join("environ")).unwrap_or_default();
            if variables.split(|byte| *byte == 0).any(|variable| variable == wanted.as_bytes()) {
                found.insert(pid);
            }
        }
        found
    }

    /// What the application answers.
    pub(crate) async fn ask(&self) -> Result<String, Error> {
        Ok(tokio::time::timeout(LONG, send(self.http, "GET", "/")).await??.body)
    }

    /// The order for a bundle, for the state that the node is in.
    pub(crate) async fn order(&self, client: &mut Client, bundle: &Bundle) -> Result<Order, CallError> {
        let generation = client.deployed("clock").await?.generation;
        Ok(bundle.order(generation, self.http))
    }

    /// Sends a bundle, and has it run.
    pub(crate) async fn deploy(&self, bundle: &Bundle) -> Result<(), CallError> {
        let mut client = self.client().await?;
        client.send(&bundle.archive, &bundle.index, &mut |_, _| {}).await?;
        let order = self.order(&mut client, bundle).await?;
        carry_out(&mut client, &order).await
    }

    /// Asks the application all the time, until it is told to end.
    pub(crate) fn visitors(&self) -> Visitors {
        let (http, done) = (self.http, Arc::new(AtomicBool::new(false)));
        let over = Arc::clone(&done);
        let visiting = tokio::spawn(async move {
            let mut heard = BTreeSet::new();
            while !over.load(Ordering::Relaxed) {
                let response = send(http, "GET", "/").await?;
                if response.status != 200 {
                    return Err(format!("{response:?}").into());
                }
                heard.insert(response.body);
            }
            Ok(heard)
        });
        Visitors { done, visiting }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // A daemon of a test that failed would start again what is killed.
        if let Some((agent, serving)) = self.running.take() {
            serving.abort();
            let closing = std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                runtime.map(|runtime| runtime.block_on(agent.close(true)))
            });
            let _ = closing.join();
        }
        for pid in self.processes().into_iter().filter_map(Pid::from_raw) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

/// Those who ask an application all the time.
pub(crate) struct Visitors {
    done: Arc<AtomicBool>,
    visiting: JoinHandle<Result<BTreeSet<String>, Error>>,
}

impl Visitors {
    /// Everything that was heard; an error where one was not answered.
    pub(crate) async fn heard(self) -> Result<Vec<String>, Error> {
        self.done.store(true, Ordering::Relaxed);
        Ok(self.visiting.await??.into_iter().collect())
    }
}

/// Stages, switches and finishes.
pub(crate) async fn carry_out(client: &mut Client, order: &Order) -> Result<(), CallError> {
    client.stage(order, &mut |_| {}).await?;
    client.switch(&order.application, &mut |_| {}).await?;
    client.finish(&order.application, &mut |_| {}).await
}

/// The refusal that a call ended with.
#[track_caller]
pub(crate) fn refused<T>(called: Result<T, CallError>) -> Refused {
    match called {
        Err(CallError::Refused(refused)) => refused,
        Err(error) => panic!("not refused, but failed: {error:?}"),
        Ok(_) => panic!("not refused"),
    }
}

/// Waits until something is so.
pub(crate) async fn until(mut so: impl AsyncFnMut() -> Result<bool, Error>) -> Outcome {
    let begun = Instant::now();
    while begun.elapsed() < LONG {
        if so().await? {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Err("it did not come so far in time".into())
}
