//! What is said between the command and a node's daemon, after TLS. In: calls. Out: answers, and events while a call runs.
//! The client greets, the node welcomes, and then each request gets its events and one answer, one request at a time.
//! [`Client`](crate::client::Client) and [`Agent`](crate::agent::Agent) show the same calls as plain methods; this is how they
//! travel until the synapse carries them. Absent: keys and frames.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::bundle::Index;
use crate::digest::Digest;
use crate::host::Host;
use crate::pairing::Proof;
use crate::peers::Role;
use cell_manifest::MigratedHead;

/// The version of this protocol. A node and a command speak only where they agree on it.
pub const VERSION: u32 = 1;

/// The first message, from the client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Greeting {
    /// [`VERSION`].
    pub protocol: u32,
    /// The version of Cell.
    pub cell: String,
}

/// The node's answer to the greeting. Later versions may add fields: they are ignored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// [`VERSION`] of the node.
    pub protocol: u32,
    /// The node's version of Cell.
    pub cell: String,
    /// What runs there.
    pub host: Host,
    /// What the client's key may do; nothing where the node does not know it.
    pub role: Option<Role>,
}

/// A call. A `Chunk` is followed by a frame of its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Make the client's key known, by proof of the code that the daemon shows.
    Pair {
        /// The client's proof.
        proof: Proof,
        /// What to call the client in the list of keys.
        label: String,
    },
    /// What runs of an application.
    Application(String),
    /// What runs at all.
    Applications,
    /// Which chunks of a bundle the node lacks.
    Missing(Index),
    /// A chunk.
    Chunk(Digest),
    /// All chunks are there: verify the bundle and unpack it.
    Commit(Index),
    /// Migrate and start what was ordered, beside what runs.
    Stage(Box<Order>),
    /// Let what was staged serve.
    Switch(String),
    /// Stop what ran before.
    Finish(String),
    /// Every node of the region has done so: have the databases remember it.
    Record {
        /// The application.
        application: String,
        /// The release that runs alone.
        release: u32,
    },
    /// Back to what ran before.
    Abandon(String),
    /// The last lines of logs, and with `follow` what comes.
    Logs(LogRequest),
}

/// Which lines of which logs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogRequest {
    /// The application.
    pub application: String,
    /// One process only.
    pub process: Option<String>,
    /// How many lines of each log that are there already.
    pub lines: usize,
    /// Whether to go on until the client hangs up.
    pub follow: bool,
}

/// How a call ended, or an event on the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The call goes on.
    Event(Event),
    /// Done, with nothing to say.
    Done,
    /// The key is known now.
    Paired {
        /// The node's proof that it shows the code.
        proof: Proof,
        /// What the client's key may do from now on.
        role: Role,
    },
    /// What runs of an application.
    Application(Box<Deployed>),
    /// What runs.
    Applications(Vec<Deployed>),
    /// The chunks that are missing.
    Missing(Vec<Digest>),
    /// Not done.
    Refused(Refused),
}

/// What happens while a call runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A database was brought up to date.
    Migrated {
        /// The database.
        database: String,
        /// The migrations that ran.
        migrations: Vec<String>,
    },
    /// A search index was built, beside those that are searched.
    Indexed {
        /// The database's name and the index's: `shop.products`.
        index: String,
    },
    /// A process was started and is awaited.
    Started {
        /// The process's name.
        process: String,
        /// Which of its replicas.
        replica: u32,
    },
    /// A process is ready.
    Ready {
        /// The process's name.
        process: String,
        /// Which of its replicas.
        replica: u32,
    },
    /// The new processes serve.
    Serving {
        /// Where the doors are.
        http: Option<String>,
    },
    /// A process of before has ended.
    Stopped {
        /// The process's name.
        process: String,
        /// Which of its replicas.
        replica: u32,
    },
    /// The databases could not be told that nothing of the release before runs any more.
    NotRecorded {
        /// Why not.
        reason: String,
    },
    /// A line of a log.
    Line {
        /// The process's name.
        process: String,
        /// Which of its replicas.
        replica: u32,
        /// The line, without its end.
        text: String,
    },
}

/// Why a call was not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// What `cargo cell explain` has a page for.
    pub code: String,
    /// What was found.
    pub message: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The last lines of the process that failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<String>,
}

impl Refused {
    /// A refusal.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), help: None, lines: Vec::new() }
    }

    /// With what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// With the last lines of a log.
    #[must_use]
    pub fn lines(mut self, lines: Vec<String>) -> Self {
        self.lines = lines;
        self
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refused {}

/// What a node is to run of an application. It is the whole of it: what is not named is stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// The application.
    pub application: String,
    /// The region that the node is in.
    pub region: String,
    /// The state of the node that the plan was made for: see [`Deployed::generation`].
    pub generation: u64,
    /// The hash of the plan that this is a part of.
    pub plan: Digest,
    /// The release's number.
    pub release: u32,
    /// The release's bundle, which the node has.
    pub bundle: Digest,
    /// What runs, ordered by name.
    pub processes: Vec<Wanted>,
    /// Where the doors are, if there are any.
    pub http: Option<String>,
    /// The databases that this node migrates, with the migrations that the plan says they lack; `None` where the plan
    /// could not know.
    pub migrate: BTreeMap<String, Option<Vec<String>>>,
    /// The release that every node of the region runs now, where that is one and the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alone: Option<u32>,
    /// The environment variables that must be known.
    pub environment: Vec<String>,
    /// Whether it goes back to an earlier release: then what runs now is not gone back to by itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rollback: bool,
}

/// A process that a node is to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// Its name in the manifest.
    pub name: String,
    /// Its cells.
    pub cells: Vec<String>,
    /// How many of it.
    pub replicas: u32,
    /// Whether it has HTTP doors.
    pub doors: bool,
}

/// What a node has of an application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployed {
    /// The application.
    pub application: String,
    /// Counts the changes of what runs, from 0 for nothing. A plan is made for one generation and applied to no other.
    pub generation: u64,
    /// What runs, if anything was deployed.
    pub current: Option<Current>,
    /// Releases that a rollback may go to, the newest first, without the current one.
    pub kept: Vec<Kept>,
    /// Whether the file with its environment was changed since what runs was started.
    pub environment_changed: bool,
    /// A deploy that is under way now.
    pub under_way: Option<String>,
    /// The databases as the current release's own program sees them; nothing where nothing is deployed.
    pub databases: BTreeMap<String, DatabaseState>,
    /// Files of SQLite databases that are here, by path below the state folder.
    pub files: Vec<String>,
    /// Bytes that are free where bundles are kept.
    pub free: u64,
}

/// What a database has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DatabaseState {
    /// Its newest migration; nothing where it has none.
    Head(Option<MigratedHead>),
    /// It cannot be asked, and why.
    Unknown(String),
}

/// A release that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Current {
    /// The order that was carried out.
    pub order: Order,
    /// When, in seconds since 1970.
    pub since: u64,
    /// Its processes now.
    pub processes: Vec<ProcessState>,
}

/// The phase of a process that does what it was started for.
pub const SERVING: &str = "serving";

/// A process that runs, or should.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessState {
    /// Its name in the manifest.
    pub name: String,
    /// Which of its replicas, from 1.
    pub replica: u32,
    /// Its number in the system, while it runs.
    pub pid: Option<u32>,
    /// A word, such as [`SERVING`].
    pub phase: String,
    /// How often it was restarted.
    pub restarts: u32,
    /// How it ended last, if it did.
    pub last_exit: Option<String>,
}

/// A release that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The order with which it ran last.
    pub order: Order,
    /// When it was deployed, in seconds since 1970.
    pub since: u64,
    /// Whether it was gone back from: it is gone back to only by its name.
    pub withdrawn: bool,
}
