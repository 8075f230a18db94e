//! The process's side of a supervisor: it says how far the process is, and takes the socket to serve on and the file to log to.
//! In: `CELL_SUPERVISOR` and `CELL_INSTANCE`. Out: the order to serve. Absent: what the process does about it (`start` does),
//! and any need of the supervisor: while it is away the process goes on, and greets it when it is back.

use std::io;
use std::net::TcpListener;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cell_manifest::supervision::{Channel, FromProcess, INSTANCE, Progress, SUPERVISOR, ToProcess, VERSION};
use tokio::net::UnixStream;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::config::Environment;
use crate::{Error, Result};

/// The pause before connecting again: twice as long each time, within these bounds.
const PAUSE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// A process with a supervisor. Dropping it ends the connection.
pub(crate) struct Supervised {
    status: watch::Sender<Status>,
    orders: mpsc::Receiver<Option<TcpListener>>,
    _link: JoinSet<()>,
}

/// How far the process is.
#[derive(Clone)]
struct Status {
    progress: Progress,
    doors: bool,
    /// Kept for a supervisor that lost it.
    listener: Option<Arc<OwnedFd>>,
}

impl Supervised {
    /// Begins to speak to the supervisor, where there is one.
    ///
    /// # Errors
    /// Only one of the two variables is set.
    pub(crate) fn begin(environment: &Environment) -> Result<Option<Self>> {
        let (socket, token) = match (environment.get(SUPERVISOR)?, environment.get(INSTANCE)?) {
            (None, None) => return Ok(None),
            (Some(socket), Some(token)) => (PathBuf::from(socket), token),
            _ => return Err(Error::message(format!("`{SUPERVISOR}` and `{INSTANCE}` go together: one is not set"))),
        };
        let (status, seen) = watch::channel(Status { progress: Progress::Starting, doors: false, listener: None });
        let (sender, orders) = mpsc::channel(1);
        let mut link = JoinSet::new();
        link.spawn(Link { socket, token, status: seen, orders: sender }.keep());
        Ok(Some(Self { status, orders, _link: link }))
    }

    /// Says that the cells are made, and waits for the order to serve. Out: the socket to listen on, if any.
    pub(crate) async fn ready(&mut self, doors: bool) -> Option<TcpListener> {
        self.status.send_modify(|status| (status.progress, status.doors) = (Progress::Ready, doors));
        match self.orders.recv().await {
            Some(listener) => listener,
            // The link ends only with this value.
            None => std::future::pending().await,
        }
    }

    /// Says that the doors are open; `listener` is what a supervisor that comes back gets.
    pub(crate) fn serving(&self, listener: Option<OwnedFd>) {
        self.status.send_modify(|status| {
            status.progress = Progress::Serving;
            status.listener = listener.map(Arc::new);
        });
    }

    /// Says that nothing is accepted any more.
    pub(crate) fn draining(&self) {
        // Not even the copy is kept: where the supervisor is gone as well, a client should hear that nobody is there.
        self.status.send_modify(|status| (status.progress, status.listener) = (Progress::Draining, None));
    }
}

/// The connection, made again whenever it ends.
struct Link {
    socket: PathBuf,
    token: String,
    status: watch::Receiver<Status>,
    orders: mpsc::Sender<Option<TcpListener>>,
}

impl Link {
    async fn keep(mut self) {
        let (least, most) = PAUSE;
        let mut pause = least;
        loop {
            if let Ok(stream) = UnixStream::connect(&self.socket).await {
                let mut heard = false;
                if let Err(error) = self.talk(&mut Channel::new(stream), &mut heard).await {
                    tracing::debug!("the connection to the supervisor broke: {error}");
                }
                // One that only hangs up does not know this process.
                if heard {
                    pause = least;
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(most);
        }
    }

    async fn talk(&mut self, channel: &mut Channel, heard: &mut bool) -> io::Result<()> {
        let Status { progress, doors, listener } = self.status.borrow_and_update().clone();
        let (instance, attached) = (self.token.clone(), listener.is_some());
        let hello = FromProcess::Hello { version: VERSION, instance, progress, doors, listener: attached };
        channel.send(&hello, listener.as_ref().map(|listener| listener.as_fd())).await?;
        loop {
            tokio::select! {
                received = channel.receive::<ToProcess>() => {
                    let Some((message, file)) = received? else { return Ok(()) };
                    *heard = true;
                    if let Some(answer) = self.obey(&message, file)? {
                        channel.send(&answer, None).await?;
                    }
                }
                changed = self.status.changed() => {
                    if changed.is_err() {
                        return Ok(());
                    }
                    let (progress, doors) = {
                        let status = self.status.borrow_and_update();
                        (status.progress, status.doors)
                    };
                    let message = match progress {
                        Progress::Starting => continue,
                        Progress::Ready => FromProcess::Ready { doors },
                        Progress::Serving => FromProcess::Serving,
                        Progress::Draining => FromProcess::Draining,
                    };
                    channel.send(&message, None).await?;
                }
            }
        }
    }

    fn obey(&self, message: &ToProcess, file: Option<OwnedFd>) -> io::Result<Option<FromProcess>> {
        match message {
            ToProcess::Ping => return Ok(Some(FromProcess::Pong)),
            // A supervisor that came back may not know that the order was heard.
            ToProcess::Serve { .. } if self.status.borrow().progress == Progress::Serving => {
                return Ok(Some(FromProcess::Serving));
            }
            ToProcess::Serve { .. } => {
                // A second order before the first was carried out says nothing new.
                let _ = self.orders.try_send(file.map(TcpListener::from));
            }
            ToProcess::Output => {
                if let Some(file) = file {
                    rustix::stdio::dup2_stdout(&file)?;
                    rustix::stdio::dup2_stderr(&file)?;
                }
            }
        }
        Ok(None)
    }
}
