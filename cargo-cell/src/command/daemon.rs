//! `daemon`: the node's side of a deploy, on this machine. In: a state folder, an address. Out: what the daemon of
//! `cell_node` does, until a signal. Absent: doing it.

use std::path::PathBuf;
use std::sync::Arc;

use cell_node::agent::{self, Agent, Options, Served};
use cell_node::peers::Role;
use cell_node::supervisor::Settings;
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::cli::{Daemon, DaemonAction};
use crate::output::Output;
use crate::stop::{Exit, Mistake, Stop};

/// What a daemon says when it has started, for programs.
#[derive(Serialize)]
struct Value {
    command: &'static str,
    address: String,
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
}

/// Runs a daemon until it is told to stop, or asks one for a code.
///
/// # Errors
/// Why it does not run.
pub(super) async fn run(arguments: &Daemon, output: &Output) -> Result<Exit, Stop> {
    let state = match &arguments.state {
        Some(state) => state.clone(),
        None => default_state()?,
    };
    if let Some(DaemonAction::Pair { role }) = &arguments.action {
        let role = (*role).into();
        let code = agent::pair(&state, role).await.map_err(|error| {
            Mistake::new(error.to_string())
                .code("no-daemon")
                .help("start one with `cargo cell daemon`, or name its `--state`")
        })?;
        output.value(CodeValue { command: "daemon pair", code: &code });
        output.text(|_| format!("{code}\n"));
        return Ok(Exit::Done);
    }
    log();
    let options = Options { state, settings: Settings::default() };
    let failed = |error: agent::AgentError| {
        let help = match &error {
            agent::AgentError::Listen { .. } => Some("say another address with `--listen`".to_owned()),
            agent::AgentError::Running(_) => Some("say another folder with `--state`".to_owned()),
            agent::AgentError::State(_) => None,
        };
        Stop::from(Mistake::new(error.to_string()).code("daemon-failed").maybe_help(help))
    };
    // Taken first: a signal may come while applications are started.
    let taken = |kind| signal(kind).map_err(|error| Mistake::new(format!("cannot take signals: {error}")));
    let (mut interrupt, mut terminate) = (taken(SignalKind::interrupt())?, taken(SignalKind::terminate())?);
    let agent = Agent::open(&options).await.map_err(failed)?;
    let served = Served::bind(&agent, &arguments.listen).await.map_err(failed)?;
    let code = if agent.paired() == 0 { Some(agent.code(Role::Deploy).map_err(failed)?) } else { None };
    let (address, key) = (served.address.to_string(), agent.public().to_string());
    output.value(Value { command: "daemon", address: address.clone(), key: key.clone(), code: code.clone() });
    output.text(|_| {
        let mut text = format!("listening on {address}\nkey {key}\n");
        if let Some(code) = &code {
            text.push_str(&format!("code {code}\n"));
        }
        text
    });
    output.note(format_args!("the state of this node is in `{}`", options.state.display()));
    if code.is_some() {
        output.note(format_args!(
            "no client is known yet: within 15 minutes, `cargo cell node add NAME {address} --region REGION` asks for the code"
        ));
    }
    let control = tokio::spawn(Arc::clone(&agent).control());
    let serving = tokio::spawn(served.run(Arc::clone(&agent)));
    let stop = tokio::select! {
        _ = interrupt.recv() => true,
        _ = terminate.recv() => false,
    };
    serving.abort();
    control.abort();
    if stop {
        output.progress("Stopping", "the applications of this node");
    } else {
        output.progress("Leaving", "the applications of this node running, for its next daemon");
    }
    agent.close(stop).await;
    Ok(Exit::Done)
}

/// A code, for programs.
#[derive(Serialize)]
struct CodeValue<'a> {
    command: &'static str,
    code: &'a str,
}

/// Where a daemon keeps its state unless it is told.
fn default_state() -> Result<PathBuf, Mistake> {
    if rustix::process::geteuid().is_root() {
        return Ok(PathBuf::from("/var/lib/cell"));
    }
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    variable("XDG_STATE_HOME")
        .or_else(|| variable("HOME").map(|home| home.join(".local/state")))
        .map(|folder| folder.join("cell"))
        .ok_or_else(|| Mistake::usage("no folder is known for the daemon's state").help("name one with `--state`"))
}

/// Starts the daemon's log, on standard error.
fn log() {
    let filter = std::env::var("CELL_LOG").ok().and_then(|filter| EnvFilter::try_new(filter).ok());
    let filter = filter.unwrap_or_else(|| EnvFilter::new("info"));
    // Where one runs already, it stays.
    let _ = tracing_subscriber::fmt()
        .log_internal_errors(false)
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .try_init();
}
