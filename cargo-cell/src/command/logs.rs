//! `logs`: what the processes of a region wrote. In: a region. Out: lines, as they are and with `--follow` as they come.

use cell_node::client::Client;
use cell_node::protocol::{Event, LogRequest};
use futures_util::future::join_all;
use serde::Serialize;

use crate::cli::Logs;
use crate::output::Output;
use crate::remote::{self, Place};
use crate::stop::{Exit, Mistake, Stop};

/// A line, for programs.
#[derive(Serialize)]
struct Value<'a> {
    command: &'static str,
    node: &'a str,
    process: &'a str,
    replica: u32,
    text: &'a str,
}

/// Shows logs until they end, or with `--follow` until Ctrl-C.
///
/// # Errors
/// A node does not answer, or knows no such log.
pub(super) async fn run(arguments: &Logs, output: &Output) -> Result<Exit, Stop> {
    let place = Place::find(&arguments.application)?;
    let topology = place.read_topology()?;
    let key = remote::key()?;
    let nodes: Vec<_> = topology.nodes.iter().filter(|(_, node)| node.region == arguments.region).collect();
    if nodes.is_empty() {
        let message = format!("the region `{}` has no node in `{}`", arguments.region, place.topology());
        return Err(Mistake::new(message).code("no-node").into());
    }
    let wanted = LogRequest {
        application: place.name.clone(),
        process: arguments.process.clone(),
        lines: arguments.lines,
        follow: arguments.follow,
    };
    let many = nodes.len() > 1;
    let shown = join_all(nodes.iter().map(|(name, node)| {
        let (key, wanted) = (&key, &wanted);
        async move {
            let expected = remote::public_key(name, &node.key)?;
            let client = Client::connect(&node.address, key, Some(&expected)).await;
            let mut client = client.map_err(|error| remote::failed(name, error))?;
            let mut show = |event| {
                let Event::Line { process, replica, text } = event else { return };
                output.value(Value { command: "logs", node: name, process: &process, replica, text: &text });
                output.text(|_| {
                    let from =
                        if many { format!("{name} {process} {replica}") } else { format!("{process} {replica}") };
                    format!("{from} | {text}\n")
                });
            };
            client.logs(wanted, &mut show).await.map_err(|error| remote::failed(name, error))
        }
    }));
    let shown = tokio::select! {
        shown = shown => shown,
        interrupted = tokio::signal::ctrl_c() => {
            interrupted.map_err(|error| Mistake::new(format!("cannot take signals: {error}")))?;
            return Ok(Exit::Done);
        }
    };
    shown.into_iter().collect::<Result<Vec<()>, Stop>>()?;
    Ok(Exit::Done)
}
