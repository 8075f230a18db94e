//! `node add`, `remove` and `list`: the nodes of a topology. In: a daemon's address and code. Out: an entry in the topology,
//! with the daemon's key, and this client's key known to the daemon. Absent: regions, which are the developer's to write.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::time::Duration;

use cell_node::client::Client;
use cell_node::pairing::Code;
use serde::Serialize;

use crate::cli::{Node, NodeAction, NodeAdd};
use crate::output::{Output, Style};
use crate::remote::{self, Place, topology};
use crate::stop::{Exit, Mistake, Stop};

/// Where doors are unless something else is said: nobody else's business.
const HTTP: &str = "127.0.0.1:8080";

/// How long a node is waited for when all are listed.
const PATIENCE: Duration = Duration::from_secs(5);

/// What was done, for programs.
#[derive(Serialize)]
struct Value<'a> {
    command: &'static str,
    node: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<String>,
}

/// Runs what was asked for.
///
/// # Errors
/// Why it is not done.
pub(super) async fn run(arguments: &Node, output: &Output) -> Result<Exit, Stop> {
    let place = Place::find(&arguments.application)?;
    match &arguments.action {
        NodeAction::Add(add) => self::add(&place, add, output).await,
        NodeAction::Remove { name } => {
            topology::edit(&place, |text| topology::without_node(text, name))?;
            output.value(Value { command: "node remove", node: name, region: None, address: None, role: None });
            output.done("Removed", format_args!("{name} from `{}`", place.topology()));
            output.note("what it runs runs on; the daemon of the node stops it when it is told to");
            Ok(Exit::Done)
        }
        NodeAction::List => list(&place, output).await,
    }
}

async fn add(place: &Place, add: &NodeAdd, output: &Output) -> Result<Exit, Stop> {
    let topology = place.read_topology()?;
    if !topology.regions.iter().any(|region| region.name == add.region) {
        let known: Vec<String> = topology.regions.iter().map(|region| format!("`{}`", region.name)).collect();
        let message = format!("`{}` has no region `{}`, it has {}", place.topology(), add.region, known.join(", "));
        let help = format!("write `[regions.{}]` into it, and run `cargo cell build`", add.region);
        return Err(Mistake::usage(message).help(help).into());
    }
    let key = remote::key()?;
    let was = topology.nodes.get(&add.name);
    let known = was.filter(|node| node.address == add.address);
    let expected = known.map(|node| remote::public_key(&add.name, &node.key)).transpose()?;
    let mut client = Client::connect(&add.address, &key, expected.as_ref())
        .await
        .map_err(|error| remote::failed(&add.name, error))?;
    let role = match client.welcome.role {
        // Known from an earlier time: its key is the one that a code vouched for only where the topology has it.
        Some(role) if expected.is_some() && add.code.is_none() => role,
        _ => {
            let code = match &add.code {
                Some(code) => code.clone(),
                None => ask(&add.address)?,
            };
            let code: Code = code.parse().map_err(|_| {
                Mistake::usage("this is no code").help("a code has 12 letters and digits, such as `K7QF-3MNP-XW2R`")
            })?;
            client.pair(&code, &label()).await.map_err(|error| remote::failed(&add.name, error))?
        }
    };
    let entry = topology::NodeEntry {
        name: &add.name,
        region: &add.region,
        address: &add.address,
        key: &client.node().to_string(),
        http: add.http.as_deref().or(was.and_then(|node| node.http.as_deref())).unwrap_or(HTTP),
    };
    topology::edit(place, |text| topology::with_node(text, &entry))?;
    let value = Value {
        command: "node add",
        node: &add.name,
        region: Some(&add.region),
        address: Some(&add.address),
        role: Some(role.to_string()),
    };
    output.value(value);
    output.done("Added", format_args!("{} to `{}`, with the role {}", add.name, place.topology(), role));
    Ok(Exit::Done)
}

/// Asks for the code on the terminal, or reads it from where standard input comes from.
fn ask(address: &str) -> Result<String, Mistake> {
    if std::io::stdin().is_terminal() {
        let _ = write!(std::io::stderr(), "the code that the daemon at {address} shows: ");
    }
    let mut line = String::new();
    match std::io::stdin().lock().read_line(&mut line) {
        Ok(1..) => Ok(line.trim().to_owned()),
        _ => Err(Mistake::usage("the code is missing")
            .help("`cargo cell daemon` shows it on the node; say it with `--code`, or on standard input")),
    }
}

/// What the daemon's list of keys calls this client.
fn label() -> String {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let user = variable("USER").unwrap_or_else(|| "someone".to_owned());
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    format!("{user} at {host}")
}

/// A node, for programs.
#[derive(Serialize)]
struct Listed {
    node: String,
    region: String,
    address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    http: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cell: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

async fn list(place: &Place, output: &Output) -> Result<Exit, Stop> {
    let key = remote::key()?;
    let topology = place.read_topology()?;
    let listed = topology.nodes.iter().map(|(name, node)| {
        let key = &key;
        async move {
            let mut listed = Listed {
                node: name.clone(),
                region: node.region.clone(),
                address: node.address.clone(),
                http: node.http.clone(),
                role: None,
                cell: None,
                problem: None,
            };
            let connected = async {
                let expected = remote::public_key(name, &node.key).map_err(|mistake| mistake.to_string())?;
                let client = Client::connect(&node.address, key, Some(&expected));
                let client = tokio::time::timeout(PATIENCE, client).await.map_err(|_| "no answer".to_owned())?;
                client.map(|client| client.welcome).map_err(|error| error.to_string())
            };
            match connected.await {
                Ok(welcome) => {
                    listed.role = welcome.role.map(|role| role.to_string());
                    listed.cell = Some(welcome.cell);
                }
                Err(problem) => listed.problem = Some(problem),
            }
            listed
        }
    });
    let listed = futures_util::future::join_all(listed).await;
    output.value(ListValue { command: "node list", nodes: &listed });
    output.text(|style| table(place, &listed, style));
    let silent = listed.iter().any(|node| node.problem.is_some());
    Ok(if silent { Exit::Diagnostics } else { Exit::Done })
}

#[derive(Serialize)]
struct ListValue<'a> {
    command: &'static str,
    nodes: &'a [Listed],
}

fn table(place: &Place, listed: &[Listed], style: Style) -> String {
    if listed.is_empty() {
        return format!("`{}` has no nodes; `cargo cell node add` adds one\n", place.topology());
    }
    let mut text = String::new();
    let width = listed.iter().map(|node| node.node.chars().count()).max().unwrap_or(0);
    for node in listed {
        let state = match (&node.problem, &node.role) {
            (Some(problem), _) => problem.clone(),
            (None, Some(role)) => format!("answers, role {role}"),
            (None, None) => "answers, and does not know this key".to_owned(),
        };
        let doors = node.http.as_ref().map(|http| format!(", doors at {http}")).unwrap_or_default();
        let name = style.heading(&format!("{:<width$}", node.node));
        text.push_str(&format!("{name}  {}  {}{doors}: {state}\n", node.region, node.address));
    }
    text
}
