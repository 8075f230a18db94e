//! The smallest HTTP client: one request a connection, over a plain socket.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What came back.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Response {
    /// The status, the type of the body and the body, as the tests compare them.
    #[allow(dead_code, reason = "each test file uses its share of this module")]
    pub(crate) fn text(&self) -> String {
        let kind = self.headers.get("content-type").map_or("-", String::as_str);
        format!("{} {kind}\n{}", self.status, self.body)
    }
}

/// Sends a request without a body.
pub(crate) async fn send(address: SocketAddr, method: &str, target: &str) -> io::Result<Response> {
    send_raw(address, &format!("{method} {target} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n")).await
}

/// Sends a request with a body of JSON.
#[allow(dead_code, reason = "each test file uses its share of this module")]
pub(crate) async fn send_json(address: SocketAddr, method: &str, target: &str, body: &str) -> io::Result<Response> {
    let length = body.len();
    let head = format!("{method} {target} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n");
    send_raw(address, &format!("{head}content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}")).await
}

/// Sends a request as written.
pub(crate) async fn send_raw(address: SocketAddr, request: &str) -> io::Result<Response> {
    let mut socket = TcpStream::connect(address).await?;
    socket.write_all(request.as_bytes()).await?;
    let mut bytes = Vec::new();
    socket.read_to_end(&mut bytes).await?;
    let text = String::from_utf8(bytes).map_err(io::Error::other)?;
    let (head, body) = text.split_once("\r\n\r\n").ok_or_else(|| io::Error::other(format!("no head in {text:?}")))?;
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
    Ok(Response {
        status: status.ok_or_else(|| io::Error::other(format!("no status in {head:?}")))?,
        headers: lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect(),
        body: body.to_owned(),
    })
}
