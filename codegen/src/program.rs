//! What the scan found: packages, crates, files, modules and declarations, each under a typed id, and what a path or a type
//! in a module means. Every later stage takes a [`Program`] by reference. Absent: how it is made (`scan`), and whether the
//! declarations fit together (`model`, `check`).

use std::collections::BTreeMap;
use std::path::PathBuf;

use cell_syntax::attribute::Attribute;
use cell_syntax::decl::Decl;
use cell_syntax::diagnostic::Diagnostic;
use proc_macro2::Span;
use syn::Ident;
use syn::ext::IdentExt as _;

pub(crate) mod bodies;
pub(crate) mod names;

use bodies::Bodies;
use names::Names;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub(crate) usize);
    };
}

id! {
    /// A package: a `Cargo.toml`.
    PackageId
}
id! {
    /// A crate: a package's library, or the application's binary.
    CrateId
}
id! {
    /// A file. One that two modules name has one id.
    FileId
}
id! {
    /// A module; also a block with items of its own, which is a scope but no module to rustc.
    ModuleId
}
id! {
    /// A declaration. Ids follow the order of module path, name and kind, not of files.
    DeclId
}

/// A package whose sources were scanned.
#[derive(Clone, Debug)]
pub struct Package {
    /// Its name in `Cargo.toml`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The absolute path of its `Cargo.toml`.
    pub manifest_path: PathBuf,
    /// The absolute path of its folder.
    pub root: PathBuf,
    /// The features that this build of the application enables in it, sorted.
    pub features: Vec<String>,
    /// Cargo's own id of it, as in the messages of `cargo build`.
    pub cargo_id: String,
}

/// A crate whose sources were scanned.
#[derive(Clone, Debug)]
pub struct Crate {
    /// The package it belongs to.
    pub package: PackageId,
    /// Its name, as in `module_path!()`.
    pub name: String,
    /// The target's name in `Cargo.toml`, which may have hyphens.
    pub target: String,
    /// Whether it is the application's binary; otherwise it is a library.
    pub binary: bool,
    /// Its root module.
    pub root: ModuleId,
}

/// A file that a diagnostic may point into: a source, or a `Cargo.toml`.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Where it is.
    pub path: PathBuf,
    /// How it is shown: relative to the workspace, with `/`, where it is inside.
    pub name: String,
    /// Its text; byte ranges of spans count in it. Where the file is not UTF-8, its readable parts.
    pub text: String,
}

/// A module.
#[derive(Clone, Debug)]
pub struct Module {
    /// The crate it belongs to.
    pub krate: CrateId,
    /// The module it is in; for a block, the module or block around it.
    pub parent: Option<ModuleId>,
    /// Whether it is a block of a function's body.
    pub block: bool,
    /// What `module_path!()` prints in it.
    pub path: String,
    /// The file that holds its items.
    pub file: FileId,
}

/// An item under one of Cell's attributes.
#[derive(Clone, Debug)]
pub struct Declared {
    /// Its id.
    pub id: DeclId,
    /// What it declares.
    pub decl: Decl,
    /// The attribute it stands under.
    pub attribute: Attribute,
    /// The file it is written in.
    pub file: FileId,
    /// The module it is in.
    pub module: ModuleId,
    /// What `module_path!()` prints there.
    pub module_path: String,
    /// The fingerprint that the macro leaves in the binary.
    pub fingerprint: u64,
}

impl Declared {
    /// The word for its kind, as in its record in the binary.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.decl {
            Decl::Database(_) => "database",
            Decl::Table(_) => "table",
            Decl::Enumeration(_) => "enumeration",
            Decl::Value(_) => "value",
            Decl::Row(_) => "row",
            Decl::Message(_) => "message",
            Decl::Service(_) => "service",
            Decl::Handlers(_) => "handler",
            Decl::Placement(_) => "placement",
            Decl::SearchIndex(_) => "search",
            Decl::Memoize(_) => "memoize",
        }
    }

    /// Its name, and where that is written: the item's; for handlers the last part of their cell's path.
    #[must_use]
    pub fn ident(&self) -> Option<&Ident> {
        match &self.decl {
            Decl::Database(decl) => Some(&decl.ident),
            Decl::Table(decl) => Some(&decl.ident),
            Decl::Enumeration(decl) => Some(&decl.ident),
            Decl::Value(decl) => Some(&decl.ident),
            Decl::Row(decl) => Some(&decl.ident),
            Decl::Message(decl) => Some(&decl.ident),
            Decl::Service(decl) => Some(&decl.ident),
            Decl::Handlers(decl) => decl.cell.segments.last().map(|segment| &segment.ident),
            Decl::Placement(decl) => Some(&decl.ident),
            Decl::SearchIndex(decl) => Some(&decl.ident),
            Decl::Memoize(decl) => Some(decl.ident()),
        }
    }

    /// Its name without a raw identifier's `r#`.
    #[must_use]
    pub fn name(&self) -> String {
        self.ident().map(|ident| ident.unraw().to_string()).unwrap_or_default()
    }

    /// The place of its name.
    #[must_use]
    pub fn span(&self) -> Span {
        self.ident().map_or_else(Span::call_site, Ident::span)
    }
}

/// A statement of `sql!`.
#[derive(Clone, Debug)]
pub struct Query {
    /// The module it is in.
    pub module: ModuleId,
    /// The file it is written in.
    pub file: FileId,
    /// What is written.
    pub query: cell_syntax::sql::Query,
}

/// A diagnostic with the file its places are in.
#[derive(Clone, Debug)]
pub struct Located {
    /// The file.
    pub file: FileId,
    /// The diagnostic; the byte ranges of its spans count in that file's text.
    pub diagnostic: Diagnostic,
    /// Places in other files that belong to it, each with a few words.
    pub elsewhere: Vec<(FileId, Span, String)>,
}

impl Located {
    /// A diagnostic whose places are all in one file.
    #[must_use]
    pub fn new(file: FileId, diagnostic: Diagnostic) -> Self {
        Self { file, diagnostic, elsewhere: Vec::new() }
    }
}

/// What a path means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolved {
    /// A struct or enum under one of Cell's attributes.
    Decl(DeclId),
    /// An item of a crate that is not scanned, by its canonical path: `i64`, `std::string::String`, `std::vec::Vec`,
    /// `std::option::Option`, `std::collections::HashMap`, `chrono::DateTime`, `chrono::Utc`, `uuid::Uuid`,
    /// `rust_decimal::Decimal`, `cell::Table`. What `std` takes from `core` or `alloc` is `std::`, and what the runtime
    /// takes from another crate has that crate's name, whatever the runtime is called where it is used.
    External(String),
    /// The type for inserts that a table's macro makes beside its struct: `NewProduct`, or what `new = …` says.
    New(DeclId),
    /// An item of a scanned crate that is no declaration, by its path there.
    Item(String),
    /// Nothing that the scan can see; also a type parameter, and `Self`.
    Unknown,
}

/// A type with its names resolved and its aliases expanded.
#[derive(Clone, Debug)]
pub struct TypeRef {
    /// What it is.
    pub kind: TypeKind,
    /// Where it is written; for what an alias stands for, where the alias is used.
    pub span: Span,
}

/// The kinds of types that are told apart.
#[derive(Clone, Debug)]
pub enum TypeKind {
    /// `Vec<Product>`, `i64`: a name with its type arguments (lifetimes and constants left out).
    Named {
        /// What the name means.
        resolved: Resolved,
        /// Its type arguments.
        args: Vec<TypeRef>,
    },
    /// `&T`
    Reference(Box<TypeRef>),
    /// `(A, B)`, and `()`.
    Tuple(Vec<TypeRef>),
    /// `[T; N]`
    Array(Box<TypeRef>),
    /// `[T]`
    Slice(Box<TypeRef>),
    /// `impl Trait`
    ImplTrait,
    /// Any other: a pointer, a function, `dyn Trait`, `<A as B>::C`.
    Other,
}

/// An `include!`, `include_str!` or `include_bytes!`: rustc reads a file that no module names.
#[derive(Clone, Debug)]
pub(crate) struct Include {
    /// The file it stands in.
    pub(crate) file: FileId,
    pub(crate) span: Span,
    /// The path, where it is a literal.
    pub(crate) path: Option<String>,
    /// Whether it brings items or expressions in, rather than data.
    pub(crate) code: bool,
}

/// Whether this build has the module that a file is of. Where two modules name one file, the larger holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Walked {
    /// A `cfg` says that it has not.
    Absent,
    /// A `cfg` says that it has.
    Conditional,
    Always,
}

/// What a scan knows.
#[derive(Debug, Default)]
pub struct Program {
    pub(crate) application: Option<CrateId>,
    pub(crate) workspace: PathBuf,
    pub(crate) packages: Vec<Package>,
    pub(crate) crates: Vec<Crate>,
    pub(crate) files: Vec<SourceFile>,
    pub(crate) modules: Vec<Module>,
    pub(crate) declarations: Vec<Declared>,
    /// By module and place.
    pub(crate) queries: Vec<Query>,
    pub(crate) names: Names,
    /// The files that modules name, and in what way.
    pub(crate) walked: BTreeMap<FileId, Walked>,
    pub(crate) includes: Vec<Include>,
    pub(crate) bodies: Bodies,
}

impl Program {
    /// The application's binary; `None` where the scan found no application, which it then has a diagnostic for.
    #[must_use]
    pub fn application(&self) -> Option<CrateId> {
        self.application
    }

    /// The application's package.
    #[must_use]
    pub fn application_package(&self) -> Option<&Package> {
        self.application.map(|krate| self.package(self.krate(krate).package))
    }

    /// The absolute path of the workspace's folder.
    #[must_use]
    pub fn workspace(&self) -> &std::path::Path {
        &self.workspace
    }

    /// Every package that was scanned.
    #[must_use]
    pub fn packages(&self) -> &[Package] {
        &self.packages
    }

    /// A package.
    #[must_use]
    pub fn package(&self, id: PackageId) -> &Package {
        &self.packages[id.0]
    }

    /// A crate.
    #[must_use]
    pub fn krate(&self, id: CrateId) -> &Crate {
        &self.crates[id.0]
    }

    /// Every crate that was scanned.
    pub fn crates(&self) -> impl Iterator<Item = (CrateId, &Crate)> {
        self.crates.iter().enumerate().map(|(index, krate)| (CrateId(index), krate))
    }

    /// A file.
    #[must_use]
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.0]
    }

    /// Every file that was read, with manifests.
    pub fn files(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files.iter().enumerate().map(|(index, file)| (FileId(index), file))
    }

    /// Adds a file that no scan reads, so that diagnostics may point into it. One that is there already keeps its id.
    pub(crate) fn add_file(&mut self, path: PathBuf, text: &str) -> FileId {
        if let Some(at) = self.files.iter().position(|file| file.path == path) {
            return FileId(at);
        }
        let name = path.strip_prefix(&self.workspace).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        self.files.push(SourceFile { path, name, text: text.to_owned() });
        FileId(self.files.len() - 1)
    }

    /// A module.
    #[must_use]
    pub fn module(&self, id: ModuleId) -> &Module {
        &self.modules[id.0]
    }

    /// Every module and block.
    pub fn modules(&self) -> impl Iterator<Item = (ModuleId, &Module)> {
        self.modules.iter().enumerate().map(|(index, module)| (ModuleId(index), module))
    }

    /// Every declaration, in the order of module path, name and kind.
    #[must_use]
    pub fn declarations(&self) -> &[Declared] {
        &self.declarations
    }

    /// Every statement of `sql!` that the sources show, by module and place.
    #[must_use]
    pub fn queries(&self) -> &[Query] {
        &self.queries
    }

    /// A declaration.
    #[must_use]
    pub fn declared(&self, id: DeclId) -> &Declared {
        &self.declarations[id.0]
    }

    /// The package that a declaration is written in.
    #[must_use]
    pub fn package_of(&self, id: DeclId) -> &Package {
        let krate = self.module(self.declared(id).module).krate;
        self.package(self.krate(krate).package)
    }
}
