//! `cell/topology.toml` and `cell/topology.<env>.toml`: the regions and nodes that each environment has.
//! In: the files' bytes. Out: [`Topologies`], or every mistake with its place. Absent: reading files, placing cells, and
//! reaching nodes.

mod hash;
mod read;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::Path;

use cell_syntax::diagnostic::{Code, Diagnostic};

use crate::program::{Located, Program};
use crate::scan;

/// The codes of the diagnostics that topologies may give.
pub const CODES: &[Code] = &["invalid-topology"];

/// The topology of the environment that has no name.
pub const DEFAULT: &str = "cell/topology.toml";

/// The text of the topology of an application that was never deployed.
pub const LOCAL: &str = "\
# The regions this application may run in, and the round-trip times and prices between them.
# Edited by hand or by `cargo cell node`; a build never changes it.
format = 1

[regions.local]
";

/// The regions and nodes of one environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topology {
    /// Its file, relative to the application's folder, with `/`.
    pub file: String,
    /// The environment's name; `None` for the one without.
    pub environment: Option<String>,
    /// In the file's order, at least one: the first is where a cell runs of which nothing is said.
    pub regions: Vec<Region>,
    /// By name.
    pub nodes: BTreeMap<String, Node>,
    /// The hash of all but the nodes, in hex.
    pub hash: String,
}

/// A place where nodes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// Its name.
    pub name: String,
    /// Its entry in the catalogue of known regions: `aws:us-east-1`.
    pub like: Option<String>,
}

/// A machine that runs processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The region it is in, which is one of the topology's.
    pub region: String,
    /// Where its daemon listens: `host:port`.
    pub address: String,
    /// Its daemon's public key.
    pub key: String,
    /// Where it listens for HTTP doors: `127.0.0.1:8080`.
    pub http: Option<String>,
}

/// Something that is wrong in a topology.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopologyError {
    /// The topology's file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The bytes in the file.
    pub bytes: Range<usize>,
    /// What was found.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl fmt::Display for TopologyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`, line {}: {}; {}", self.file, self.line, self.message, self.help)
    }
}

impl std::error::Error for TopologyError {}

impl Topology {
    /// Reads a topology. `file` says which environment's it is, as [`environment_of`] tells.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Self, Vec<TopologyError>> {
        read::parse(file, bytes)
    }

    /// The region of this name.
    #[must_use]
    pub fn region(&self, name: &str) -> Option<&Region> {
        self.regions.iter().find(|region| region.name == name)
    }

    /// The nodes of a region, by name.
    pub fn nodes_of<'a>(&'a self, region: &'a str) -> impl Iterator<Item = (&'a str, &'a Node)> {
        self.nodes.iter().filter(move |(_, node)| node.region == region).map(|(name, node)| (name.as_str(), node))
    }
}

/// Every topology of an application: one for each environment, and always the one without a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topologies(Vec<Topology>);

impl Default for Topologies {
    /// Those of an application without any file: [`LOCAL`].
    fn default() -> Self {
        Self(Topology::parse(DEFAULT, LOCAL.as_bytes()).into_iter().collect())
    }
}

impl Topologies {
    /// The topologies of an application, which has these files. Where there is no [`DEFAULT`], [`LOCAL`] is meant.
    ///
    /// # Errors
    /// All that is wrong with them.
    pub fn parse(files: &BTreeMap<String, Vec<u8>>) -> Result<Self, Vec<TopologyError>> {
        let mut files: BTreeMap<&str, &[u8]> =
            files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())).collect();
        files.entry(DEFAULT).or_insert(LOCAL.as_bytes());
        let mut topologies = Vec::new();
        let mut errors = Vec::new();
        for (path, bytes) in files.into_iter().filter(|(path, _)| is_topology(path)) {
            match Topology::parse(path, bytes) {
                Ok(topology) => topologies.push(topology),
                Err(found) => errors.extend(found),
            }
        }
        // The one without a name first, then by name.
        topologies.sort_by(|left, right| left.environment.cmp(&right.environment));
        if errors.is_empty() { Ok(Self(topologies)) } else { Err(errors) }
    }

    /// The one without a name first, then by environment.
    pub fn iter(&self) -> impl Iterator<Item = &Topology> {
        self.0.iter()
    }

    /// The topology of an environment; `None` asks for the one without a name.
    #[must_use]
    pub fn get(&self, environment: Option<&str>) -> Option<&Topology> {
        self.0.iter().find(|topology| topology.environment.as_deref() == environment)
    }
}

/// Whether an environment can have this name: it is part of files' names.
#[must_use]
pub fn is_environment(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 63
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_'))
}

/// The topology's file of an environment, relative to the application's folder.
#[must_use]
pub fn file_of(environment: Option<&str>) -> String {
    environment.map_or_else(|| DEFAULT.to_owned(), |name| format!("cell/topology.{name}.toml"))
}

/// Whether a file is meant as a topology. One whose environment cannot have its name is refused, not passed over.
pub(crate) fn is_topology(file: &str) -> bool {
    file == DEFAULT || (file.starts_with("cell/topology.") && file.ends_with(".toml"))
}

/// The environment whose topology this file is; the outer `None` where it is no topology.
#[must_use]
pub fn environment_of(file: &str) -> Option<Option<&str>> {
    if file == DEFAULT {
        return Some(None);
    }
    let name = file.strip_prefix("cell/topology.")?.strip_suffix(".toml")?;
    is_environment(name).then_some(Some(name))
}

/// What is wrong in topologies, shown in their files, which become files of the program. `root` is the application's folder.
pub(crate) fn located(
    program: &mut Program,
    root: &Path,
    files: &BTreeMap<String, Vec<u8>>,
    errors: Vec<TopologyError>,
) -> Vec<Located> {
    let mut located = Vec::new();
    for error in errors {
        let text = String::from_utf8_lossy(files.get(&error.file).map_or(LOCAL.as_bytes(), Vec::as_slice));
        let file = program.add_file(root.join(&error.file), &text);
        let span = scan::place(error.bytes.start, error.bytes.len());
        located.push(Located::new(file, Diagnostic::new("invalid-topology", span, error.message).help(error.help)));
    }
    located
}
