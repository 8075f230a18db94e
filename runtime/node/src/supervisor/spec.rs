//! What a supervisor is told about a process, and what it tells about it. Absent: doing anything.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

/// The times and sizes by which a supervisor goes.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long a process has to end once it was asked to.
    pub grace: Duration,
    /// How long it may take until it is ready, or until it serves.
    pub ready: Duration,
    /// How often it is asked whether it is there, and its log looked at.
    pub ping: Duration,
    /// After this long without an answer it is killed and started again.
    pub silence: Duration,
    /// The pause before a process that ended is started again: twice as long each time, from the first to the second.
    pub backoff: (Duration, Duration),
    /// After being ready for this long, the next end counts as the first.
    pub steady: Duration,
    /// A log of this many bytes is put aside and a new one begun.
    pub log_bytes: u64,
    /// How many files a log has at most, the current one included.
    pub log_files: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            // Longer than the 10 seconds that a process gives its own requests: it ends them in order.
            grace: Duration::from_secs(15),
            ready: Duration::from_secs(60),
            ping: Duration::from_secs(5),
            silence: Duration::from_secs(30),
            backoff: (Duration::from_millis(100), Duration::from_secs(30)),
            steady: Duration::from_secs(60),
            log_bytes: 8 << 20,
            log_files: 5,
        }
    }
}

/// A process to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The application that it is of.
    pub application: String,
    /// Its name in the application's manifest.
    pub process: String,
    /// Which of its replicas it is.
    pub replica: u32,
    /// The release that it is of.
    pub release: String,
    /// What is run.
    pub program: PathBuf,
    /// The program's arguments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arguments: Vec<String>,
    /// Its environment, which is exactly this and what the supervisor adds.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub environment: BTreeMap<String, String>,
    /// Whether it has the supervisor's own environment, too.
    #[serde(default)]
    pub inherit_environment: bool,
    /// Where it runs.
    pub folder: PathBuf,
    /// Where its words go.
    pub log: Log,
    /// Whether its standard input is a pipe that ends with the supervisor's process. Otherwise it is empty.
    #[serde(default)]
    pub lifeline: bool,
}

/// Where a process's standard output and standard error go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Log {
    /// To the end of a file, which only its owner reads, and which is rotated.
    File(PathBuf),
    /// Where the supervisor's own go.
    Inherit,
    /// Both where the supervisor's standard error goes.
    InheritError,
}

/// A process that a supervisor runs, whichever operating system's process that is at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Instance(pub(super) u64);

impl fmt::Display for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How far an instance is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// It runs and is not ready.
    Starting,
    /// It waits for the order to serve.
    Ready,
    /// It serves.
    Serving,
    /// It said that it accepts no more, without having been asked to stop.
    Draining,
    /// It ended, and is started again after a pause.
    Waiting,
    /// It was asked to stop.
    Stopping,
    /// It ended and stays so.
    Stopped,
}

/// What is known about an instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Which it is.
    pub instance: Instance,
    /// [`Spec::application`].
    pub application: String,
    /// [`Spec::process`].
    pub process: String,
    /// [`Spec::replica`].
    pub replica: u32,
    /// [`Spec::release`].
    pub release: String,
    /// The number of its process, while there is one.
    pub pid: Option<u32>,
    /// How far it is.
    pub phase: Phase,
    /// Since when it is so.
    pub since: SystemTime,
    /// Whether it has doors; known once it is ready.
    pub doors: bool,
    /// Whether it speaks to the supervisor at the moment.
    pub connected: bool,
    /// Whether an earlier supervisor started the process that runs.
    pub adopted: bool,
    /// How often it was started again.
    pub restarts: u32,
    /// How its last process ended.
    pub exit: Option<Exit>,
}

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    /// By itself.
    Code(i32),
    /// By a signal.
    Signal(i32),
    /// Nobody can say: it was not this supervisor's child.
    Unknown,
    /// It was killed, for it was not ready in time.
    Late,
    /// It was killed, for it gave no answer any more.
    Silent,
    /// It could not be started.
    Failed(String),
}

impl Exit {
    /// The exit code, as a shell tells it.
    #[must_use]
    pub fn code(&self) -> u8 {
        let code = match self {
            Self::Code(code) => *code,
            Self::Signal(signal) => signal.saturating_add(128),
            Self::Late | Self::Silent => 137,
            Self::Unknown | Self::Failed(_) => 1,
        };
        u8::try_from(code).unwrap_or(1)
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "ended with exit code {code}"),
            Self::Signal(signal) => write!(f, "was ended by signal {signal}"),
            Self::Unknown => f.write_str("ended; how is not known, since an earlier supervisor had started it"),
            Self::Late => f.write_str("was killed, as it was not ready in time"),
            Self::Silent => f.write_str("was killed, as it gave no answer any more"),
            Self::Failed(why) => write!(f, "could not be started: {why}"),
        }
    }
}

/// Why a process does not run as it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotReady {
    /// How it ended; nothing where it runs but did not come so far in time, or where it is not known to the supervisor.
    pub reason: Option<Exit>,
    /// The last lines of its log since its start.
    pub last_lines: Vec<String>,
}

impl fmt::Display for NotReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            Some(exit) => write!(f, "the process {exit}"),
            None => f.write_str("the process did not come so far in time"),
        }
    }
}

impl std::error::Error for NotReady {}
