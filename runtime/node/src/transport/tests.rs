//! Real sockets on loopback, with strangers, impostors and those who fall silent.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{Acceptor, Connection, TransportError, connect};
use crate::frame::{FrameError, Timeouts};
use crate::key::{Key, PublicKey};

const LIMIT: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_millis(200);

struct Server {
    listener: TcpListener,
    acceptor: Acceptor,
    address: String,
    key: PublicKey,
}

async fn server() -> Server {
    let key = Key::generate().expect("a key");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a socket");
    let address = listener.local_addr().expect("an address").to_string();
    let acceptor = Acceptor::new(&key).expect("an acceptor").with_limit(LIMIT);
    Server { listener, acceptor, address, key: *key.public() }
}

impl Server {
    async fn accept(&self) -> Result<Connection, TransportError> {
        let (stream, _) = self.listener.accept().await.expect("a client");
        self.acceptor.accept(stream).await
    }
}

async fn pair(server: &Server, key: &Key) -> (Connection, Connection) {
    let (client, accepted) = tokio::join!(connect(&server.address, key, Some(&server.key), LIMIT), server.accept());
    (client.expect("connected"), accepted.expect("accepted"))
}

#[tokio::test]
async fn both_sides_know_each_other_and_share_a_secret() {
    let server = server().await;
    let key = Key::generate().expect("a key");
    let (mut client, mut accepted) = pair(&server, &key).await;
    assert_eq!(client.peer(), &server.key);
    assert_eq!(accepted.peer(), key.public());
    assert_eq!(client.exporter(), accepted.exporter());
    assert_eq!(client.address().to_string(), server.address);

    client.send("hello").await.expect("sent");
    assert_eq!(accepted.receive::<String>().await.expect("a message").as_deref(), Some("hello"));
    let bytes = vec![7; 1 << 20];
    let sending = accepted.send_bytes(&bytes);
    let (sent, received) = tokio::join!(sending, client.receive_bytes(1 << 20));
    sent.expect("sent");
    assert_eq!(received.expect("a message").as_deref(), Some(bytes.as_slice()));
    client.close().await.expect("closed");
    assert_eq!(accepted.receive::<String>().await.expect("the end"), None);

    let (again, _accepted) = pair(&server, &key).await;
    assert_ne!(again.exporter(), client.exporter(), "each connection has its own secret");
}

#[tokio::test]
async fn a_node_that_is_not_known_yet_may_be_asked_for_its_key() {
    let server = server().await;
    let key = Key::generate().expect("a key");
    let (client, accepted) = tokio::join!(connect(&server.address, &key, None, LIMIT), server.accept());
    accepted.expect("accepted");
    assert_eq!(client.expect("connected").peer(), &server.key);
}

#[tokio::test]
async fn another_key_than_the_pinned_one_is_refused_with_both_named() {
    let server = server().await;
    let key = Key::generate().expect("a key");
    let pinned = *Key::generate().expect("a key").public();
    let (client, accepted) = tokio::join!(connect(&server.address, &key, Some(&pinned), LIMIT), server.accept());
    let error = client.expect_err("refused");
    assert!(
        matches!(error, TransportError::WrongKey { expected, found, .. } if expected == pinned && found == server.key)
    );
    assert_eq!(
        error.to_string(),
        format!(
            "`{}` shows the key {}, but {pinned} was expected: it is another machine, or was set up anew; pair again only if you know why",
            server.address, server.key
        )
    );
    // The client went before it showed its own key.
    assert!(matches!(accepted, Err(TransportError::Handshake { .. })));
}

#[tokio::test]
async fn what_is_not_tls_is_refused() {
    let server = server().await;
    for garbage in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        b"\x16\x03\x01\xff\xff",
        b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00",
        &[0; 4096],
    ] {
        let mut client = TcpStream::connect(&server.address).await.expect("connected");
        client.write_all(garbage).await.expect("written");
        client.shutdown().await.expect("closed");
        assert!(matches!(server.accept().await, Err(TransportError::Handshake { .. })));
    }
}

#[tokio::test]
async fn a_server_that_is_not_tls_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a socket");
    let address = listener.local_addr().expect("an address").to_string();
    let key = Key::generate().expect("a key");
    let answering = async {
        let (mut stream, _) = listener.accept().await.expect("a client");
        stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n").await.expect("written");
        let mut all = Vec::new();
        // The client hangs up, with or without a reset.
        let _ = stream.read_to_end(&mut all).await;
    };
    let (client, ()) = tokio::join!(connect(&address, &key, None, LIMIT), answering);
    let error = client.expect_err("refused").to_string();
    assert_eq!(error, format!("`{address}` does not speak Cell's protocol: what it sends is not TLS"));
}

#[tokio::test]
async fn nobody_at_an_address_is_named() {
    // A port that was free a moment ago.
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a socket");
    let address = listener.local_addr().expect("an address").to_string();
    drop(listener);
    let key = Key::generate().expect("a key");
    let error = connect(&address, &key, None, LIMIT).await.expect_err("refused");
    assert!(matches!(&error, TransportError::Unreachable { .. }));
    assert!(error.to_string().starts_with(&format!("`{address}` cannot be reached: ")), "{error}");
}

#[tokio::test]
async fn those_who_are_silent_in_the_handshake_are_given_up() {
    let mut server = server().await;
    server.acceptor = server.acceptor.with_limit(SHORT);
    let client = TcpStream::connect(&server.address).await.expect("connected");
    assert!(matches!(server.accept().await, Err(TransportError::Silent { limit: SHORT, .. })));
    drop(client);

    // The other way round: the server accepts in the kernel and says nothing.
    let key = Key::generate().expect("a key");
    let error = connect(&server.address, &key, None, SHORT).await.expect_err("silent");
    assert_eq!(error.to_string(), format!("`{}` does not answer in 0.2 s", server.address));
}

#[tokio::test]
async fn a_peer_that_falls_silent_or_sends_too_much_is_given_up() {
    let server = server().await;
    let key = Key::generate().expect("a key");
    let (mut client, mut accepted) = pair(&server, &key).await;
    accepted.set_timeouts(Timeouts { idle: Some(SHORT), stall: SHORT });
    assert!(matches!(accepted.receive::<String>().await, Err(FrameError::Silent(SHORT))));

    let (mut other, mut accepted) = pair(&server, &key).await;
    other.send_bytes(&[0; 100]).await.expect("sent");
    assert!(matches!(accepted.receive_bytes(99).await, Err(FrameError::TooLarge { length: 100, limit: 99 })));
    client.close().await.expect("closed");
}

#[tokio::test]
async fn a_client_that_dies_is_noticed_while_the_server_works() {
    let server = server().await;
    let key = Key::generate().expect("a key");
    let (mut client, mut accepted) = pair(&server, &key).await;
    let (reader, writer) = accepted.halves();
    writer.send("progress").await.expect("sent");
    assert_eq!(client.receive::<String>().await.expect("a message").as_deref(), Some("progress"));
    let mut gone = Box::pin(reader.closed());
    assert!(tokio::time::timeout(Duration::from_millis(20), &mut gone).await.is_err(), "the client is there");
    // Dropped without a word, as when its process is killed.
    drop(client);
    gone.await;
    assert!(matches!(accepted.receive::<String>().await, Err(FrameError::Cut)));
}

#[tokio::test]
async fn an_end_that_was_not_announced_is_a_cut() {
    let server = server().await;
    let key = Key::generate().expect("a key");
    let (client, mut accepted) = pair(&server, &key).await;
    drop(client);
    assert!(matches!(accepted.receive::<String>().await, Err(FrameError::Cut)));
}

/// Other TLS clients: with another protocol, with none, and without a key.
mod strangers {
    use std::sync::Arc;

    use rustls::ClientConfig;
    use rustls::client::Resumption;
    use tokio_rustls::TlsConnector;

    use super::super::{error, tls};
    use super::*;

    async fn meet(change: impl FnOnce(&mut ClientConfig)) -> (TransportError, Result<Connection, TransportError>) {
        let server = server().await;
        let key = Key::generate().expect("a key");
        let mut config = tls::client(&key, Some(&server.key)).expect("a configuration");
        change(&mut config);
        let stream = TcpStream::connect(&server.address).await.expect("connected");
        let connector = TlsConnector::from(Arc::new(config));
        let meeting = async {
            match connector.connect(tls::name().expect("a name"), stream).await {
                // The server's refusal comes after the client's last step.
                Ok(mut stream) => stream.read_u8().await.map(|_| ()).expect_err("refused"),
                Err(error) => error,
            }
        };
        let (refused, accepted) = tokio::join!(meeting, server.accept());
        (error::handshake(server.address.clone(), &refused), accepted)
    }

    #[tokio::test]
    async fn another_version_of_the_protocol_is_named() {
        let (client, accepted) = meet(|config| config.alpn_protocols = vec![b"cell-node/2".to_vec()]).await;
        assert!(matches!(client, TransportError::Version { .. }), "{client}");
        assert!(matches!(accepted, Err(TransportError::Version { .. })), "{accepted:?}");
    }

    #[tokio::test]
    async fn no_protocol_is_refused() {
        let (_, accepted) = meet(|config| config.alpn_protocols.clear()).await;
        assert!(matches!(accepted, Err(TransportError::Version { .. })), "{accepted:?}");
    }

    #[tokio::test]
    async fn a_client_without_a_key_is_refused() {
        let (_, accepted) = meet(|config| {
            let provider = Arc::clone(config.crypto_provider());
            let blank = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
            let blank =
                blank.expect("versions").dangerous().with_custom_certificate_verifier(Arc::new(tls::tests::any()));
            *config = blank.with_no_client_auth();
            config.alpn_protocols = vec![tls::ALPN.to_vec()];
            config.resumption = Resumption::disabled();
        })
        .await;
        assert!(matches!(accepted, Err(TransportError::Handshake { .. })), "{accepted:?}");
    }
}
