//! What a supervisor and a process that it runs say to each other over a Unix socket: a line of JSON a message.
//! In and out: messages, some of which carry an open file. Absent: what either does about them, and, without the feature
//! `channel`, the socket.
//!
//! The process finds the socket in [`SUPERVISOR`] and says who it is with the token of [`INSTANCE`]. It connects again
//! whenever the connection ends, and says [`FromProcess::Hello`] each time.

#[cfg(all(feature = "channel", unix))]
mod channel;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

#[cfg(all(feature = "channel", unix))]
pub use channel::Channel;

/// The version of these messages.
pub const VERSION: u32 = 1;

/// The environment variable with the path of the supervisor's socket.
pub const SUPERVISOR: &str = "CELL_SUPERVISOR";

/// The environment variable with the token by which the supervisor knows a process: 32 hexadecimal digits.
pub const INSTANCE: &str = "CELL_INSTANCE";

/// The longest line, in bytes. Whoever sends a longer one is not listened to any more.
pub const LIMIT: usize = 64 * 1024;

/// How far a process has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// Its cells are being made.
    Starting,
    /// It waits for [`ToProcess::Serve`].
    Ready,
    /// Its doors are open and its tasks run.
    Serving,
    /// It accepts no more, and ends what is under way.
    Draining,
}

/// What a process says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "message", rename_all = "snake_case", deny_unknown_fields)]
pub enum FromProcess {
    /// The first message of a connection.
    Hello {
        /// [`VERSION`].
        version: u32,
        /// The token of [`INSTANCE`].
        instance: String,
        /// How far it is.
        progress: Progress,
        /// Whether it has doors; known once it is ready.
        doors: bool,
        /// Whether the socket that it listens on is attached.
        listener: bool,
    },
    /// Its cells are made.
    Ready {
        /// Whether it has doors.
        doors: bool,
    },
    /// Its doors are open and its tasks run.
    Serving,
    /// It accepts no more.
    Draining,
    /// The answer to [`ToProcess::Ping`].
    Pong,
}

/// What a supervisor says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "message", rename_all = "snake_case", deny_unknown_fields)]
pub enum ToProcess {
    /// Open the doors and begin the tasks.
    Serve {
        /// Whether a socket to listen on is attached. Without one, no door opens.
        listener: bool,
    },
    /// Say [`FromProcess::Pong`].
    Ping,
    /// Write standard output and standard error to the attached file from now on.
    Output,
}

/// A message of either side.
pub trait Message: Serialize + DeserializeOwned {
    /// Whether an open file comes with it.
    fn carries(&self) -> bool;
}

impl Message for FromProcess {
    fn carries(&self) -> bool {
        matches!(self, Self::Hello { listener: true, .. })
    }
}

impl Message for ToProcess {
    fn carries(&self) -> bool {
        matches!(self, Self::Serve { listener: true } | Self::Output)
    }
}

#[cfg(test)]
mod tests {
    use super::{FromProcess, Progress, ToProcess, VERSION};

    #[test]
    fn a_message_is_a_line_of_json() -> Result<(), serde_json::Error> {
        let hello = FromProcess::Hello {
            version: VERSION,
            instance: "00ff".to_owned(),
            progress: Progress::Ready,
            doors: true,
            listener: false,
        };
        let text = serde_json::to_string(&hello)?;
        assert_eq!(
            text,
            r#"{"message":"hello","version":1,"instance":"00ff","progress":"ready","doors":true,"listener":false}"#
        );
        assert_eq!(serde_json::from_str::<FromProcess>(&text)?, hello);
        assert_eq!(serde_json::to_string(&ToProcess::Ping)?, r#"{"message":"ping"}"#);
        Ok(())
    }
}
