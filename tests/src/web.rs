//! Clients of what an application serves: a request over a plain socket, and a page in a real browser.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;

/// An answer over HTTP.
#[derive(Debug)]
pub struct Answer {
    /// The status, such as 200.
    pub status: u16,
    /// What came behind the headers.
    pub body: String,
}

/// Asks for a path at an address such as `127.0.0.1:41713`.
#[must_use]
pub fn get(address: &str, path: &str) -> Answer {
    ask(address, "GET", path, "")
}

/// Asks for anything; a body is JSON.
#[must_use]
pub fn ask(address: &str, method: &str, path: &str, body: &str) -> Answer {
    let mut stream = TcpStream::connect(address).expect("the application listens");
    // Version 1.0: the answer is in one piece, and ends with the connection.
    let about = match body.len() {
        0 => String::new(),
        length => format!("Content-Type: application/json\r\nContent-Length: {length}\r\n"),
    };
    write!(stream, "{method} {path} HTTP/1.0\r\nHost: {address}\r\n{about}\r\n{body}").expect("a request");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer");
    let (head, body) = text.split_once("\r\n\r\n").expect("headers");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    Answer { status, body: body.to_owned() }
}

/// Loads a page in a headless browser with a fresh profile. Out: the document as the browser has it.
#[must_use]
pub fn page(url: &str) -> String {
    let profile = tempfile::tempdir().expect("a folder");
    let mut browser = Command::new(browser());
    browser.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]);
    browser.args(["--disable-background-networking", "--disable-component-update", "--disable-sync", "--dump-dom"]);
    browser.arg(format!("--user-data-dir={}", profile.path().display())).arg(url);
    let output = browser.output().expect("the browser runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn browser() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let programs = ["chromium", "google-chrome"];
    let found =
        std::env::split_paths(&path).flat_map(|folder| programs.map(|name| folder.join(name))).find(|p| p.is_file());
    found.expect("a browser: `apt-get install chromium` installs one")
}

/// The links of a page whose texts are this one.
#[must_use]
pub fn links(page: &str, text: &str) -> Vec<String> {
    let ends = format!(">{text}</a>");
    let ends = page.match_indices(&ends).map(|(at, _)| &page[..at]);
    ends.filter_map(|before| before.rsplit_once("href=\"")?.1.split_once('"'))
        .map(|(link, _)| link.to_owned())
        .collect()
}
