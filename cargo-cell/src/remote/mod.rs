//! What the commands that speak with nodes share: the application's place and topology, this client's key, connections to a
//! region's nodes, and what those say. Absent: plans, and what nodes do.

mod bundle;
mod plan;
pub(crate) mod topology;

use std::path::{Path, PathBuf};

use cargo_metadata::MetadataCommand;
use cell_codegen::emit;
use cell_codegen::topology::{self as topologies, Topology};
use cell_node::client::{CallError, Client};
use cell_node::key::{Key, PublicKey};
use cell_node::plan::Facts;
use cell_node::protocol::Refused;
use futures_util::future::join_all;

pub(crate) use bundle::{Bundled, bundle};
pub(crate) use plan::{human, markdown};

use crate::cli::Application;
use crate::stop::{Exit, Mistake, Stop};

/// An application as it was built last: enough to look at its nodes, whatever state its sources are in.
#[derive(Debug)]
pub(crate) struct Place {
    /// Its folder.
    pub(crate) root: PathBuf,
    /// Its name.
    pub(crate) name: String,
    /// The environment that was asked for.
    environment: Option<String>,
}

impl Place {
    /// Finds the application that the options mean, by its `cell/manifest.json`.
    ///
    /// # Errors
    /// There is none, or several.
    pub(crate) fn find(application: &Application) -> Result<Self, Stop> {
        let mut command = MetadataCommand::new();
        command.no_deps();
        if let Some(path) = &application.manifest_path {
            command.manifest_path(path);
        }
        let metadata =
            command.exec().map_err(|error| Mistake::new(format!("cargo cannot read the workspace: {error}")))?;
        let here = application.manifest_path.clone().or_else(|| std::env::current_dir().ok()).unwrap_or_default();
        let here = std::path::absolute(&here).unwrap_or(here);
        let built = |package: &&cargo_metadata::Package| folder(package).join(emit::MANIFEST).is_file();
        let mut found: Vec<&cargo_metadata::Package> = match &application.package {
            Some(name) => metadata.packages.iter().filter(|package| package.name.as_str() == name).collect(),
            None => metadata.packages.iter().filter(built).collect(),
        };
        if found.len() > 1 {
            // The package that one stands in.
            found.retain(|package| here.starts_with(folder(package)) || here == *package.manifest_path.as_std_path());
        }
        let [package] = found.as_slice() else {
            let help = "`cargo cell build` makes `cell/manifest.json`; name the application with `--package`";
            return Err(Mistake::usage("no single application that was built is here").help(help).into());
        };
        let root = folder(package).to_owned();
        Ok(Self { root, name: package.name.to_string(), environment: application.environment.clone() })
    }

    /// An application that is being compiled.
    pub(crate) fn of(root: &Path, name: &str, environment: Option<&str>) -> Self {
        Self { root: root.to_owned(), name: name.to_owned(), environment: environment.map(str::to_owned) }
    }

    /// The topology's file, relative to the application's folder.
    pub(crate) fn topology(&self) -> String {
        topologies::file_of(self.environment.as_deref())
    }

    /// Reads the topology.
    ///
    /// # Errors
    /// It is not there, or not of its form.
    pub(crate) fn read_topology(&self) -> Result<Topology, Stop> {
        let path = self.topology();
        let text = self.read(&path)?;
        Topology::parse(&path, text.as_bytes()).map_err(|errors| {
            let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
            Mistake::new(errors.join("\n")).code("invalid-topology").into()
        })
    }

    fn read(&self, path: &str) -> Result<String, Stop> {
        std::fs::read_to_string(self.root.join(path)).map_err(|error| match (error.kind(), &self.environment) {
            (std::io::ErrorKind::NotFound, Some(environment)) => {
                Mistake::usage(format!("there is no environment `{environment}`: `{path}` is not there")).into()
            }
            _ => Mistake::file("read", &self.root.join(path), &error).into(),
        })
    }
}

fn folder(package: &cargo_metadata::Package) -> &Path {
    let manifest = package.manifest_path.as_std_path();
    manifest.parent().unwrap_or(manifest)
}

/// This client's key, made at the first use: the file that `CELL_KEY` names, or `cell/key` among the user's configuration.
///
/// # Errors
/// It cannot be read or made, or others may read it.
pub(crate) fn key() -> Result<Key, Stop> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let path = variable("CELL_KEY")
        .or_else(|| variable("XDG_CONFIG_HOME").map(|folder| folder.join("cell/key")))
        .or_else(|| variable("HOME").map(|home| home.join(".config/cell/key")))
        .ok_or_else(|| Mistake::new("no place is known for this user's key").help("name a file with `CELL_KEY`"))?;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| Mistake::file("make", folder, &error))?;
    }
    Key::load_or_create(&path).map_err(|error| Mistake::new(error.to_string()).code("client-key").into())
}

/// A node's key as the topology has it.
///
/// # Errors
/// It is no key.
pub(crate) fn public_key(node: &str, text: &str) -> Result<PublicKey, Mistake> {
    text.parse().map_err(|error| {
        Mistake::new(format!("the key of the node `{node}` in the topology is no key: {error}"))
            .help("add the node again: `cargo cell node add`")
    })
}

/// A region's nodes: connections, and what they have of an application. In the order of their names.
pub(crate) struct Region {
    pub(crate) clients: Vec<Client>,
    pub(crate) facts: Vec<Facts>,
}

/// Connects to the nodes of a region.
///
/// # Errors
/// The region is not there or has no node, or one of them does not answer.
pub(crate) async fn region(place: &Place, region: &str) -> Result<Region, Stop> {
    let topology = place.read_topology()?;
    known(place, &topology, region)?;
    let key = key()?;
    let nodes: Vec<_> = topology.nodes.iter().filter(|(_, node)| node.region == region).collect();
    if nodes.is_empty() {
        let message = format!("the region `{region}` has no node in `{}`", place.topology());
        let help = format!("add one with `cargo cell node add NAME ADDRESS --region {region}`");
        return Err(Mistake::new(message).code("no-node").help(help).into());
    }
    let connected = join_all(nodes.iter().map(|(name, node)| {
        let key = &key;
        async move {
            let expected = public_key(name, &node.key)?;
            let failed = |error| failed(name, error);
            let mut client = Client::connect(&node.address, key, Some(&expected)).await.map_err(failed)?;
            let deployed = client.deployed(&place.name).await.map_err(failed)?;
            let facts =
                Facts { name: (*name).clone(), http: node.http.clone(), host: client.welcome.host.clone(), deployed };
            Ok::<_, Stop>((client, facts))
        }
    }));
    let mut region = Region { clients: Vec::new(), facts: Vec::new() };
    for connected in connected.await {
        let (client, facts) = connected?;
        region.clients.push(client);
        region.facts.push(facts);
    }
    Ok(region)
}

/// Sees that a topology has a region.
///
/// # Errors
/// It has not.
pub(crate) fn known(place: &Place, topology: &Topology, region: &str) -> Result<(), Stop> {
    if topology.region(region).is_some() {
        return Ok(());
    }
    let known: Vec<String> = topology.regions.iter().map(|region| format!("`{}`", region.name)).collect();
    let message = format!("`{}` has no region `{region}`, it has {}", place.topology(), known.join(", "));
    Err(Mistake::usage(message).into())
}

/// What a node's failure means to the user.
pub(crate) fn failed(node: &str, error: CallError) -> Stop {
    match error {
        CallError::Refused(refused) => self::refused(Some(node), &refused).into(),
        CallError::OtherNode => Mistake::new(format!("the node `{node}`: {error}"))
            .code("wrong-code")
            .help("look whether the address is that of the daemon which shows the code")
            .into(),
        CallError::Protocol { .. } => Mistake::new(format!("the node `{node}`: {error}"))
            .code("node-protocol")
            .help("bring the older of the two up to date")
            .into(),
        error => Mistake::new(format!("the node `{node}`: {error}")).code("node-unreachable").into(),
    }
}

/// A refusal as the user sees it.
pub(crate) fn refused(node: Option<&str>, refused: &Refused) -> Mistake {
    let mut message = match node {
        Some(node) => format!("the node `{node}`: {refused}"),
        None => refused.to_string(),
    };
    for line in &refused.lines {
        message.push_str("\n  | ");
        message.push_str(line);
    }
    let mistake = Mistake { exit: exit(&refused.code), ..Mistake::new(message) };
    mistake.code_of(&refused.code).maybe_help(refused.help.clone())
}

/// A plan that is not true any more is out of date; everything else is wrong.
fn exit(code: &str) -> Exit {
    if code == "plan-outdated" { Exit::OutOfDate } else { Exit::Diagnostics }
}
