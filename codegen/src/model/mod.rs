//! What the compiler knows of an application once names mean something: databases with their schemas, search indexes and caches, cells with their
//! calls, and the types that cross between them. Made by [`crate::lower`]; checked by [`crate::check`]; written by
//! [`crate::emit`]. Everything is ordered by name. Absent: syntax, SQL, files.

mod caches;
mod places;

use std::collections::BTreeMap;

use cell_manifest::{Definition, IndexDefinition, Signature};
use cell_schema::Engine;
use cell_schema::hints::Hints;
use cell_schema::schema::Schema;
use cell_syntax::decl::Method;

use crate::program::DeclId;

pub use caches::{Cache, CacheOf, Dependency, UNFOLLOWED, Unfollowed, Write};
pub use places::{Place, Places};

/// An application.
#[derive(Clone, Debug)]
pub struct Model {
    /// The package's name.
    pub application: String,
    /// The package's features that are on, by name.
    pub features: Vec<String>,
    /// Ordered by name; a [`DatabaseId`] counts in it.
    pub databases: Vec<Database>,
    /// Search indexes, ordered by name.
    pub indexes: Vec<Index>,
    /// Caches, ordered by name.
    pub caches: Vec<Cache>,
    /// Ordered by name; a [`CellId`] counts in it.
    pub cells: Vec<Cell>,
    /// The named types that cross a synapse or a door.
    pub types: BTreeMap<String, Definition>,
    /// Which database each statement of `sql!` is for, in the program's order.
    pub queries: Vec<DatabaseId>,
    /// What could not be lowered. Each of them is reported by a rule of [`crate::check`]; the model is whole only where
    /// there is none.
    pub omitted: Vec<Place>,
}

/// One of a model's databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DatabaseId(pub(crate) usize);

impl DatabaseId {
    /// Its place among a model's databases.
    #[must_use]
    pub fn index(self) -> usize {
        self.0
    }
}

/// One of a model's cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellId(pub(crate) usize);

/// A replica of a database.
#[derive(Clone, Debug)]
pub struct Replica {
    /// Where it is.
    pub region: String,
    /// The environment variable with its URL.
    pub url_env: String,
}

/// A database.
#[derive(Clone, Debug)]
pub struct Database {
    /// Its name: the struct's in snake case.
    pub name: String,
    /// Its struct.
    pub decl: DeclId,
    /// Where the struct is declared.
    pub place: Place,
    /// Which engine holds it.
    pub engine: Engine,
    /// The file below the state's folder, where it is SQLite.
    pub file: Option<String>,
    /// The environment variable with the server's URL, where it is a server.
    pub url_env: Option<String>,
    /// The region of the primary.
    pub primary: Option<String>,
    /// Its replicas.
    pub replicas: Vec<Replica>,
    /// The folder of its snapshot and migrations, relative to the application's folder, with `/`.
    pub folder: String,
    /// Ordered by SQL name, as the tables of `schema` are.
    pub tables: Vec<Table>,
    /// Its schema.
    pub schema: Schema,
    /// What is said of its changes beside the schema.
    pub hints: Hints,
    /// Where each object of the schema is declared.
    pub places: Places,
}

/// A table of a database: which struct it comes from. Its columns are in the database's schema.
#[derive(Clone, Debug)]
pub struct Table {
    /// The SQL name.
    pub name: String,
    /// Its struct.
    pub decl: DeclId,
    /// The database's field.
    pub field: Place,
}

/// A search index of a table.
#[derive(Clone, Debug)]
pub struct Index {
    /// The database that has the table.
    pub database: DatabaseId,
    /// What is in it.
    pub definition: IndexDefinition,
    /// Where its name is written, or its table's struct.
    pub place: Place,
}

/// A cell.
#[derive(Clone, Debug)]
pub struct Cell {
    /// Its name.
    pub name: String,
    /// Its struct.
    pub decl: DeclId,
    /// Where the struct is declared.
    pub place: Place,
    /// The databases it is built from.
    pub databases: Vec<DatabaseId>,
    /// The cells it calls.
    pub cells: Vec<CellId>,
    /// Where it is declared to run.
    pub placement: Option<Placement>,
    /// Its calls, ordered by name. Background work is not among them: nobody calls it.
    pub handlers: Vec<Handler>,
}

/// Where a cell is declared to run.
#[derive(Clone, Debug)]
pub struct Placement {
    /// Ordered by name, each with its place; none where that is left to the topology.
    pub regions: Vec<(String, Place)>,
    /// The copies in each region.
    pub replicas: Option<u32>,
    /// Where the struct is declared, or where the copies are written.
    pub place: Place,
}

impl Placement {
    /// The regions, ordered by name.
    #[must_use]
    pub fn region_names(&self) -> Vec<String> {
        self.regions.iter().map(|(name, _)| name.clone()).collect()
    }
}

/// A call that a cell answers.
#[derive(Clone, Debug)]
pub struct Handler {
    /// Its name.
    pub name: String,
    /// Where it is declared.
    pub place: Place,
    /// Its arguments and result.
    pub signature: Signature,
    /// Whether it may be sent twice.
    pub idempotent: bool,
    /// Its door.
    pub http: Option<Door>,
}

/// An HTTP door.
#[derive(Clone, Debug)]
pub struct Door {
    /// The method.
    pub method: Method,
    /// The path, with the names of arguments in braces.
    pub path: String,
    /// Where the path is written.
    pub place: Place,
}

impl Database {
    /// Whether an object's full name, such as `shop.products.price`, is one of this database's.
    #[must_use]
    pub fn owns(&self, object: &str) -> bool {
        object.strip_prefix(&self.name).is_some_and(|rest| rest.starts_with('.'))
    }
}

impl Model {
    /// A database.
    #[must_use]
    pub fn database(&self, id: DatabaseId) -> &Database {
        &self.databases[id.0]
    }

    /// A cell.
    #[must_use]
    pub fn cell(&self, id: CellId) -> &Cell {
        &self.cells[id.0]
    }
}
