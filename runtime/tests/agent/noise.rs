//! What does not speak the protocol, or too much of it: the daemon goes on serving.

use cell_node::client::{CallError, Client};
use cell_node::key::Key;
use cell_node::protocol::{Request, VERSION};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::Outcome;
use crate::goods::Goods;
use crate::site::{LONG, Site};
use crate::wire::Wire;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_is_hung_up_on() -> Outcome {
    let mut site = Site::open().await?;
    let noise: Vec<u8> = (0..100_000_u32).map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect();
    // The beginning of a handshake that promises more than it has.
    let hello = b"\x16\x03\x01\x40\x00\x01\x00\x3f\xfc\x03\x03";
    for bytes in [&noise[..], b"GET / HTTP/1.1\r\nhost: node\r\n\r\n", b"\0", &[0xff; 4096]] {
        let mut stream = TcpStream::connect(site.address).await?;
        // It may hang up before all is sent.
        let _ = stream.write_all(bytes).await;
        let _ = stream.shutdown().await;
        let mut rest = Vec::new();
        let _ = tokio::time::timeout(LONG, stream.read_to_end(&mut rest)).await?;
    }
    let mut half = TcpStream::connect(site.address).await?;
    half.write_all(hello).await?;
    site.deploy(&Goods::new(1)?.pack(site.folder())?).await?;
    assert_eq!(site.ask().await?, "\"1\"");
    drop(half);
    site.end(true).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_that_nobody_sends_end_their_connection_only() -> Outcome {
    let site = Site::open().await?;
    let mut other = site.client().await?;
    let text = |text: &str| serde_json::from_str::<serde_json::Value>(text);
    for message in [
        text(r#""applications""#)?,
        text(r#"{"drop_everything": "clock"}"#)?,
        text(r#"{"application": "clock", "also": 1}"#)?,
        text(r#"{"missing": {"hash": "00", "length": 0, "chunks": []}}"#)?,
        text("[[[[[[]]]]]]")?,
        text("null")?,
    ] {
        let mut wire = Wire::open(&site, &site.key).await?;
        wire.0.send(&message).await?;
        let _ = tokio::time::timeout(LONG, wire.0.receive::<serde_json::Value>()).await?;
    }
    // Bytes where a request is due, and a request where bytes are.
    let mut wire = Wire::open(&site, &site.key).await?;
    wire.0.send_bytes(b"bytes").await?;
    assert!(!matches!(tokio::time::timeout(LONG, wire.0.receive::<serde_json::Value>()).await?, Ok(Some(_))));
    let mut wire = Wire::open(&site, &site.key).await?;
    let chunk = Request::Chunk(cell_node::digest::Digest::of(b""));
    wire.0.send(&chunk).await?;
    wire.0.send(&chunk).await?;
    assert!(!matches!(tokio::time::timeout(LONG, wire.0.receive::<serde_json::Value>()).await?, Ok(Some(_))));
    // More bytes than a chunk has.
    let mut wire = Wire::open(&site, &site.key).await?;
    wire.0.send(&chunk).await?;
    let _ = wire.0.send_bytes(&vec![0; 2 << 20]).await;
    assert!(!matches!(tokio::time::timeout(LONG, wire.0.receive::<serde_json::Value>()).await?, Ok(Some(_))));
    assert!(other.all().await?.is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_version_of_the_protocol_is_told_which_one_it_is() -> Outcome {
    let site = Site::open().await?;
    for protocol in [0, VERSION + 1, u32::MAX] {
        let (mut wire, welcome) = Wire::greet(&site, &site.key, protocol).await?;
        assert_eq!(welcome.protocol, VERSION);
        let _ = wire.0.send(&Request::Applications).await;
        let answer = tokio::time::timeout(LONG, wire.0.receive::<serde_json::Value>()).await?;
        assert!(!matches!(answer, Ok(Some(_))), "{answer:?}");
    }
    assert!(site.client().await?.all().await?.is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_only_connect_keep_nobody_out() -> Outcome {
    let mut site = Site::open().await?;
    let mut silent = Vec::new();
    for _ in 0..200 {
        silent.push(TcpStream::connect(site.address).await?);
    }
    let stranger = Key::generate()?;
    let mut strangers: Vec<Client> = Vec::new();
    for _ in 0..80 {
        strangers.push(site.client_of(&stranger).await?);
    }
    site.deploy(&Goods::new(1)?.pack(site.folder())?).await?;
    assert_eq!(site.ask().await?, "\"1\"");
    // Those who are known have places of their own, and more of them than a region's commands ever want.
    let mut known: Vec<Client> = Vec::new();
    for _ in 0..80 {
        match site.client().await {
            Ok(client) => known.push(client),
            Err(CallError::HungUp | CallError::Transport(_) | CallError::Frame(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    assert!(known.len() >= 60, "{}", known.len());
    for client in known.iter_mut().take(60) {
        client.deployed("clock").await?;
    }
    drop((known, strangers, silent));
    crate::site::until(async || Ok(site.client().await.is_ok())).await?;
    site.end(true).await;
    Ok(())
}
