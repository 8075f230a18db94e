//! Arguments of the commands that have to do with nodes.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::options::{Application, Compile};

/// Arguments of `daemon`.
#[derive(Debug, Args)]
pub(crate) struct Daemon {
    #[command(subcommand)]
    pub(crate) action: Option<DaemonAction>,
    /// The folder of the daemon's state; `/var/lib/cell` for root, otherwise `cell` among the user's state
    #[arg(long, value_name = "PATH", global = true)]
    pub(crate) state: Option<PathBuf>,
    /// The address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7431")]
    pub(crate) listen: String,
}

/// What is asked of a daemon that runs.
#[derive(Debug, Subcommand)]
pub(crate) enum DaemonAction {
    /// Show a code by which one more client becomes known
    #[command(after_help = "Example:\n  cargo cell daemon pair --role observe")]
    Pair {
        /// What the client may do
        #[arg(long, value_enum, default_value_t)]
        role: Role,
    },
}

/// What a client may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// Everything
    #[default]
    Deploy,
    /// Look: status, logs and plans
    Observe,
}

impl From<Role> for cell_node::peers::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Deploy => Self::Deploy,
            Role::Observe => Self::Observe,
        }
    }
}

/// Arguments of `node`.
#[derive(Debug, Args)]
pub(crate) struct Node {
    #[command(subcommand)]
    pub(crate) action: NodeAction,
    #[arg(skip)]
    pub(crate) application: Application,
}

/// What `node` does.
#[derive(Debug, Subcommand)]
pub(crate) enum NodeAction {
    /// Make a daemon known to the topology, and this client known to the daemon
    ///
    /// Asks for the code that the daemon shows, and writes the node with the daemon's key into the topology.
    #[command(after_help = "Example:\n  cargo cell node add one 127.0.0.1:7431 --region local")]
    Add(NodeAdd),
    /// Remove a node from the topology
    Remove {
        /// Its name
        name: String,
    },
    /// List the topology's nodes, and whether they answer
    List,
}

/// Arguments of `node add`.
#[derive(Debug, Args)]
pub(crate) struct NodeAdd {
    /// Its name in the topology
    pub(crate) name: String,
    /// Where its daemon listens, `host:port`
    pub(crate) address: String,
    /// The region that it is in
    #[arg(long, value_name = "REGION")]
    pub(crate) region: String,
    /// Where the HTTP doors of the application are to be; `127.0.0.1:8080` where nothing is said and nothing was
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) http: Option<String>,
    /// The code that the daemon shows; asked for where it is not said
    #[arg(long, value_name = "CODE")]
    pub(crate) code: Option<String>,
}

/// Arguments of `deploy`.
#[derive(Debug, Args)]
pub(crate) struct Deploy {
    /// The region whose nodes get the release
    #[arg(long, value_name = "REGION")]
    pub(crate) region: String,
    #[command(flatten)]
    pub(crate) consent: Consent,
    #[command(flatten)]
    pub(crate) compile: Compile,
}

/// Whether a plan is carried out.
#[derive(Debug, Args)]
pub(crate) struct Consent {
    /// Carry the plan out without asking
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Carry the plan out without asking, if its hash is this one
    #[arg(long, value_name = "HASH")]
    pub(crate) expect: Option<String>,
    /// Show the plan, and exit 3 where it changes something
    #[arg(long, conflicts_with = "yes")]
    pub(crate) dry_run: bool,
}

/// Arguments of `rollback`.
#[derive(Debug, Args)]
pub(crate) struct Rollback {
    /// The region whose nodes go back
    #[arg(long, value_name = "REGION")]
    pub(crate) region: String,
    /// The release's number, or the beginning of its bundle's hash; the one before where none is named
    #[arg(long, value_name = "RELEASE")]
    pub(crate) to: Option<String>,
    #[command(flatten)]
    pub(crate) consent: Consent,
    #[arg(skip)]
    pub(crate) application: Application,
}

/// Arguments of `status`.
#[derive(Debug, Args)]
pub(crate) struct Status {
    /// One region only
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    #[arg(skip)]
    pub(crate) application: Application,
}

/// Arguments of `logs`.
#[derive(Debug, Args)]
pub(crate) struct Logs {
    /// The region
    #[arg(long, value_name = "REGION")]
    pub(crate) region: String,
    /// One process only
    #[arg(long, value_name = "NAME")]
    pub(crate) process: Option<String>,
    /// How many lines of each log that are there already
    #[arg(long, short = 'n', value_name = "COUNT", default_value_t = 100)]
    pub(crate) lines: usize,
    /// Go on with what comes, until Ctrl-C
    #[arg(long, short)]
    pub(crate) follow: bool,
    #[arg(skip)]
    pub(crate) application: Application,
}
