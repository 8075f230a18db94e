//! The socket on which processes greet their supervisor. In: connections. Out: those whose first message names a token that is
//! known, each handed to the life of its instance. Everything else is dropped: a stranger, a greeting that is none, or none in time.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use cell_manifest::supervision::{Channel, FromProcess, VERSION};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc};

use super::life::Command;

/// How long a connection has to say who it is.
const GREETING: Duration = Duration::from_secs(5);

/// The most connections that have not said who they are.
const STRANGERS: usize = 64;

/// Finds the instance that a token is of.
pub(super) trait Guests: Send + Sync + 'static {
    /// Where to hand a connection to.
    fn of(&self, token: &str) -> Option<mpsc::UnboundedSender<Command>>;
}

/// Lets processes in for as long as it is awaited.
pub(super) async fn keep(socket: UnixListener, guests: Arc<impl Guests>) {
    let places = Arc::new(Semaphore::new(STRANGERS));
    loop {
        // The semaphore is never closed.
        let place = Arc::clone(&places).acquire_owned().await.ok();
        match socket.accept().await {
            Ok((stream, _)) => {
                let guests = Arc::clone(&guests);
                tokio::spawn(async move {
                    let _place = place;
                    match tokio::time::timeout(GREETING, admit(stream, &*guests)).await {
                        Ok(Ok(())) => {}
                        Ok(Err(error)) => tracing::warn!("a connection to the supervisor is refused: {error}"),
                        Err(_) => tracing::warn!("a connection to the supervisor is refused: it said nothing"),
                    }
                });
            }
            Err(error) => {
                tracing::warn!("the supervisor cannot take a connection: {error}");
                // As when there are too many open files: soon there may be fewer.
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn admit(stream: UnixStream, guests: &impl Guests) -> io::Result<()> {
    let mut channel = Channel::new(stream);
    let Some((message, file)) = channel.receive::<FromProcess>().await? else { return Ok(()) };
    let FromProcess::Hello { version, instance, progress, doors, .. } = message else {
        return Err(io::Error::other("its first message is no greeting"));
    };
    if version != VERSION {
        let text = format!("it speaks version {version}, not {VERSION}: build the application with the same Cell");
        return Err(io::Error::other(text));
    }
    let guest = guests.of(&instance).ok_or_else(|| io::Error::other("its token is not known"))?;
    let listener = file.map(TcpListener::from);
    if let Some(listener) = &listener {
        // Fails where it is no such socket.
        listener.local_addr()?;
    }
    // Where the life is over, so is this.
    let _ = guest.send(Command::Greeted { channel, progress, doors, listener });
    Ok(())
}
