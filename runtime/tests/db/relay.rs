//! A way to a PostgreSQL server that can be made longer, or end nowhere: between a socket of its own and the server's.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;

/// The name of a server's socket in its folder.
const SOCKET: &str = ".s.PGSQL.5432";

/// A way to a server.
pub(crate) struct Relay {
    folder: TempDir,
    /// Of each piece that passes, in milliseconds.
    delay: Arc<AtomicU64>,
    open: watch::Sender<bool>,
}

impl Relay {
    /// A way to the server whose socket lies in this folder, as short as can be.
    pub(crate) fn to(server: &Path) -> Self {
        let folder = tempfile::Builder::new().prefix("relay").tempdir_in("/tmp").expect("a folder");
        let listener = UnixListener::bind(folder.path().join(SOCKET)).expect("a socket");
        let (delay, open) = (Arc::new(AtomicU64::new(0)), watch::Sender::new(true));
        let (server, pause, gate) = (server.join(SOCKET), Arc::clone(&delay), open.subscribe());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = UnixStream::connect(&server).await else { continue };
                let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
                tokio::spawn(pass(from_client, to_server, Arc::clone(&pause), gate.clone()));
                tokio::spawn(pass(from_server, to_client, Arc::clone(&pause), gate.clone()));
            }
        });
        Self { folder, delay, open }
    }

    /// The URL of a database at its end.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://cell@localhost/{database}?host={}", self.folder.path().display())
    }

    /// Makes it longer.
    pub(crate) fn delay(&self, by: Duration) {
        self.delay.store(by.as_millis().try_into().expect("a short time"), Ordering::SeqCst);
    }

    /// Nothing passes any more, and nobody is told.
    pub(crate) fn cut(&self) {
        self.open.send_replace(false);
    }

    /// Everything passes again, also what was kept.
    pub(crate) fn mend(&self) {
        self.open.send_replace(true);
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, delay: Arc<AtomicU64>, mut open: watch::Receiver<bool>) {
    let mut piece = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        tokio::time::sleep(Duration::from_millis(delay.load(Ordering::SeqCst))).await;
        if open.wait_for(|open| *open).await.is_err() || to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
}
