//! The command's side of the protocol: a node's calls as plain methods. In: an address, keys. Out: answers.
//! Absent: what is done on several nodes together ([`crate::deploy`]).

use std::collections::{BTreeSet, VecDeque};
use std::fs::File;
use std::path::Path;
use std::time::Duration;

use crate::bundle::{self, BundleError, Index};
use crate::digest::Digest;
use crate::frame::{FrameError, Timeouts};
use crate::key::{Key, PublicKey};
use crate::pairing::{self, Code, Side};
use crate::peers::Role;
use crate::protocol::{Answer, Deployed, Event, Greeting, LogRequest, Order, Refused, Request, VERSION, Welcome};
use crate::transport::{self, Connection, TransportError};

/// How long a node may take to answer the first time.
const CONNECT: Duration = Duration::from_secs(10);

/// How many chunks are on the way at once: far nodes are not waited for after each.
const ON_THE_WAY: usize = 64;

/// Why a call was not done.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The node cannot be reached.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The connection broke.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The node hung up.
    #[error("the node hung up")]
    HungUp,
    /// The node said no.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The node speaks another version of the protocol.
    #[error("the node runs Cell {cell} and speaks protocol {theirs}, this command speaks protocol {VERSION}")]
    Protocol {
        /// The node's version of Cell.
        cell: String,
        /// The node's protocol.
        theirs: u32,
    },
    /// The node said something that does not answer the call.
    #[error("the node's answer makes no sense")]
    Answer,
    /// The node does not show the code.
    #[error("the node does not know the code: it may be another than the one that shows it")]
    OtherNode,
    /// The bundle cannot be read.
    #[error("the bundle cannot be sent: {0}")]
    Bundle(#[from] BundleError),
}

/// A connection to a node.
#[derive(Debug)]
pub struct Client {
    connection: Connection,
    /// What the node said of itself.
    pub welcome: Welcome,
}

impl Client {
    /// Connects to a node, and sees that it is the one with the key that is expected.
    ///
    /// # Errors
    /// The node cannot be reached, has another key, or speaks another protocol.
    pub async fn connect(address: &str, key: &Key, expected: Option<&PublicKey>) -> Result<Self, CallError> {
        let mut connection = transport::connect(address, key, expected, CONNECT).await?;
        connection.send(&Greeting { protocol: VERSION, cell: env!("CARGO_PKG_VERSION").to_owned() }).await?;
        let welcome = connection.receive::<Welcome>().await?.ok_or(CallError::HungUp)?;
        if welcome.protocol != VERSION {
            return Err(CallError::Protocol { cell: welcome.cell, theirs: welcome.protocol });
        }
        // A migration may take long. That the node is gone is known from the system.
        connection.set_timeouts(Timeouts { idle: None, ..Timeouts::default() });
        Ok(Self { connection, welcome })
    }

    /// The node's public key.
    #[must_use]
    pub fn node(&self) -> PublicKey {
        *self.connection.peer()
    }

    /// Makes this client's key known to the node, by the code that the node shows, and makes sure that it does show it.
    ///
    /// # Errors
    /// The node does not show this code.
    pub async fn pair(&mut self, code: &Code, label: &str) -> Result<Role, CallError> {
        let exporter = self.connection.exporter();
        let proof = pairing::proof(code, &exporter, Side::Client);
        let answer = self.call(&Request::Pair { proof, label: label.to_owned() }, &mut |_| {}).await?;
        let Answer::Paired { proof, role } = answer else { return Err(CallError::Answer) };
        if proof != pairing::proof(code, &exporter, Side::Server) {
            return Err(CallError::OtherNode);
        }
        Ok(role)
    }

    /// What the node has of an application.
    ///
    /// # Errors
    /// The key may not look, or the connection broke.
    pub async fn deployed(&mut self, application: &str) -> Result<Deployed, CallError> {
        match self.call(&Request::Application(application.to_owned()), &mut |_| {}).await? {
            Answer::Application(deployed) => Ok(*deployed),
            _ => Err(CallError::Answer),
        }
    }

    /// What the node has of all applications.
    ///
    /// # Errors
    /// The key may not look, or the connection broke.
    pub async fn all(&mut self) -> Result<Vec<Deployed>, CallError> {
        match self.call(&Request::Applications, &mut |_| {}).await? {
            Answer::Applications(deployed) => Ok(deployed),
            _ => Err(CallError::Answer),
        }
    }

    /// Sends what the node lacks of a bundle, and has it unpacked. `sent` gets the bytes so far, of how many.
    /// Out: the bytes that were sent.
    ///
    /// # Errors
    /// The node refuses it, or the connection broke; sending it again goes on where this ended.
    pub async fn send(
        &mut self,
        archive: &Path,
        index: &Index,
        sent: &mut dyn FnMut(u64, u64),
    ) -> Result<u64, CallError> {
        let missing = match self.call(&Request::Missing(index.clone()), &mut |_| {}).await? {
            Answer::Missing(missing) => missing,
            _ => return Err(CallError::Answer),
        };
        let file = File::open(archive).map_err(|source| BundleError::Io { path: archive.to_owned(), source })?;
        // A chunk may occur twice, and is sent once.
        let mut missing: BTreeSet<Digest> = missing.into_iter().collect();
        let mut wanted: VecDeque<_> = index.places().filter(|(_, chunk)| missing.remove(&chunk.hash)).collect();
        let total: u64 = wanted.iter().map(|(_, chunk)| u64::from(chunk.length)).sum();
        let (mut done, mut on_the_way) = (0, VecDeque::new());
        sent(done, total);
        while !wanted.is_empty() || !on_the_way.is_empty() {
            if let Some((place, chunk)) = wanted.pop_front() {
                let bytes = bundle::read_chunk(&file, place, chunk)?;
                self.connection.send(&Request::Chunk(chunk.hash)).await?;
                self.connection.send_bytes(&bytes).await?;
                on_the_way.push_back(u64::from(chunk.length));
            }
            if on_the_way.len() >= ON_THE_WAY || wanted.is_empty() {
                match self.answer(&mut |_| {}).await? {
                    Answer::Done => done += on_the_way.pop_front().unwrap_or_default(),
                    _ => return Err(CallError::Answer),
                }
                sent(done, total);
            }
        }
        self.done(&Request::Commit(index.clone()), &mut |_| {}).await?;
        Ok(total)
    }

    /// See [`Agent::stage`](crate::agent::Agent::stage).
    ///
    /// # Errors
    /// Why not; then the node runs what it ran.
    pub async fn stage(&mut self, order: &Order, events: &mut (dyn FnMut(Event) + Send)) -> Result<(), CallError> {
        self.done(&Request::Stage(Box::new(order.clone())), events).await
    }

    /// See [`Agent::switch`](crate::agent::Agent::switch).
    ///
    /// # Errors
    /// Why not; then the node runs what it ran.
    pub async fn switch(&mut self, application: &str, events: &mut (dyn FnMut(Event) + Send)) -> Result<(), CallError> {
        self.done(&Request::Switch(application.to_owned()), events).await
    }

    /// See [`Agent::finish`](crate::agent::Agent::finish).
    ///
    /// # Errors
    /// The node cannot write its state.
    pub async fn finish(&mut self, application: &str, events: &mut (dyn FnMut(Event) + Send)) -> Result<(), CallError> {
        self.done(&Request::Finish(application.to_owned()), events).await
    }

    /// See [`Agent::record`](crate::agent::Agent::record).
    ///
    /// # Errors
    /// Another release runs, or a database does not answer.
    pub async fn record(&mut self, application: &str, release: u32) -> Result<(), CallError> {
        let request = Request::Record { application: application.to_owned(), release };
        self.done(&request, &mut |_| {}).await
    }

    /// See [`Agent::abandon`](crate::agent::Agent::abandon).
    ///
    /// # Errors
    /// The node cannot write its state.
    pub async fn abandon(&mut self, application: &str) -> Result<(), CallError> {
        self.done(&Request::Abandon(application.to_owned()), &mut |_| {}).await
    }

    /// Gets lines of logs, as [`Event::Line`].
    ///
    /// # Errors
    /// There is no such log, or the connection broke.
    pub async fn logs(&mut self, wanted: &LogRequest, events: &mut (dyn FnMut(Event) + Send)) -> Result<(), CallError> {
        self.done(&Request::Logs(wanted.clone()), events).await
    }

    async fn done(&mut self, request: &Request, events: &mut (dyn FnMut(Event) + Send)) -> Result<(), CallError> {
        match self.call(request, events).await? {
            Answer::Done => Ok(()),
            _ => Err(CallError::Answer),
        }
    }

    async fn call(&mut self, request: &Request, events: &mut (dyn FnMut(Event) + Send)) -> Result<Answer, CallError> {
        self.connection.send(request).await?;
        self.answer(events).await
    }

    async fn answer(&mut self, events: &mut (dyn FnMut(Event) + Send)) -> Result<Answer, CallError> {
        loop {
            match self.connection.receive::<Answer>().await?.ok_or(CallError::HungUp)? {
                Answer::Event(event) => events(event),
                Answer::Refused(refused) => return Err(refused.into()),
                answer => return Ok(answer),
            }
        }
    }
}
