//! The names of every module, as data: what `scan` collects, what `resolve` completes and looks up.
//! Absent: any rule of how names are found.

use std::collections::BTreeMap;

use super::{DeclId, ModuleId};

/// Rust's namespaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Namespace {
    /// Types, modules and crates.
    Type,
    /// Functions, constants, constructors.
    Value,
    /// Macros and attributes.
    Macro,
}

impl Namespace {
    pub(crate) const ALL: [Self; 3] = [Self::Type, Self::Value, Self::Macro];
}

/// An item of a scanned crate, by its place in [`Names::items`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ItemId(pub(crate) usize);

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Definition {
    Module(ModuleId),
    Item(ItemId),
    /// A variant or an associated item, by its path.
    Member(String),
    /// Something in a crate that is not scanned, by its canonical path.
    External(String),
    /// Two globs give the name different meanings.
    Ambiguous,
}

/// From where a name can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Visibility {
    Public,
    /// In this module and below.
    Within(ModuleId),
}

/// How a name came into a scope; the stronger one hides the weaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Item,
    /// By the import of this place in [`Names::imports`].
    Import(usize),
    Glob,
}

/// One name in one namespace of a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) definition: Definition,
    pub(crate) visibility: Visibility,
    pub(crate) origin: Origin,
}

/// The names of one module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scope {
    pub(crate) entries: BTreeMap<(Namespace, String), Entry>,
}

/// One leaf of a `use`.
#[derive(Clone, Debug)]
pub(crate) struct Import {
    pub(crate) module: ModuleId,
    /// Whether it begins with `::`.
    pub(crate) absolute: bool,
    pub(crate) path: Vec<String>,
    /// The name it gives; `None` for a glob.
    pub(crate) name: Option<String>,
    /// `use path::{self}` takes the module only.
    pub(crate) only_types: bool,
    pub(crate) visibility: Visibility,
}

/// An item that is no module.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) module: ModuleId,
    /// Its path, with its crate's name.
    pub(crate) path: String,
    /// What it stands for, where it is a type alias.
    pub(crate) alias: Option<syn::ItemType>,
    /// The declaration it is.
    pub(crate) declaration: Option<DeclId>,
    /// The table whose macro makes it: the type that an insert takes. No source has it.
    pub(crate) insert_of: Option<DeclId>,
}

/// Every name of every scanned crate. Until `resolve` completes them, the scopes hold items only.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// One for each module.
    pub(crate) scopes: Vec<Scope>,
    pub(crate) imports: Vec<Import>,
    pub(crate) items: Vec<Item>,
    /// For each crate, the crates it can name.
    pub(crate) externs: Vec<BTreeMap<String, Definition>>,
    /// For each crate, those of `#[macro_use] extern crate`.
    pub(crate) macro_crates: Vec<Vec<Definition>>,
}
