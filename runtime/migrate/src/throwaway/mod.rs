//! Databases that live as long as their owner: a PostgreSQL cluster started from the machine's own server programs, and
//! SQLite files in a temporary folder. Rehearsals and every test of the workspace that needs an engine use them.
//! Absent: containers, downloads, TCP ports, and any way to keep the data.

mod cluster;
mod file;
mod programs;

use std::path::PathBuf;

pub use cluster::Cluster;
pub use file::{SqliteFile, sqlite};
pub use programs::find as find_programs;

/// The environment variable that names the folder of PostgreSQL's server programs.
pub const PROGRAMS_VARIABLE: &str = "CELL_POSTGRES_BIN";

/// The environment variable with the URL of a running cluster that [`Cluster::shared`] uses instead of one of its own.
pub const SHARED_VARIABLE: &str = "CELL_TEST_POSTGRES";

/// The environment variables with the URLs of a running primary and of one that follows it, for [`Cluster::shared_replicated`].
pub const SHARED_PRIMARY_VARIABLE: &str = "CELL_TEST_POSTGRES_PRIMARY";
/// See [`SHARED_PRIMARY_VARIABLE`].
pub const SHARED_REPLICA_VARIABLE: &str = "CELL_TEST_POSTGRES_REPLICA";

/// Why there is no throwaway database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ThrowawayError {
    /// The machine has no PostgreSQL server programs.
    #[error("PostgreSQL's server programs `initdb` and `postgres` were not found ({searched})")]
    EngineMissing {
        /// Where they were looked for.
        searched: String,
    },
    /// The folder of the cluster could not be made or handed to the user that runs it.
    #[error("cannot prepare the folder `{}` for a throwaway database", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Nobody but root is there to run the server, and PostgreSQL refuses root.
    #[error("PostgreSQL does not run as root, and `/etc/passwd` has neither a user `postgres` nor a user `nobody`")]
    NoUser,
    /// A program could not be started.
    #[error("cannot start `sh` to run PostgreSQL")]
    Spawn(#[source] std::io::Error),
    /// The server ended before it took a connection.
    #[error("the throwaway PostgreSQL server did not start:\n{log}")]
    Ended {
        /// The end of what it wrote.
        log: String,
    },
    /// The server took no connection in time.
    #[error("the throwaway PostgreSQL server took no connection within {seconds} seconds")]
    Slow {
        /// How long it was waited for.
        seconds: u64,
        /// The last refusal.
        #[source]
        source: sqlx::Error,
    },
    /// The server refused to create a database.
    #[error("cannot create a throwaway database")]
    Create(#[source] sqlx::Error),
}

impl ThrowawayError {
    /// The diagnostic's code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::EngineMissing { .. } => "engine-missing",
            _ => "throwaway-failed",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::EngineMissing { .. } => Some(format!(
                "install them (on Debian and Ubuntu: `apt-get install postgresql`), or set `{PROGRAMS_VARIABLE}` to the \
                 folder that holds them"
            )),
            Self::Folder { .. } => Some("set `TMPDIR` to a folder that every user may enter".to_owned()),
            Self::NoUser => Some("run as another user, or create the user `postgres`".to_owned()),
            _ => None,
        }
    }
}
