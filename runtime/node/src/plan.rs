//! Decides what a deploy changes: what the nodes of a region have, against what a release wants. In: a [`Wish`] and each
//! node's [`Facts`]. Out: a [`Plan`], a value that can be shown, hashed and refused, or all that is in the way.
//! A pure function. Absent: sending anything, and carrying it out.

mod assign;
mod databases;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use cell_manifest::{Manifest, Process};
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::host::{Host, Libc};
use crate::protocol::{Current, Deployed, Order, ProcessState, Refused, SERVING, Wanted};

/// The format of a plan's JSON.
pub const FORMAT: u32 = 1;

/// What stands for the plan's hash in a plan itself.
const NO_PLAN: Digest = Digest::from_bytes([0; 32]);

/// What is to run.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The application.
    pub application: String,
    /// The region.
    pub region: String,
    /// The release's number.
    pub release: u32,
    /// The release's bundle.
    pub bundle: Digest,
    /// The target that the bundle's program was built for, and the C library that it needs; `None` where it ran there before.
    pub needs: Option<(String, Libc)>,
    /// The bundle's size in bytes.
    pub size: u64,
    /// The databases' migrations, in order, by the database's name.
    pub histories: BTreeMap<String, Vec<Migration>>,
}

/// A migration of a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Migration {
    /// Its number, from 1.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// Its hash, in hex.
    pub hash: String,
    /// The hash of the migration that it stands for, with all before it: a database that has that one has this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stands_for: Option<String>,
    /// What its steps do.
    pub steps: Vec<String>,
}

/// A node of the region.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Its name in the topology.
    pub name: String,
    /// Where its doors are to be.
    pub http: Option<String>,
    /// What it is.
    pub host: Host,
    /// What it has of the application.
    pub deployed: Deployed,
}

/// What a deploy changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// [`FORMAT`].
    pub format: u32,
    /// The application.
    pub application: String,
    /// The region.
    pub region: String,
    /// The release's number.
    pub release: u32,
    /// The release's bundle.
    pub bundle: Digest,
    /// Every node of the region, by name.
    pub nodes: Vec<NodePlan>,
}

/// What changes on a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodePlan {
    /// Its name in the topology.
    pub node: String,
    /// What it runs now, as release and bundle.
    pub previous: Option<(u32, Digest)>,
    /// What is done, in order; nothing where the node is as it is to be.
    pub steps: Vec<Step>,
    /// What it is told. Its field `plan` is zero here: see [`Plan::order`].
    pub order: Order,
}

/// A step of a deploy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// A database is brought up to date.
    Migrate {
        /// The database.
        database: String,
        /// What it lacks; `None` where only the deploy itself finds out.
        migrations: Option<Vec<Migration>>,
    },
    /// The doors are somewhere else, or there were none.
    Listen {
        /// Where they were.
        previous: Option<String>,
        /// Where they will be.
        address: String,
    },
    /// The doors are closed.
    Close {
        /// Where they were.
        address: String,
    },
    /// A process is started that was not there.
    Start {
        /// Its name.
        process: String,
        /// Its cells.
        cells: Vec<String>,
        /// How many of it.
        replicas: u32,
    },
    /// A process is started anew beside the one that runs, and then that one is stopped.
    Replace {
        /// Its name.
        process: String,
        /// Its cells.
        cells: Vec<String>,
        /// How many of it run now.
        previous: u32,
        /// How many of it will.
        replicas: u32,
    },
    /// A process is stopped.
    Stop {
        /// Its name.
        process: String,
        /// How many of it run now.
        replicas: u32,
    },
}

impl Plan {
    /// Whether nothing is to be done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.iter().all(|node| node.steps.is_empty())
    }

    /// The plan's hash: equal where the same would be done to nodes in the same state.
    #[must_use]
    pub fn hash(&self) -> Digest {
        // Every key is text, so serde_json cannot fail.
        Digest::of(&serde_json::to_vec(self).unwrap_or_default())
    }

    /// What a node is told.
    #[must_use]
    pub fn order(&self, node: &NodePlan) -> Order {
        Order { plan: self.hash(), ..node.order.clone() }
    }
}

/// Plans the deploy of a manifest's share in a region.
///
/// # Errors
/// Everything that is in the way.
pub fn deploy(wish: &Wish, manifest: &Manifest, nodes: &[Facts]) -> Result<Plan, Vec<Refused>> {
    let processes: Vec<&Process> =
        manifest.processes.iter().filter(|process| process.regions.contains(&wish.region)).collect();
    let mut refused = obstacles(wish, nodes);
    refused.extend(nodes.iter().filter_map(overlap));
    if manifest.processes.iter().all(|process| !process.regions.contains(&wish.region)) {
        let message = format!("nothing of `{}` is placed in the region `{}`", wish.application, wish.region);
        let used: BTreeSet<&String> = manifest.processes.iter().flat_map(|process| &process.regions).collect();
        let used: Vec<String> = used.into_iter().map(|region| format!("`{region}`")).collect();
        let help = format!("its cells are placed in {}; `#[Placement(region = …)]` says where", used.join(", "));
        refused.push(Refused::new("nothing-in-region", message).help(help));
    }
    if !refused.is_empty() {
        return Err(refused);
    }
    let assigned = assign::assign(manifest, &processes, nodes)?;
    let migrate = databases::plan(wish, manifest, &processes, &assigned, nodes)?;
    let mut plans = Vec::new();
    for (node, wanted) in nodes.iter().zip(assigned) {
        let (mut orders, mut steps) = (BTreeMap::new(), Vec::new());
        for (database, migrations) in migrate.get(&node.name).into_iter().flatten() {
            let names =
                |migrations: &Vec<Migration>| migrations.iter().map(|migration| migration.name.clone()).collect();
            orders.insert(database.clone(), migrations.as_ref().map(names));
            if migrations.as_ref().is_none_or(|migrations| !migrations.is_empty()) {
                steps.push(Step::Migrate { database: database.clone(), migrations: migrations.clone() });
            }
        }
        let environment = environment(manifest, &wanted);
        let order = Order {
            alone: alone(nodes),
            application: wish.application.clone(),
            region: wish.region.clone(),
            generation: node.deployed.generation,
            plan: NO_PLAN,
            release: wish.release,
            bundle: wish.bundle,
            http: node.http.clone().filter(|_| wanted.iter().any(|process| process.doors)),
            processes: wanted,
            migrate: orders,
            environment,
            rollback: false,
        };
        plans.push(node_plan(node, order, steps));
    }
    finish(wish, plans)
}

/// Plans the way back to a release that every node of the region kept.
///
/// # Errors
/// Everything that is in the way.
pub fn rollback(wish: &Wish, nodes: &[Facts]) -> Result<Plan, Vec<Refused>> {
    let mut refused = obstacles(wish, nodes);
    let mut plans = Vec::new();
    for node in nodes {
        let kept = node.deployed.kept.iter().map(|kept| &kept.order);
        let mut known = kept.chain(node.deployed.current.as_ref().map(|current| &current.order));
        let Some(order) = known.find(|order| order.bundle == wish.bundle) else {
            let message = format!("the node `{}` has not kept release {}", node.name, wish.release);
            refused.push(Refused::new("release-not-kept", message).help("deploy it again from its sources"));
            continue;
        };
        // The schema stays, with what a later release added. That one's databases are told what runs, and lack nothing.
        let migrate = order.migrate.keys().map(|database| (database.clone(), Some(Vec::new()))).collect();
        let order = Order {
            alone: alone(nodes),
            generation: node.deployed.generation,
            plan: NO_PLAN,
            migrate,
            rollback: true,
            ..order.clone()
        };
        plans.push(node_plan(node, order, Vec::new()));
    }
    if refused.is_empty() { finish(wish, plans) } else { Err(refused) }
}

/// The release that all of these nodes run which run one, where it is the same.
fn alone(nodes: &[Facts]) -> Option<u32> {
    let mut releases = nodes.iter().filter_map(|node| Some(node.deployed.current.as_ref()?.order.release));
    let first = releases.next()?;
    releases.all(|release| release == first).then_some(first)
}

fn finish(wish: &Wish, nodes: Vec<NodePlan>) -> Result<Plan, Vec<Refused>> {
    Ok(Plan {
        format: FORMAT,
        application: wish.application.clone(),
        region: wish.region.clone(),
        release: wish.release,
        bundle: wish.bundle,
        nodes,
    })
}

/// What is in the way of any deploy to these nodes.
fn obstacles(wish: &Wish, nodes: &[Facts]) -> Vec<Refused> {
    let mut refused = Vec::new();
    if nodes.is_empty() {
        let message = format!("the region `{}` has no node", wish.region);
        let help = format!("add one with `cargo cell node add NAME ADDRESS --region {}`", wish.region);
        refused.push(Refused::new("no-node", message).help(help));
    }
    for node in nodes {
        let runs = wish.needs.as_ref().map_or(Ok(()), |(target, libc)| node.host.runs(target, libc));
        if let Err(mismatch) = runs {
            let message = format!("the node `{}` cannot run this release: {mismatch}", node.name);
            refused.push(Refused::new("other-host", message));
        }
        if let Some(client) = &node.deployed.under_way {
            let message = format!("on the node `{}`, {client} is deploying `{}` now", node.name, wish.application);
            refused.push(Refused::new("deploy-under-way", message).help("wait until it is done, and plan again"));
        }
        // The archive and what is unpacked from it.
        if !has(node, &wish.bundle) && node.deployed.free < wish.size.saturating_mul(3) {
            let (size, free) = (wish.size.saturating_mul(3) >> 20, node.deployed.free >> 20);
            let message = format!("the node `{}` has {free} MiB free, and this release wants {size} MiB", node.name);
            refused.push(Refused::new("storage-full", message).help("make room on its disk, and run this again"));
        }
    }
    refused
}

fn has(node: &Facts, bundle: &Digest) -> bool {
    let current = node.deployed.current.iter().map(|current| &current.order);
    current.chain(node.deployed.kept.iter().map(|kept| &kept.order)).any(|order| order.bundle == *bundle)
}

/// The variables that the databases of these processes are found by.
fn environment(manifest: &Manifest, wanted: &[Wanted]) -> Vec<String> {
    let databases = databases::of(manifest, wanted.iter().flat_map(|process| &process.cells));
    let variables: BTreeSet<&String> = databases.iter().flat_map(|database| &database.env).collect();
    variables.into_iter().cloned().collect()
}

/// Whether everything that was ordered serves. Otherwise the same order again is the way to mend it.
fn serves(current: &Current) -> bool {
    current.order.processes.iter().all(|wanted| {
        let serving = |state: &&ProcessState| state.name == wanted.name && state.phase == SERVING;
        current.processes.iter().filter(serving).count() == wanted.replicas as usize
    })
}

/// Where the doors are to move to an address that cannot be had while they are where they are.
fn overlap(node: &Facts) -> Option<Refused> {
    let previous = node.deployed.current.as_ref()?.order.http.as_ref()?;
    let next = node.http.as_ref()?;
    let (from, to): (SocketAddr, SocketAddr) = (previous.parse().ok()?, next.parse().ok()?);
    let both = from.port() == to.port() && (from.ip().is_unspecified() || to.ip().is_unspecified());
    (from != to && both).then(|| {
        let message = format!("the node `{}` cannot listen on `{next}` while it listens on `{previous}`", node.name);
        Refused::new("address-in-use", message).help("the two have one port: move to another port first")
    })
}

fn node_plan(node: &Facts, order: Order, mut steps: Vec<Step>) -> NodePlan {
    let current = node.deployed.current.as_ref().map(|current| &current.order);
    let previous_http = current.and_then(|order| order.http.clone());
    match (&previous_http, &order.http) {
        (previous, Some(address)) if previous.as_ref() != Some(address) => {
            steps.push(Step::Listen { previous: previous.clone(), address: address.clone() });
        }
        (Some(address), None) => steps.push(Step::Close { address: address.clone() }),
        _ => {}
    }
    let running: BTreeMap<&str, &Wanted> = current
        .into_iter()
        .flat_map(|order| &order.processes)
        .map(|process| (process.name.as_str(), process))
        .collect();
    let same_bundle = current.is_some_and(|current| current.bundle == order.bundle);
    let unchanged = same_bundle
        && current.is_some_and(|current| {
            current.processes == order.processes && current.http == order.http && current.region == order.region
        })
        && node.deployed.current.as_ref().is_some_and(serves)
        && !node.deployed.environment_changed
        && steps.is_empty();
    if !unchanged {
        for process in &order.processes {
            let (name, cells, replicas) = (process.name.clone(), process.cells.clone(), process.replicas);
            steps.push(match running.get(process.name.as_str()) {
                Some(running) => Step::Replace { process: name, cells, previous: running.replicas, replicas },
                None => Step::Start { process: name, cells, replicas },
            });
        }
        for process in running.values().filter(|running| !order.processes.iter().any(|next| next.name == running.name))
        {
            steps.push(Step::Stop { process: process.name.clone(), replicas: process.replicas });
        }
    }
    NodePlan {
        node: node.name.clone(),
        previous: current.map(|current| (current.release, current.bundle)),
        steps,
        order,
    }
}
