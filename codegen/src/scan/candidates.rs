//! What a syntax tree has that may concern Cell: its names, its imports, its aliases, and the items under attributes.
//! In: one item and where it stands. Out: entries in [`Names`], and [`Candidate`]s. Absent: what any name means.

use cell_syntax::attribute::Attribute as CellAttribute;
use proc_macro2::Span;
use syn::ext::IdentExt as _;
use syn::{Ident, Item, ItemExternCrate, ItemUse, UseTree, Visibility as RustVisibility};

use super::cfg::Unconditional;
use crate::program::names::{Definition, Entry, Import, ItemId, Names, Namespace, Origin, Visibility};
use crate::program::{self, CrateId, FileId, Module, ModuleId};

/// An item under an attribute that may be one of Cell's.
pub(super) struct Candidate {
    pub(super) module: ModuleId,
    pub(super) file: FileId,
    pub(super) item: Item,
    pub(super) attributes: Vec<Unconditional>,
    /// The place of a `cfg` on it or around it.
    pub(super) condition: Option<(FileId, Span)>,
    /// Whether this build has it.
    pub(super) live: bool,
    /// The item by name.
    pub(super) named: Option<ItemId>,
    /// Whether it is a method that a trait asks for.
    pub(super) of_trait: bool,
}

/// Whether an attribute may be one of Cell's: not where it is one of rustc's most common.
pub(super) fn may_be_cells(attribute: &syn::Attribute) -> bool {
    const OTHERS: [&str; 9] = ["allow", "cfg", "derive", "doc", "expect", "inline", "must_use", "serde", "test"];
    !OTHERS.iter().any(|other| attribute.path().is_ident(other))
}

/// The names of every scope, while they are collected.
pub(super) struct Collector<'a> {
    pub(super) modules: &'a mut Vec<Module>,
    pub(super) names: &'a mut Names,
    pub(super) candidates: Vec<Candidate>,
}

impl Collector<'_> {
    /// Adds a module or a block, without a name for it.
    pub(super) fn module(
        &mut self,
        krate: CrateId,
        parent: Option<ModuleId>,
        block: bool,
        path: String,
        file: FileId,
    ) -> ModuleId {
        let id = ModuleId(self.modules.len());
        self.modules.push(Module { krate, parent, block, path, file });
        self.names.scopes.push(program::names::Scope::default());
        id
    }

    /// Adds the name of a module.
    pub(super) fn module_name(&mut self, module: ModuleId, ident: &Ident, vis: &RustVisibility, target: ModuleId) {
        self.entry(module, Namespace::Type, ident, vis, Definition::Module(target));
    }

    /// Adds the names that an item gives its module.
    pub(super) fn item(&mut self, module: ModuleId, item: &Item) -> Option<ItemId> {
        let (ident, vis, namespaces): (&Ident, &RustVisibility, &[Namespace]) = match item {
            Item::Struct(item) => (&item.ident, &item.vis, &[Namespace::Type, Namespace::Value]),
            Item::Enum(item) => (&item.ident, &item.vis, &[Namespace::Type]),
            Item::Union(item) => (&item.ident, &item.vis, &[Namespace::Type]),
            Item::Trait(item) => (&item.ident, &item.vis, &[Namespace::Type]),
            Item::TraitAlias(item) => (&item.ident, &item.vis, &[Namespace::Type]),
            Item::Type(item) => (&item.ident, &item.vis, &[Namespace::Type]),
            Item::Fn(item) => (&item.sig.ident, &item.vis, &[Namespace::Value]),
            Item::Const(item) => (&item.ident, &item.vis, &[Namespace::Value]),
            Item::Static(item) => (&item.ident, &item.vis, &[Namespace::Value]),
            Item::Use(item) => {
                self.import(module, item);
                return None;
            }
            Item::ExternCrate(item) => {
                self.extern_crate(module, item);
                return None;
            }
            _ => return None,
        };
        let id = ItemId(self.names.items.len());
        let alias = match item {
            Item::Type(item) => Some(item.clone()),
            _ => None,
        };
        let path = format!("{}::{}", self.modules[module.0].path, ident.unraw());
        self.names.items.push(program::names::Item { module, path, alias, declaration: None, insert_of: None });
        for namespace in namespaces {
            // A tuple struct's constructor is a value; a struct with named fields has none, and may share a function's name.
            if *namespace == Namespace::Value
                && matches!(item, Item::Struct(item) if matches!(item.fields, syn::Fields::Named(_)))
            {
                continue;
            }
            self.entry(module, *namespace, ident, vis, Definition::Item(id));
        }
        Some(id)
    }

    fn entry(
        &mut self,
        module: ModuleId,
        namespace: Namespace,
        ident: &Ident,
        vis: &RustVisibility,
        definition: Definition,
    ) {
        let visibility = self.visibility(module, vis);
        let entry = Entry { definition, visibility, origin: Origin::Item };
        self.names.scopes[module.0].entries.entry((namespace, ident.unraw().to_string())).or_insert(entry);
    }

    fn visibility(&self, module: ModuleId, vis: &RustVisibility) -> Visibility {
        let root = || {
            let mut root = module;
            while let Some(parent) = self.modules[root.0].parent {
                root = parent;
            }
            root
        };
        match vis {
            RustVisibility::Public(_) => Visibility::Public,
            RustVisibility::Restricted(vis) if vis.path.is_ident("self") => Visibility::Within(module),
            RustVisibility::Restricted(vis) if vis.path.is_ident("super") => {
                Visibility::Within(self.modules[module.0].parent.unwrap_or(module))
            }
            // `pub(in path)` names a module above; taking it for the crate shows a name to too many, never to too few.
            RustVisibility::Restricted(_) => Visibility::Within(root()),
            RustVisibility::Inherited => Visibility::Within(module),
        }
    }

    fn extern_crate(&mut self, module: ModuleId, item: &ItemExternCrate) {
        let krate = self.modules[module.0].krate;
        let root = self.modules[module.0].parent.is_none();
        let target = item.ident.unraw().to_string();
        let definition = match target.as_str() {
            "self" if root => Definition::Module(module),
            "alloc" | "core" | "std" => Definition::External("std".to_owned()),
            name => match self.names.externs[krate.0].get(name) {
                Some(definition) => definition.clone(),
                None => return,
            },
        };
        if root && item.attrs.iter().any(|attribute| attribute.path().is_ident("macro_use")) {
            self.names.macro_crates[krate.0].push(definition.clone());
        }
        let ident = item.rename.as_ref().map_or(&item.ident, |(_, rename)| rename);
        if ident == "_" {
            return;
        }
        if root {
            // A crate named at the root can be named everywhere below.
            self.names.externs[krate.0].insert(ident.unraw().to_string(), definition.clone());
        }
        self.entry(module, Namespace::Type, ident, &item.vis, definition);
    }

    fn import(&mut self, module: ModuleId, item: &ItemUse) {
        let visibility = self.visibility(module, &item.vis);
        let mut open = vec![(Vec::new(), &item.tree)];
        while let Some((path, tree)) = open.pop() {
            let leaf =
                |ident: &Ident| -> Vec<String> { path.iter().cloned().chain([ident.unraw().to_string()]).collect() };
            let (path, name, only_types) = match tree {
                UseTree::Path(tree) => {
                    open.push((leaf(&tree.ident), &*tree.tree));
                    continue;
                }
                UseTree::Group(tree) => {
                    open.extend(tree.items.iter().rev().map(|tree| (path.clone(), tree)));
                    continue;
                }
                UseTree::Glob(_) => (path, None, false),
                UseTree::Name(tree) if tree.ident == "self" && !path.is_empty() => {
                    let name = path.last().cloned();
                    (path, name, true)
                }
                UseTree::Rename(tree) if tree.ident == "self" && !path.is_empty() => {
                    (path, Some(tree.rename.unraw().to_string()), true)
                }
                UseTree::Name(tree) => (leaf(&tree.ident), Some(tree.ident.unraw().to_string()), false),
                UseTree::Rename(tree) => (leaf(&tree.ident), Some(tree.rename.unraw().to_string()), false),
            };
            if name.as_deref() != Some("_") {
                let absolute = item.leading_colon.is_some();
                self.names.imports.push(Import { module, absolute, path, name, only_types, visibility });
            }
        }
    }
}

/// Whether an attribute makes its item part of the schema, which may not hang on the build.
pub(super) fn is_schema(attribute: CellAttribute) -> bool {
    matches!(
        attribute,
        CellAttribute::DatabaseSqlite
            | CellAttribute::DatabasePostgres
            | CellAttribute::DatabaseTable
            | CellAttribute::DatabaseEnumeration
            | CellAttribute::DatabaseValue
    )
}
