//! Carries out a plan on the nodes of a region, together: all switch, or none. In: a plan, a connection to each node.
//! Out: nodes that run the release, or what ran before and the reason. Absent: deciding ([`crate::plan`]), and any state
//! of its own: a command that dies leaves nodes that end the deploy by themselves.

use futures_util::future::join_all;

use crate::client::{CallError, Client};
use crate::failpoint;
use crate::plan::{NodePlan, Plan};
use crate::protocol::Event;

/// What happens on a node.
pub type Progress<'p> = dyn Fn(&str, Event) + Send + Sync + 'p;

/// Why a plan was not carried out.
#[derive(Debug)]
pub struct Failure {
    /// On which node.
    pub node: String,
    /// What was being done: `stage`, `switch` or `finish`.
    pub step: &'static str,
    /// Why it failed.
    pub error: CallError,
    /// The nodes that could not be told to go back. Once they notice that the command is gone they end the deploy by
    /// themselves: back where they had not switched, on where they had. The same command again brings all together.
    pub unreachable: Vec<String>,
}

/// Carries out a plan. `clients` are connections to the plan's nodes, in its order; their bundles are sent already.
///
/// # Errors
/// A node failed. Where that was before all had switched, all run what they ran.
pub async fn apply(plan: &Plan, clients: &mut [Client], progress: &Progress<'_>) -> Result<(), Failure> {
    let application = plan.application.as_str();
    let mut busy: Vec<(&NodePlan, &mut Client)> =
        plan.nodes.iter().zip(clients).filter(|(node, _)| !node.steps.is_empty()).collect();
    // Those that migrate go first: the others' processes want a database that is up to date.
    busy.sort_by_key(|(node, _)| node.order.migrate.is_empty());
    let migrating = busy.iter().take_while(|(node, _)| !node.order.migrate.is_empty()).count();

    let mut staged: Vec<Result<(), Failure>> = Vec::new();
    let (first, rest) = busy.split_at_mut(migrating);
    for (node, client) in first {
        staged.push(stage(plan, node, client, progress).await);
        if staged.iter().any(Result::is_err) {
            break;
        }
    }
    if staged.iter().all(Result::is_ok) {
        staged.extend(join_all(rest.iter_mut().map(|(node, client)| stage(plan, node, client, progress))).await);
    }
    if let Some(failure) = staged.into_iter().find_map(Result::err) {
        return Err(back(application, &mut busy, failure).await);
    }

    failpoint::reach("all-staged");
    let switched = join_all(busy.iter_mut().map(|(node, client)| async {
        let mut told = |event| progress(&node.node, event);
        client.switch(application, &mut told).await.map_err(|error| failure(node, "switch", error))
    }));
    if let Some(failure) = switched.await.into_iter().find_map(Result::err) {
        return Err(back(application, &mut busy, failure).await);
    }

    failpoint::reach("all-switched");
    let finished = join_all(busy.iter_mut().map(|(node, client)| async {
        let mut told = |event| progress(&node.node, event);
        client.finish(application, &mut told).await.map_err(|error| failure(node, "finish", error))
    }));
    finished.await.into_iter().collect::<Result<(), _>>()?;

    // Only now is nothing of the release before left anywhere. What is not recorded is so by the next deploy.
    for (node, client) in busy.iter_mut().take(migrating) {
        if let Err(error) = client.record(application, plan.release).await {
            progress(&node.node, Event::NotRecorded { reason: error.to_string() });
        }
    }
    Ok(())
}

async fn stage(plan: &Plan, node: &NodePlan, client: &mut Client, progress: &Progress<'_>) -> Result<(), Failure> {
    let mut told = |event| progress(&node.node, event);
    client.stage(&plan.order(node), &mut told).await.map_err(|error| failure(node, "stage", error))
}

fn failure(node: &NodePlan, step: &'static str, error: CallError) -> Failure {
    Failure { node: node.node.clone(), step, error, unreachable: Vec::new() }
}

/// Takes all nodes back to what they ran.
async fn back(application: &str, busy: &mut [(&NodePlan, &mut Client)], failure: Failure) -> Failure {
    let told = join_all(busy.iter_mut().map(|(node, client)| async {
        match client.abandon(application).await {
            Ok(()) => None,
            // It has nothing to go back from.
            Err(CallError::Refused(refused)) if refused.code == "nothing-staged" => None,
            Err(_) => Some(node.node.clone()),
        }
    }));
    let unreachable = told.await.into_iter().flatten().collect();
    Failure { unreachable, ..failure }
}
