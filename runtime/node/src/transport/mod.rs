//! Connections between a command and a node, or two nodes: each side shows its key and knows the other's.
//! In: an address or an accepted socket, and a key. Out: a [`Connection`] of messages. Absent: roles. Any key may connect; what it
//! may do is decided by those who know it.

mod error;
#[cfg(test)]
mod tests;
mod tls;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::CommonState;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

pub use error::TransportError;

use crate::frame::{FrameError, Reader, Timeouts, Writer};
use crate::key::{Key, PublicKey};

/// The half of a connection that receives.
pub type Receiver = Reader<ReadHalf<TlsStream<TcpStream>>>;

/// The half of a connection that sends.
pub type Sender = Writer<WriteHalf<TlsStream<TcpStream>>>;

/// How long a client may take for the handshake, unless it is set.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// What binds proofs to one connection (RFC 8446, section 7.5).
const EXPORTER: &[u8] = b"EXPORTER-cell-node-1";

/// An encrypted connection between two keys.
#[derive(Debug)]
pub struct Connection {
    reader: Receiver,
    writer: Sender,
    peer: PublicKey,
    address: SocketAddr,
    exporter: [u8; 32],
}

/// Connects to a node at `host:port`. With `expected`, only the node with that key will do.
///
/// # Errors
/// Nobody answers in time, somebody else answers, or it does not speak this protocol.
pub async fn connect(
    address: &str,
    key: &Key,
    expected: Option<&PublicKey>,
    limit: Duration,
) -> Result<Connection, TransportError> {
    let setup = |error: rustls::Error| TransportError::Setup(error.to_string());
    let connector = TlsConnector::from(Arc::new(tls::client(key, expected).map_err(setup)?));
    let name = tls::name().map_err(setup)?;
    let unreachable = |source| TransportError::Unreachable { address: address.to_owned(), source };
    let connecting = async {
        let stream = TcpStream::connect(address).await.map_err(unreachable)?;
        let socket = prepare(&stream).map_err(unreachable)?;
        let stream = connector.connect(name, stream).await;
        let stream = stream.map_err(|error| error::handshake(address.to_owned(), &error))?;
        Connection::new(TlsStream::Client(stream), socket, address)
    };
    let silent = |_| TransportError::Silent { address: address.to_owned(), limit };
    timeout(limit, connecting).await.map_err(silent)?
}

/// The side of a node: makes connections of accepted sockets.
#[derive(Clone)]
pub struct Acceptor {
    tls: TlsAcceptor,
    limit: Duration,
}

impl std::fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Acceptor").field("limit", &self.limit).finish_non_exhaustive()
    }
}

impl Acceptor {
    /// Accepts with this key.
    ///
    /// # Errors
    /// The key cannot be used.
    pub fn new(key: &Key) -> Result<Self, TransportError> {
        let config = tls::server(key).map_err(|error| TransportError::Setup(error.to_string()))?;
        Ok(Self { tls: TlsAcceptor::from(Arc::new(config)), limit: HANDSHAKE })
    }

    /// Changes how long a client may take for the handshake, which is 10 s.
    #[must_use]
    pub fn with_limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Makes a connection of an accepted socket. Call it in a task of its own: the other side may be slow.
    ///
    /// # Errors
    /// The client does not finish the handshake in time, or does not speak this protocol.
    pub async fn accept(&self, stream: TcpStream) -> Result<Connection, TransportError> {
        let unreachable = |source| TransportError::Unreachable { address: "client".to_owned(), source };
        let socket = prepare(&stream).map_err(unreachable)?;
        let address = socket.to_string();
        let accepting = async {
            let stream = self.tls.accept(stream).await;
            let stream = stream.map_err(|error| error::handshake(address.clone(), &error))?;
            Connection::new(TlsStream::Server(stream), socket, &address)
        };
        let silent = |_| TransportError::Silent { address: address.clone(), limit: self.limit };
        timeout(self.limit, accepting).await.map_err(silent)?
    }
}

impl Connection {
    fn new(stream: TlsStream<TcpStream>, socket: SocketAddr, address: &str) -> Result<Self, TransportError> {
        let strange =
            |message: &str| TransportError::Handshake { address: address.to_owned(), message: message.to_owned() };
        let state: &CommonState = match &stream {
            TlsStream::Client(stream) => stream.get_ref().1,
            TlsStream::Server(stream) => stream.get_ref().1,
        };
        // Without the extension on one side TLS goes on without a protocol.
        if state.alpn_protocol() != Some(tls::ALPN) {
            return Err(TransportError::Version { address: address.to_owned() });
        }
        let shown = state.peer_certificates().and_then(<[_]>::first);
        let peer = shown.and_then(|shown| PublicKey::from_spki(shown)).ok_or_else(|| strange("it shows no key"))?;
        let exporter = match &stream {
            TlsStream::Client(stream) => stream.get_ref().1.export_keying_material([0; 32], EXPORTER, None),
            TlsStream::Server(stream) => stream.get_ref().1.export_keying_material([0; 32], EXPORTER, None),
        };
        let exporter = exporter.map_err(|error| strange(&error.to_string()))?;
        let (read, write) = tokio::io::split(stream);
        let timeouts = Timeouts::default();
        let (reader, writer) = (Reader::new(read, timeouts), Writer::new(write, timeouts));
        Ok(Self { reader, writer, peer, address: socket, exporter })
    }

    /// The other side's key, of which it has the secret half.
    #[must_use]
    pub const fn peer(&self) -> &PublicKey {
        &self.peer
    }

    /// The other side's address.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// A secret that only the two ends of this one connection know.
    #[must_use]
    pub const fn exporter(&self) -> [u8; 32] {
        self.exporter
    }

    /// Changes how long to wait for the other side.
    pub fn set_timeouts(&mut self, timeouts: Timeouts) {
        self.reader.set_timeouts(timeouts);
        self.writer.set_timeouts(timeouts);
    }

    /// Sends a message.
    ///
    /// # Errors
    /// See [`FrameError`].
    pub async fn send<T: Serialize + ?Sized>(&mut self, message: &T) -> Result<(), FrameError> {
        self.writer.send(message).await
    }

    /// Sends plain bytes.
    ///
    /// # Errors
    /// See [`FrameError`].
    pub async fn send_bytes(&mut self, bytes: &[u8]) -> Result<(), FrameError> {
        self.writer.send_bytes(bytes).await
    }

    /// The next message, or nothing when the other side is done.
    ///
    /// # Errors
    /// See [`FrameError`].
    pub async fn receive<T: DeserializeOwned>(&mut self) -> Result<Option<T>, FrameError> {
        self.reader.receive().await
    }

    /// The next message, which is to hold at most `limit` plain bytes, or nothing when the other side is done.
    ///
    /// # Errors
    /// See [`FrameError`].
    pub async fn receive_bytes(&mut self, limit: usize) -> Result<Option<Vec<u8>>, FrameError> {
        self.reader.receive_bytes(limit).await
    }

    /// Returns when the other side is gone: wait for it beside the work that is done for it.
    pub async fn closed(&mut self) {
        self.reader.closed().await;
    }

    /// Both halves at once, so that one task can send while it waits for [`Reader::closed`].
    pub fn halves(&mut self) -> (&mut Receiver, &mut Sender) {
        (&mut self.reader, &mut self.writer)
    }

    /// Both halves, for two tasks.
    #[must_use]
    pub fn split(self) -> (Receiver, Sender) {
        (self.reader, self.writer)
    }

    /// Tells the other side that nothing more is sent.
    ///
    /// # Errors
    /// The connection fails, or the other side takes nothing.
    pub async fn close(&mut self) -> Result<(), FrameError> {
        self.writer.close().await
    }
}

/// Sets what a socket needs, and gives the other side's address.
fn prepare(stream: &TcpStream) -> io::Result<SocketAddr> {
    use rustix::net::sockopt;
    // Messages are small and each is waited for.
    stream.set_nodelay(true)?;
    // A peer whose machine or line died says nothing; the kernel finds out within a minute.
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, Duration::from_secs(30))?;
    sockopt::set_tcp_keepintvl(stream, Duration::from_secs(10))?;
    sockopt::set_tcp_keepcnt(stream, 3)?;
    stream.peer_addr()
}
