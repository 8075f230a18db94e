//! The door for whoever may enter the state folder: a Unix socket on which a code for pairing is asked for.
//! In: a role, in a line. Out: a code, in a line. Absent: anything for the network.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};

use super::{Agent, AgentError, state};
use crate::peers::Role;

/// The longest line.
const LINE: u64 = 1024;

/// How long either side waits for the other.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why a daemon gave no code.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// There is none, or this user may not enter its folder.
    #[error("no daemon answers at `{}`: {error}", path.display())]
    NoDaemon {
        /// The socket.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// It said something else than a code.
    #[error("the daemon did not give a code")]
    NoCode,
}

/// Asks the daemon of a state folder for a code.
///
/// # Errors
/// No daemon runs there, or it does not answer.
pub async fn pair(folder: &Path, role: Role) -> Result<String, ControlError> {
    let path = folder.join("control.sock");
    let asked = async {
        let mut stream = UnixStream::connect(&path).await?;
        stream.write_all(format!("pair {role}\n").as_bytes()).await?;
        let mut line = String::new();
        BufReader::new(stream.take(LINE)).read_line(&mut line).await?;
        Ok::<_, io::Error>(line)
    };
    let no_daemon = |error| ControlError::NoDaemon { path: path.clone(), error };
    let line = tokio::time::timeout(PATIENCE, asked).await.map_err(|_| no_daemon(io::ErrorKind::TimedOut.into()))?;
    let line = line.map_err(no_daemon)?;
    match line.trim() {
        "" => Err(ControlError::NoCode),
        code => Ok(code.to_owned()),
    }
}

impl Agent {
    /// Answers at the folder's socket, until it is dropped.
    ///
    /// # Errors
    /// The socket cannot be made.
    pub async fn control(self: Arc<Self>) -> Result<(), AgentError> {
        let path = self.folder.join("control.sock");
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(state(&path, error)),
            _ => {}
        }
        let listener = UnixListener::bind(&path).map_err(|error| state(&path, error))?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).map_err(|error| state(&path, error))?;
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let answered = tokio::time::timeout(PATIENCE, self.answer(stream));
            if let Ok(Err(error)) = answered.await {
                tracing::debug!("the control socket: {error}");
            }
        }
    }

    async fn answer(&self, stream: UnixStream) -> io::Result<()> {
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        (&mut stream).take(LINE).read_line(&mut line).await?;
        let role = line.trim().strip_prefix("pair ").and_then(|role| role.parse::<Role>().ok());
        if let Some(role) = role
            && let Ok(code) = self.code(role)
        {
            self.note("daemon", "code", &role.to_string(), "ok");
            stream.write_all(format!("{code}\n").as_bytes()).await?;
        }
        Ok(())
    }
}
