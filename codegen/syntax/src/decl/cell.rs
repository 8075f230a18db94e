//! What a developer declared about a cell: its struct, its calls, and where it may run.

use syn::{Ident, Path, Type};

use super::Spanned;

/// A cell.
#[derive(Clone, Debug)]
pub struct Service {
    /// The struct's name.
    pub ident: Ident,
    /// `name = "…"`; otherwise the struct's name in snake case (see [`Service::cell_name`]).
    pub name: Option<Spanned<String>>,
    /// `start = path`: the function that makes it.
    pub start: Option<Path>,
    /// The runtime's path where it was renamed.
    pub krate: Option<Path>,
    /// Its fields: databases, synapses, configuration.
    pub fields: Vec<ServiceField>,
}

/// A field of a cell.
#[derive(Clone, Debug)]
pub struct ServiceField {
    /// Its name.
    pub ident: Ident,
    /// Its type.
    pub ty: Type,
}

/// A cell's handlers: one impl.
#[derive(Clone, Debug)]
pub struct Handlers {
    /// The cell's type, as the impl names it: a path without arguments.
    pub cell: Path,
    /// The runtime's path where it was renamed.
    pub krate: Option<Path>,
    /// The public async methods, and those that carry a helper, in the order of the impl.
    pub handlers: Vec<Handler>,
}

/// A handler.
#[derive(Clone, Debug)]
pub struct Handler {
    /// Its name.
    pub ident: Ident,
    /// Its arguments behind `&self`.
    pub arguments: Vec<Argument>,
    /// What it returns, as written; `None` where nothing is.
    pub output: Option<Type>,
    /// `#[http(GET, "/crates/{name}")]`.
    pub http: Option<Http>,
    /// `#[idempotent]`.
    pub idempotent: bool,
    /// `#[task]` or `#[task(every = "1h")]`: background work, not called by others.
    pub task: Option<Task>,
}

/// An argument of a handler.
#[derive(Clone, Debug)]
pub struct Argument {
    /// Its name.
    pub ident: Ident,
    /// Its type without the reference.
    pub ty: Type,
    /// Whether it is taken by `&`.
    pub borrowed: bool,
}

/// An HTTP door.
#[derive(Clone, Debug)]
pub struct Http {
    /// The method.
    pub method: Method,
    /// The path, as written.
    pub path: Spanned<String>,
    /// The names in braces, in the path's order. Each is an argument.
    pub names: Vec<String>,
}

/// An HTTP method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each variant is the method of its name")]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// Background work.
#[derive(Clone, Debug)]
pub struct Task {
    /// Between the end of one run and the start of the next, in milliseconds; `None`: it runs once, for as long as it likes.
    pub every: Option<Spanned<u64>>,
}

/// Where a cell may run.
#[derive(Clone, Debug)]
pub struct Placement {
    /// The struct's name.
    pub ident: Ident,
    /// `region = "…"` or `regions = ["…", "…"]`, as written; empty where that is left to the topology.
    pub regions: Vec<Spanned<String>>,
    /// `replicas = 2`: the copies in each region.
    pub replicas: Option<Spanned<u32>>,
    /// The runtime's path where it was renamed.
    pub krate: Option<Path>,
}
