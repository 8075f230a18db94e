//! Carries the protocol's calls to the [`Agent`]'s methods. In: connections. Out: events and answers.
//! A connection is one client's: what it staged and did not finish is ended when it hangs up. Everything that arrives is
//! bounded: connections, frames, the time until a greeting. Absent: what the calls do.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedRwLockReadGuard, mpsc};
use tokio::task::JoinSet;

use super::places::{Place, Places};
use super::{Agent, AgentError, Deploying, lock, logs, now};
use crate::bundle::MAX_CHUNK;
use crate::frame::{FrameError, Timeouts};
use crate::key::PublicKey;
use crate::pairing::Proof;
use crate::peers::{Peer, Role};
use crate::protocol::{Answer, Event, Greeting, Refused, Request, VERSION, Welcome};

use crate::transport::{Acceptor, Connection, TransportError};

/// How long a client may take to say who it is.
const GREETING: Duration = Duration::from_secs(10);

/// The longest name of a client's key, in bytes.
const LABEL: usize = 100;

/// A daemon that listens.
#[derive(Debug)]
pub struct Served {
    /// Where it listens.
    pub address: SocketAddr,
    listener: TcpListener,
    acceptor: Acceptor,
}

impl Served {
    /// Listens, and takes connections only once it runs.
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub async fn bind(agent: &Agent, address: &str) -> Result<Self, AgentError> {
        let failed = |error| AgentError::Listen { address: address.to_owned(), error };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let acceptor = Acceptor::new(&agent.key).map_err(|error| AgentError::State(error.to_string()))?;
        Ok(Self { address: listener.local_addr().map_err(failed)?, listener, acceptor })
    }

    /// Serves, until it is dropped, and all connections with it.
    pub async fn run(self, agent: Arc<Agent>) {
        let (places, mut connections) = (Arc::<Places>::default(), JoinSet::new());
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                Some(_) = connections.join_next() => continue,
            };
            let (stream, from) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of descriptors, most likely: others end meanwhile.
                    tracing::warn!("a connection could not be accepted: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let (agent, acceptor) = (Arc::clone(&agent), self.acceptor.clone());
            places.take(|mut place| {
                connections.spawn(async move {
                    if let Err(error) = connection(agent, &acceptor, stream, &mut place).await {
                        tracing::debug!(%from, "a connection ended: {error}");
                    }
                })
            });
        }
    }
}

async fn connection(
    agent: Arc<Agent>,
    acceptor: &Acceptor,
    stream: TcpStream,
    place: &mut Place,
) -> Result<(), TransportError> {
    let connection = acceptor.accept(stream).await?;
    let key = *connection.peer();
    let mut session = Session {
        agent: Arc::clone(&agent),
        connection,
        key,
        peer: key.to_string(),
        role: None,
        held: BTreeSet::new(),
        sending: None,
    };
    let role = lock(&agent.peers).role_of(&key);
    if let Some(role) = role
        && !session.recognise(role, place)
    {
        tracing::warn!(key = session.peer, "too many connections of keys that are known: one is hung up on");
        return Ok(());
    }
    let ended = session.run(place).await;
    let held = std::mem::take(&mut session.held);
    for application in &held {
        if let Some(deploying) = lock(&agent.deploying).get_mut(application) {
            deploying.gone = true;
        }
    }
    for name in held {
        agent.note(&session.peer, "hang up", &name, "recover");
        if let Ok(application) = agent.application(&name).await
            && let Err(refused) = application.recover().await
        {
            tracing::error!(application = application.name, "an interrupted deploy could not be ended: {refused}");
        }
        // Only now: whoever deploys next finds nothing that is under way.
        session.release(&name);
    }
    Ok(ended?)
}

/// One client.
struct Session {
    agent: Arc<Agent>,
    connection: Connection,
    key: PublicKey,
    /// Its key, as text.
    peer: String,
    role: Option<Role>,
    /// The applications that it deploys.
    held: BTreeSet<String>,
    /// Keeps the chunks of its bundle, from the question which are missing until it is staged.
    sending: Option<OwnedRwLockReadGuard<()>>,
}

/// What a call ends with, or nothing where the client hung up.
type Ended = Result<Option<Result<Answer, Refused>>, FrameError>;

impl Session {
    /// From now on it speaks for a key that is known. Whether there is a place for it.
    fn recognise(&mut self, role: Role, place: &mut Place) -> bool {
        self.role = Some(role);
        // Its owner may think about a plan. That it is gone is known from the system.
        self.connection.set_timeouts(Timeouts { idle: None, ..Timeouts::default() });
        place.recognise()
    }

    async fn run(&mut self, place: &mut Place) -> Result<(), FrameError> {
        let greeting = tokio::time::timeout(GREETING, self.connection.receive::<Greeting>());
        let Some(greeting) = greeting.await.map_err(|_| FrameError::Silent(GREETING))?? else { return Ok(()) };
        let welcome = Welcome {
            protocol: VERSION,
            cell: env!("CARGO_PKG_VERSION").to_owned(),
            host: self.agent.host.clone(),
            role: self.role,
        };
        // The client says which of the two is to be brought up to date.
        self.connection.send(&welcome).await?;
        if greeting.protocol != VERSION {
            self.written("greet", &format!("protocol {}", greeting.protocol), "refused");
            return Ok(());
        }
        while let Some(request) = self.connection.receive::<Request>().await? {
            let Some(answered) = self.call(request, place).await? else { return Ok(()) };
            let answer = answered.unwrap_or_else(Answer::Refused);
            self.connection.send(&answer).await?;
        }
        Ok(())
    }

    async fn call(&mut self, request: Request, place: &mut Place) -> Ended {
        let needed = match &request {
            Request::Pair { .. } => None,
            Request::Application(_) | Request::Applications | Request::Logs(_) => Some(Role::Observe),
            _ => Some(Role::Deploy),
        };
        if let Some(needed) = needed
            && let Err(refused) = self.allowed(needed)
        {
            self.written(name(&request), "", &refused.code);
            if matches!(request, Request::Chunk(_)) {
                // Its bytes follow, and are nobody's.
                let _ = self.connection.receive_bytes(MAX_CHUNK as usize).await?;
            }
            return Ok(Some(Err(refused)));
        }
        let agent = Arc::clone(&self.agent);
        Ok(Some(match request {
            Request::Pair { proof, label } => self.pair(&proof, &label, place),
            Request::Application(name) => agent.deployed(&name).await.map(|found| Answer::Application(Box::new(found))),
            Request::Applications => agent.all().await.map(Answer::Applications),
            Request::Missing(index) => {
                if self.sending.is_none() {
                    self.sending = Some(Arc::clone(&agent.sending).read_owned().await);
                }
                agent.missing(&index).map(Answer::Missing)
            }
            Request::Chunk(digest) => {
                let Some(bytes) = self.connection.receive_bytes(MAX_CHUNK as usize).await? else { return Ok(None) };
                agent.chunk(&digest, &bytes).map(|()| Answer::Done)
            }
            Request::Commit(index) => {
                let committed = agent.commit(&index).await;
                self.noted("commit", &index.hash().short(), committed).map(|()| Answer::Done)
            }
            Request::Stage(order) => {
                if let Err(refused) = self.hold(&order.application).await {
                    return Ok(Some(Err(refused)));
                }
                let (events, came) = mpsc::unbounded_channel();
                let staging = async { agent.stage(&order, &events).await };
                let Some(staged) = self.watch(staging, came).await? else { return Ok(None) };
                match &staged {
                    Err(_) => self.let_go(&order.application),
                    // The application's record holds the bundle now.
                    Ok(()) => self.sending = None,
                }
                let about =
                    format!("{} release {} {} plan {}", order.application, order.release, order.bundle, order.plan);
                self.noted("stage", &about, staged).map(|()| Answer::Done)
            }
            Request::Switch(application) => {
                if !self.held.contains(&application) {
                    return Ok(Some(Err(nothing_staged(&application))));
                }
                let (events, came) = mpsc::unbounded_channel();
                let switching = async { agent.switch(&application, &events).await };
                let Some(switched) = self.watch(switching, came).await? else { return Ok(None) };
                if switched.is_err() {
                    self.let_go(&application);
                }
                self.noted("switch", &application, switched).map(|()| Answer::Done)
            }
            Request::Finish(application) => {
                if !self.held.contains(&application) {
                    return Ok(Some(Err(nothing_staged(&application))));
                }
                let (events, came) = mpsc::unbounded_channel();
                let finishing = async { agent.finish(&application, &events).await };
                let Some(finished) = self.watch(finishing, came).await? else { return Ok(None) };
                self.let_go(&application);
                self.noted("finish", &application, finished).map(|()| Answer::Done)
            }
            Request::Record { application, release } => {
                if let Err(refused) = self.hold(&application).await {
                    return Ok(Some(Err(refused)));
                }
                let recorded = agent.record(&application, release).await;
                self.let_go(&application);
                self.noted("record", &application, recorded).map(|()| Answer::Done)
            }
            Request::Abandon(application) => {
                if !self.held.contains(&application) {
                    return Ok(Some(Err(nothing_staged(&application))));
                }
                let abandoned = agent.abandon(&application).await;
                self.let_go(&application);
                self.noted("abandon", &application, abandoned).map(|()| Answer::Done)
            }
            Request::Logs(wanted) => {
                let (events, came) = mpsc::unbounded_channel();
                let following = async { logs::send(&agent, &wanted, &events).await };
                let Some(followed) = self.watch(following, came).await? else { return Ok(None) };
                followed.map(|()| Answer::Done)
            }
        }))
    }

    /// Runs a call, sends its events as they come, and ends it where the client hangs up.
    async fn watch<T>(
        &mut self,
        call: impl Future<Output = T>,
        mut came: mpsc::UnboundedReceiver<Event>,
    ) -> Result<Option<T>, FrameError> {
        tokio::pin!(call);
        let (reader, writer) = self.connection.halves();
        let ended = loop {
            tokio::select! {
                biased;
                Some(event) = came.recv() => writer.send(&Answer::Event(event)).await?,
                ended = &mut call => break ended,
                () = reader.closed() => return Ok(None),
            }
        };
        while let Ok(event) = came.try_recv() {
            writer.send(&Answer::Event(event)).await?;
        }
        Ok(Some(ended))
    }

    fn allowed(&self, needed: Role) -> Result<(), Refused> {
        match self.role {
            Some(role) if role.allows(needed) => Ok(()),
            Some(_) => Err(Refused::new("key-observes", "this key may look, and not deploy")
                .help("on the node, `cargo cell daemon pair --role deploy` shows a code; say it with `cargo cell node add … --code`")),
            None => Err(Refused::new("unknown-key", "the node does not know this key")
                .help("on the node, `cargo cell daemon pair` shows a code; say it with `cargo cell node add … --code`")),
        }
    }

    fn pair(&mut self, proof: &Proof, label: &str, place: &mut Place) -> Result<Answer, Refused> {
        let mut label: String = label.chars().filter(|letter| !letter.is_control()).take(LABEL).collect();
        while label.len() > LABEL {
            label.pop();
        }
        let checked = lock(&self.agent.codes).check(proof, &self.connection.exporter(), Instant::now());
        let accepted = checked.map_err(|refused| {
            Refused::new("wrong-code", refused.to_string()).help(
                "a code is good for 15 minutes and one client; `cargo cell daemon pair` on the node shows a new one",
            )
        });
        let added = accepted.and_then(|accepted| {
            let peer = Peer { key: self.key, role: accepted.role, label: label.clone(), since: now() };
            let added = lock(&self.agent.peers).add(peer);
            added.map(|()| accepted).map_err(|error| Refused::new("storage-failed", error.to_string()))
        });
        let accepted = self.noted("pair", &label, added)?;
        // Without a place it stays a stranger's connection, which is enough for what follows.
        self.recognise(accepted.role, place);
        Ok(Answer::Paired { proof: accepted.proof, role: accepted.role })
    }

    async fn hold(&mut self, application: &str) -> Result<(), Refused> {
        if self.held.contains(application) {
            return Ok(());
        }
        let client: String = self.peer.chars().take(12).collect();
        loop {
            if let Some(other) = self.agent.under_way(application).await {
                let message = format!("`{other}…` is deploying `{}` now", application.escape_debug());
                return Err(Refused::new("deploy-under-way", message).help("wait until it is done, and run this again"));
            }
            let mut deploying = lock(&self.agent.deploying);
            // Another may have come first since.
            if !deploying.contains_key(application) {
                deploying.insert(application.to_owned(), Deploying { client, gone: false });
                break;
            }
        }
        self.held.insert(application.to_owned());
        Ok(())
    }

    fn let_go(&mut self, application: &str) {
        self.held.remove(application);
        self.release(application);
    }

    fn release(&self, application: &str) {
        lock(&self.agent.deploying).remove(application);
        self.agent.released.notify_waiters();
    }

    fn noted<T>(&self, what: &str, about: &str, result: Result<T, Refused>) -> Result<T, Refused> {
        match &result {
            Ok(_) => self.agent.note(&self.peer, what, about, "ok"),
            Err(refused) => self.written(what, about, &refused.code),
        }
        result
    }

    /// Writes down that something was refused.
    fn written(&self, what: &str, about: &str, code: &str) {
        match self.role {
            Some(_) => self.agent.note(&self.peer, what, about, code),
            None => self.agent.note_stranger(&self.peer, what, code),
        }
    }
}

fn nothing_staged(application: &str) -> Refused {
    Refused::new("nothing-staged", format!("this connection has staged nothing of `{}`", application.escape_debug()))
}

fn name(request: &Request) -> &'static str {
    match request {
        Request::Pair { .. } => "pair",
        Request::Application(_) | Request::Applications => "look",
        Request::Missing(_) => "missing",
        Request::Chunk(_) => "chunk",
        Request::Commit(_) => "commit",
        Request::Stage(_) => "stage",
        Request::Switch(_) => "switch",
        Request::Finish(_) => "finish",
        Request::Record { .. } => "record",
        Request::Abandon(_) => "abandon",
        Request::Logs(_) => "logs",
    }
}
