//! `status`: what runs where. In: a topology. Out: for each of its nodes, what the node says. Absent: changing anything.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cell_node::client::Client;
use cell_node::protocol::Deployed;
use futures_util::future::join_all;
use serde::Serialize;

use crate::cli::Status;
use crate::output::{Output, Style};
use crate::remote::{self, Place};
use crate::source::counted;
use crate::stop::{Exit, Mistake, Stop};

/// How long a node is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// A node, for programs.
#[derive(Serialize)]
struct Found {
    node: String,
    region: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    deployed: Option<Deployed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

#[derive(Serialize)]
struct Value<'a> {
    command: &'static str,
    application: &'a str,
    nodes: &'a [Found],
}

/// Shows what the nodes say.
///
/// # Errors
/// The topology cannot be read, or a node does not answer; what the others say is shown.
pub(super) async fn run(arguments: &Status, output: &Output) -> Result<Exit, Stop> {
    let place = Place::find(&arguments.application)?;
    let topology = place.read_topology()?;
    if let Some(region) = &arguments.region {
        remote::known(&place, &topology, region)?;
    }
    let key = remote::key()?;
    let wanted =
        topology.nodes.iter().filter(|(_, node)| arguments.region.as_ref().is_none_or(|region| *region == node.region));
    let found = join_all(wanted.map(|(name, node)| {
        let (key, place) = (&key, &place);
        async move {
            let asked = async {
                let expected = remote::public_key(name, &node.key).map_err(|mistake| mistake.to_string())?;
                let client = Client::connect(&node.address, key, Some(&expected)).await;
                let mut client = client.map_err(|error| error.to_string())?;
                client.deployed(&place.name).await.map_err(|error| error.to_string())
            };
            let asked = tokio::time::timeout(PATIENCE, asked).await.unwrap_or_else(|_| Err("no answer".to_owned()));
            let (deployed, problem) = match asked {
                Ok(deployed) => (Some(deployed), None),
                Err(problem) => (None, Some(problem)),
            };
            Found { node: name.clone(), region: node.region.clone(), deployed, problem }
        }
    }))
    .await;
    output.value(Value { command: "status", application: &place.name, nodes: &found });
    output.text(|style| found.iter().map(|found| described(found, style)).collect());
    let silent = found.iter().filter(|found| found.problem.is_some()).count();
    if found.is_empty() {
        output.text(|_| format!("`{}` has no nodes there; `cargo cell node add` adds one\n", place.topology()));
    }
    if silent == 0 {
        return Ok(Exit::Done);
    }
    Err(Mistake::new(format!("{} not say what runs there", if silent == 1 { "a node does" } else { "some nodes do" }))
        .code("node-unreachable")
        .into())
}

fn described(found: &Found, style: Style) -> String {
    let heading = style.heading(&format!("{} in {}", found.node, found.region));
    let deployed = match (&found.deployed, &found.problem) {
        (Some(deployed), _) => deployed,
        (None, problem) => return format!("{heading}: {}\n", problem.as_deref().unwrap_or("no answer")),
    };
    let Some(current) = &deployed.current else { return format!("{heading}: nothing runs\n") };
    let order = &current.order;
    let doors = order.http.as_ref().map(|http| format!(", doors at http://{http}")).unwrap_or_default();
    let mut text = format!(
        "{heading}: release {} ({}), since {}{doors}\n",
        order.release,
        order.bundle.short(),
        ago(current.since)
    );
    if let Some(client) = &deployed.under_way {
        let _ = writeln!(text, "  {client} deploys now");
    }
    for process in &current.processes {
        let pid = process.pid.map(|pid| format!(", process {pid}")).unwrap_or_default();
        let restarts = if process.restarts == 0 {
            String::new()
        } else {
            format!(", restarted {}", counted(process.restarts as usize, "time"))
        };
        let last = process.last_exit.as_ref().map(|exit| format!(", before: {exit}")).unwrap_or_default();
        let _ = writeln!(text, "  {} {}: {}{pid}{restarts}{last}", process.name, process.replica, process.phase);
    }
    for (database, state) in &deployed.databases {
        let state = match state {
            cell_node::protocol::DatabaseState::Head(Some(head)) => head.name.clone(),
            cell_node::protocol::DatabaseState::Head(None) => "empty".to_owned(),
            cell_node::protocol::DatabaseState::Unknown(problem) => format!("cannot be asked: {problem}"),
        };
        let _ = writeln!(text, "  database {database}: {state}");
    }
    for kept in &deployed.kept {
        let _ = writeln!(text, "  kept: release {} ({})", kept.order.release, kept.order.bundle.short());
    }
    text
}

/// How long ago a second since 1970 is, roughly.
fn ago(since: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map(|now| now.as_secs()).unwrap_or_default();
    match now.saturating_sub(since) {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds @ 7_200..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} days", seconds / 86_400),
    }
}
