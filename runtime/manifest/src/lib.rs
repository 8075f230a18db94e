//! The deployment manifest, `cell/manifest.json`: which cells an application has, what each needs and how each is called.
//! In and out: JSON for people and for CI, byte-identical for one source. Absent: logic, addresses, ports, nodes, times and
//! secrets' values; the compiler writes it, the runtime and the deploy commands read it.

mod cache;
mod index;
mod migrated;
mod released;
mod searched;
mod shape;
pub mod supervision;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

pub use cache::{Cache, CacheDefinition, CacheDependency, CacheOf, Caches, CachesError};
pub use index::{Index, IndexColumn, IndexDefinition, IndexError, IndexField, IndexIncluded, IndexText};
pub use migrated::{
    AppliedMigration, Migrated, MigratedDatabase, MigratedError, MigratedHead, MigrationProblem, MigrationState,
};
pub use released::{Environment, Released, ReleasedCell, ReleasedDatabase, ReleasedError};
pub use searched::{
    SearchCompared, SearchProgress, SearchRows, SearchSaid, SearchState, SearchTrouble, SearchWork, Searched,
    SearchedError, SearchedIndex, SetAside, SetAsideRow,
};
pub use shape::{Definition, Field, Parameter, Shape, Signature, Variant, VariantBody};

/// The format that this version writes, and the newest that it reads.
pub const FORMAT: u32 = 1;

/// The manifest of one application. Everything in it is ordered by name; what is not in use is left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: u32,
    /// The application's package.
    pub application: String,
    /// The package's features that were on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
    /// Ordered by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub databases: Vec<Database>,
    /// Search indexes, ordered by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub indexes: Vec<Index>,
    /// Caches, ordered by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub caches: Vec<Cache>,
    /// Ordered by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cells: Vec<Cell>,
    /// The named types that handlers' signatures refer to.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub types: BTreeMap<String, Definition>,
    /// Ordered by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub processes: Vec<Process>,
    /// The hash of the topology's regions, times and prices (not of its nodes), in hex.
    pub topology: String,
}

/// A database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// Its name, unique in the application.
    pub name: String,
    /// What holds it.
    pub engine: Engine,
    /// The folder of its snapshot and migrations, relative to the application's, with `/`.
    pub folder: String,
    /// The file of a SQLite database, relative to the state's folder, with `/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The environment variables that say where it is, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
    /// The region of its primary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary: Option<String>,
    /// Its replicas, as they are declared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replicas: Vec<DatabaseReplica>,
    /// The hash of its schema, in hex.
    pub schema: String,
    /// The last hash of its migrations' chain, in hex; nothing where there is no migration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<String>,
}

/// A server that follows a database's primary, and answers reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseReplica {
    /// The region it is in.
    pub region: String,
    /// The environment variable that holds its URL.
    pub env: String,
}

/// A database engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// A file on one node.
    Sqlite,
    /// A server.
    Postgres,
}

/// A cell: what is deployed and called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cell {
    /// Its name, unique in the application.
    pub name: String,
    /// What it is built from.
    #[serde(default, skip_serializing_if = "Needs::is_empty")]
    pub needs: Needs,
    /// Where it is declared to run; nothing where that is left to the topology.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placement: Option<Placement>,
    /// Where it runs: one for each copy, ordered by region.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replicas: Vec<Replica>,
    /// Its calls, ordered by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub handlers: Vec<Handler>,
}

/// Where a cell is declared to run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Placement {
    /// The regions, ordered by name; the topology's first where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<String>,
    /// The copies in each region; one where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<u32>,
}

/// One copy of a cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replica {
    /// The region it runs in.
    pub region: String,
}

/// What a cell is built from, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Needs {
    /// Databases it reads or writes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub databases: Vec<String>,
    /// Cells it calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cells: Vec<String>,
}

impl Needs {
    /// Whether it needs nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.databases.is_empty() && self.cells.is_empty()
    }
}

/// A call that a cell answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Handler {
    /// Its name, unique in its cell.
    pub name: String,
    /// The hash of its signature's structure, in hex: two releases with one hash understand each other's calls.
    pub hash: String,
    /// Its arguments and result.
    pub shape: Signature,
    /// Whether it may be sent twice.
    #[serde(default, skip_serializing_if = "is_false")]
    pub idempotent: bool,
    /// Its door.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<Http>,
}

/// An HTTP door.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: String,
    /// The path, with the names of arguments in braces.
    pub path: String,
}

/// A process: the cells that run where it does, and that call each other inside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Process {
    /// Its name, unique in the application.
    pub name: String,
    /// Its cells, by name.
    pub cells: Vec<String>,
    /// The regions it runs in, ordered by name; at least one.
    pub regions: Vec<String>,
    /// Its copies in each region; at least one.
    pub replicas: u32,
}

/// Why a text is no manifest.
#[derive(Debug)]
pub enum ManifestError {
    /// It is not JSON of this form.
    Form(serde_json::Error),
    /// It was written in a format that this version does not read.
    Format {
        /// The format it names.
        found: u32,
    },
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form(error) => write!(f, "the manifest is not of the form that was expected: {error}"),
            Self::Format { found } => write!(
                f,
                "the manifest has format {found}, but this version reads format {FORMAT}: build it again with this version"
            ),
        }
    }
}

impl std::error::Error for ManifestError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Form(error) => Some(error),
            Self::Format { .. } => None,
        }
    }
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// The text is not a manifest, or one of another format.
    pub fn from_json(text: &str) -> Result<Self, ManifestError> {
        /// Read first, and with anything beside it: another format may have other fields.
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let Head { format } = serde_json::from_str(text).map_err(ManifestError::Form)?;
        if format != FORMAT {
            return Err(ManifestError::Format { found: format });
        }
        serde_json::from_str(text).map_err(ManifestError::Form)
    }

    /// The text of `manifest.json`: indented, with a line break at its end.
    ///
    /// # Errors
    /// None in practice: every key of a manifest is text.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }
}

// serde's `skip_serializing_if` wants a function over a reference.
fn is_false(value: &bool) -> bool {
    !*value
}

#[cfg(test)]
mod tests {
    use super::{FORMAT, Manifest, ManifestError};

    #[test]
    fn what_is_not_in_use_is_left_out() -> Result<(), Box<dyn std::error::Error>> {
        let manifest = Manifest {
            format: FORMAT,
            application: "empty".to_owned(),
            features: Vec::new(),
            databases: Vec::new(),
            indexes: Vec::new(),
            caches: Vec::new(),
            cells: Vec::new(),
            types: std::collections::BTreeMap::new(),
            processes: Vec::new(),
            topology: "00".to_owned(),
        };
        let text = manifest.to_json()?;
        assert_eq!(text, "{\n  \"format\": 1,\n  \"application\": \"empty\",\n  \"topology\": \"00\"\n}\n");
        assert_eq!(Manifest::from_json(&text)?, manifest);
        Ok(())
    }

    #[test]
    fn a_newer_format_is_refused_by_its_number() {
        let refused = Manifest::from_json("{\"format\": 2, \"something\": \"else\"}");
        assert!(matches!(refused, Err(ManifestError::Format { found: 2 })));
    }

    #[test]
    fn an_unknown_field_is_refused() {
        let refused = Manifest::from_json("{\"format\": 1, \"application\": \"a\", \"topology\": \"\", \"port\": 1}");
        assert!(matches!(refused, Err(ManifestError::Form(_))));
    }
}
