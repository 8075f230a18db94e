//! Walks a crate's modules from its root, as rustc does. In: the root file and the build's `cfg`. Out: modules, names and
//! candidates, and the files that were walked. What this build does not have is walked too, as far as it can be read: a table
//! under a `cfg` is refused in the builds that have it and in those that do not.
//! Absent: what macros make.

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use cell_syntax::diagnostic::Diagnostic;
use proc_macro2::Span;
use syn::visit::{self, Visit};
use syn::{Attribute, Block, ImplItem, Item, ItemMod, Stmt, TraitItem};

use super::bodies;
use super::candidates::{Candidate, Collector, may_be_cells};
use super::cfg::{Cfg, Presence, Unfolded};
use super::directory::Directory;
use super::includes::include;
use super::queries::{self, Invocation};
use super::sources::Sources;
use crate::program::bodies::{Bodies, Owner};
use crate::program::names::ItemId;
use crate::program::{CrateId, FileId, Include, ModuleId, Walked};

/// Walks crates, one after the other.
pub(super) struct Walk<'a> {
    pub(super) sources: &'a mut Sources,
    pub(super) collector: Collector<'a>,
    pub(super) walked: BTreeMap<FileId, Walked>,
    /// What `include!` and its like name.
    pub(super) includes: Vec<Include>,
    /// What may be statements of `sql!`.
    pub(super) invocations: Vec<Invocation>,
    /// Functions with their bodies, and the types of fields.
    pub(super) bodies: Bodies,
}

/// Where the walk is.
#[derive(Clone)]
struct Here<'a> {
    cfg: &'a Cfg,
    krate: CrateId,
    module: ModuleId,
    file: FileId,
    directory: Directory,
    /// The files around, from the root on: none may be among them twice.
    around: Vec<FileId>,
    condition: Option<(FileId, Span)>,
    live: bool,
}

impl Here<'_> {
    /// The same place under an item's attributes; `None` where that item is never there.
    fn under(&self, presence: Presence) -> Option<Self> {
        match presence {
            Presence::Never => None,
            Presence::Always => Some(self.clone()),
            Presence::Depends { holds, span } => {
                Some(Self { condition: Some((self.file, span)), live: self.live && holds, ..self.clone() })
            }
        }
    }
}

impl Walk<'_> {
    /// Walks a crate whose root module is there already.
    pub(super) fn krate(&mut self, cfg: &Cfg, krate: CrateId, module: ModuleId, file: FileId) {
        let directory = Directory::of_file(&self.sources.files[file.0].path);
        let here = Here { cfg, krate, module, file, directory, around: vec![file], condition: None, live: true };
        self.file(&here, None);
    }

    /// Walks a module's file.
    fn file(&mut self, here: &Here<'_>, named_by: Option<&ItemMod>) {
        let tree = match self.sources.tree(here.file) {
            Ok(tree) => tree,
            Err(diagnostic) => {
                if here.live {
                    self.sources.report(here.file, *diagnostic);
                }
                return;
            }
        };
        // A file whose own `#![cfg]` is false is read all the same.
        let walked = match (here.live, here.condition) {
            (false, _) => Walked::Absent,
            (true, Some(_)) => Walked::Conditional,
            (true, None) => Walked::Always,
        };
        let before = self.walked.entry(here.file).or_insert(walked);
        *before = walked.max(*before);
        let Some(inside) = here.under(here.cfg.unfold(&tree.attrs).presence) else { return };
        if let (Some(item), true) = (named_by, here.live)
            && inside.live
            && let Some(parent) = self.collector.modules[here.module.0].parent
        {
            self.collector.module_name(parent, &item.ident, &item.vis, here.module);
        }
        self.items(&inside, tree.items.iter());
    }

    fn items<'t>(&mut self, here: &Here<'_>, items: impl Iterator<Item = &'t Item>) {
        for item in items {
            self.item(here, item);
        }
    }

    fn item(&mut self, here: &Here<'_>, item: &Item) {
        let unfolded = here.cfg.unfold(attributes(item));
        let Some(here) = here.under(unfolded.presence) else { return };
        if let Item::Mod(module) = item {
            self.module(&here, module, &unfolded);
            self.candidate(&here, item, unfolded, None, false);
            return;
        }
        let named = if here.live { self.collector.item(here.module, item) } else { None };
        self.candidate(&here, item, unfolded, named, false);
        if let Some(id) = named {
            let path = self.collector.names.items.get(id.0).map(|item| item.path.as_str());
            bodies::item(&mut self.bodies, here.module, here.file, path, id, item);
        }
        let owner = match item {
            Item::Impl(item) => Some(Rc::new(Owner::of_impl(item))),
            Item::Trait(item) => Some(Rc::new(Owner::of_trait(item))),
            _ => None,
        };
        visit::visit_item(&mut Body { walk: self, here, owner }, item);
    }

    fn candidate(&mut self, here: &Here<'_>, item: &Item, unfolded: Unfolded, named: Option<ItemId>, of_trait: bool) {
        if unfolded.attributes.iter().any(|attribute| may_be_cells(&attribute.attribute)) {
            let mut item = item.clone();
            if let Item::Mod(module) = &mut item {
                // No attribute of Cell's stands on a module: its place is enough to say so.
                module.content = None;
            }
            self.collector.candidates.push(Candidate {
                module: here.module,
                file: here.file,
                item,
                attributes: unfolded.attributes,
                condition: here.condition,
                live: here.live,
                named,
                of_trait,
            });
        }
    }

    fn module(&mut self, here: &Here<'_>, item: &ItemMod, unfolded: &Unfolded) {
        // As `module_path!()` prints it: with `r#` where the name is a keyword only.
        let name = &item.ident;
        let path = format!("{}::{name}", self.collector.modules[here.module.0].path);
        let parent = Some(here.module);
        if let Some((_, items)) = &item.content {
            let module = self.collector.module(here.krate, parent, false, path, here.file);
            if here.live {
                self.collector.module_name(here.module, name, &item.vis, module);
            }
            let directory = here.directory.of_inline(name, unfolded.active());
            self.items(&Here { module, directory, ..here.clone() }, items.iter());
            return;
        }
        let sources = &*self.sources;
        let shown = |path: &Path| sources.shown(path);
        let found = here.directory.find(name, unfolded.active(), &shown);
        let opened = found.and_then(|(path, directory)| match self.sources.open(&path) {
            Ok(file) => Ok((file, directory)),
            Err(error) => {
                let message = format!("`{}` cannot be read: {error}", self.sources.shown(&path));
                Err(Box::new(Diagnostic::new("unreadable-file", name.span(), message).help("make it readable")))
            }
        });
        let (file, directory) = match opened {
            Ok(opened) => opened,
            Err(diagnostic) => {
                if here.live {
                    self.sources.report(here.file, *diagnostic);
                }
                return;
            }
        };
        if let Some(start) = here.around.iter().position(|around| *around == file) {
            if here.live {
                let circle: Vec<String> = here.around[start..]
                    .iter()
                    .chain([&file])
                    .map(|file| format!("`{}`", self.sources.files[file.0].name))
                    .collect();
                let message = format!("this module contains itself: {}", circle.join(" → "));
                let help = "remove one of the `mod`s; another module's items are reached with `use`";
                self.sources.report(here.file, Diagnostic::new("cyclic-module", name.span(), message).help(help));
            }
            return;
        }
        let module = self.collector.module(here.krate, parent, false, path, file);
        let around = here.around.iter().copied().chain([file]).collect();
        self.file(&Here { module, file, directory, around, ..here.clone() }, Some(item));
    }
}

/// Finds what stands inside of functions and impls.
struct Body<'w, 'a, 'h> {
    walk: &'w mut Walk<'a>,
    here: Here<'h>,
    /// The impl or the trait whose members these are.
    owner: Option<Rc<Owner>>,
}

impl Body<'_, '_, '_> {
    /// Goes on under the attributes of a statement or a member.
    fn under(&mut self, attributes: &[Attribute], go_on: impl FnOnce(&mut Self, Unfolded)) {
        let unfolded = self.here.cfg.unfold(attributes);
        if let Some(here) = self.here.under(unfolded.presence) {
            let around = std::mem::replace(&mut self.here, here);
            go_on(self, unfolded);
            self.here = around;
        }
    }

    /// A function inside an impl or a trait, as the item it would be outside.
    fn member(&mut self, function: syn::ItemFn, unfolded: Unfolded) {
        let here = self.here.clone();
        if here.live {
            let owner = self.owner.clone();
            bodies::function(&mut self.walk.bodies, here.module, here.file, &function, None, owner);
        }
        let of_trait = self.owner.as_ref().is_some_and(|owner| owner.is_of_trait());
        self.walk.candidate(&here, &Item::Fn(function), unfolded, None, of_trait);
    }
}

impl<'ast> Visit<'ast> for Body<'_, '_, '_> {
    fn visit_item(&mut self, _: &'ast Item) {
        // The items of a block are taken by `visit_block`, with their scope.
    }

    fn visit_block(&mut self, block: &'ast Block) {
        let items =
            || block.stmts.iter().filter_map(|stmt| if let Stmt::Item(item) = stmt { Some(item) } else { None });
        let around = self.here.clone();
        if items().next().is_some() {
            let path = self.walk.collector.modules[around.module.0].path.clone();
            let scope = self.walk.collector.module(around.krate, Some(around.module), true, path, around.file);
            if around.live {
                let start = block.brace_token.span.open().byte_range().start;
                self.walk.bodies.blocks.insert((around.module, start), scope);
            }
            self.here.module = scope;
            self.here.directory = around.directory.of_block();
            let here = self.here.clone();
            self.walk.items(&here, items());
        }
        visit::visit_block(self, block);
        self.here = around;
    }

    fn visit_stmt(&mut self, stmt: &'ast Stmt) {
        let attributes = match stmt {
            Stmt::Local(local) => &local.attrs,
            Stmt::Macro(stmt) => &stmt.attrs,
            Stmt::Expr(syn::Expr::Block(block), _) => &block.attrs,
            Stmt::Expr(..) | Stmt::Item(_) => return visit::visit_stmt(self, stmt),
        };
        self.under(attributes, |body, _| visit::visit_stmt(body, stmt));
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        match item {
            ImplItem::Fn(function) => self.under(&function.attrs, |body, unfolded| {
                let as_item = syn::ItemFn {
                    attrs: function.attrs.clone(),
                    vis: function.vis.clone(),
                    modifiers: function.modifiers.clone(),
                    sig: function.sig.clone(),
                    block: Box::new(function.block.clone()),
                };
                body.member(as_item, unfolded);
                visit::visit_impl_item(body, item);
            }),
            ImplItem::Const(constant) => {
                self.under(&constant.attrs, |body, _| visit::visit_impl_item(body, item));
            }
            _ => visit::visit_impl_item(self, item),
        }
    }

    fn visit_trait_item(&mut self, item: &'ast TraitItem) {
        match item {
            TraitItem::Fn(function) => self.under(&function.attrs, |body, unfolded| {
                let none = || syn::Block { brace_token: Default::default(), stmts: Vec::new() };
                let as_item = syn::ItemFn {
                    attrs: function.attrs.clone(),
                    vis: syn::Visibility::Inherited,
                    modifiers: function.modifiers.clone(),
                    sig: function.sig.clone(),
                    block: Box::new(function.default.clone().unwrap_or_else(none)),
                };
                body.member(as_item, unfolded);
                visit::visit_trait_item(body, item);
            }),
            _ => visit::visit_trait_item(self, item),
        }
    }

    fn visit_macro(&mut self, invocation: &'ast syn::Macro) {
        if self.here.live {
            self.walk.includes.extend(include(invocation, self.here.file));
            queries::find(self.here.module, self.here.file, invocation, &mut self.walk.invocations);
        }
    }
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::ForeignMod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::TraitAlias(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
