//! How Rust finds a path's meaning: the scopes around it, then the crates by name, then what is always there.
//! Absent: whether the name may be seen from there, which rustc says.

use syn::ext::IdentExt as _;

use super::external;
use crate::program::names::{Definition, Entry, Names, Namespace, Origin};
use crate::program::{Crate, Module, ModuleId};

/// The segments of a path without their arguments.
pub(crate) fn segments(path: &syn::Path) -> Vec<String> {
    path.segments.iter().map(|segment| segment.ident.unraw().to_string()).collect()
}

/// Where names are looked up.
pub(super) struct Lookup<'a> {
    pub(super) modules: &'a [Module],
    pub(super) crates: &'a [Crate],
    pub(super) names: &'a Names,
    /// The import being resolved, which does not see the names it gives itself.
    pub(super) ignored: Option<usize>,
}

impl Lookup<'_> {
    /// The meaning of a path in a module.
    pub(super) fn path(
        &self,
        module: ModuleId,
        namespace: Namespace,
        absolute: bool,
        segments: &[String],
    ) -> Option<Definition> {
        let (first, mut rest) = segments.split_first()?;
        let namespace_at = |rest: &[String]| if rest.is_empty() { namespace } else { Namespace::Type };
        let mut definition = if absolute {
            self.krate(module, first)?
        } else {
            match first.as_str() {
                "crate" => Definition::Module(self.crates[self.modules[module.0].krate.0].root),
                "self" => Definition::Module(self.nearest_module(module)),
                "super" => Definition::Module(self.above(module)?),
                _ => self.first(module, namespace_at(rest), first)?,
            }
        };
        if matches!(first.as_str(), "self" | "super") {
            while let (Definition::Module(here), Some(("super", below))) = (&definition, split(rest)) {
                definition = Definition::Module(self.above(*here)?);
                rest = below;
            }
        }
        while let Some((segment, below)) = rest.split_first() {
            definition = self.step(&definition, namespace_at(below), segment)?;
            rest = below;
        }
        Some(definition)
    }

    /// A name below something.
    fn step(&self, definition: &Definition, namespace: Namespace, segment: &str) -> Option<Definition> {
        match definition {
            Definition::Module(id) => self.entry(*id, namespace, segment).map(|entry| entry.definition.clone()),
            Definition::External(path) => external::step(path, namespace, segment).map(Definition::External),
            Definition::Item(id) => Some(Definition::Member(format!("{}::{segment}", self.names.items[id.0].path))),
            Definition::Member(path) => Some(Definition::Member(format!("{path}::{segment}"))),
            Definition::Ambiguous => None,
        }
    }

    /// A path's first name: from the blocks around it and the module, then a crate, then the prelude.
    fn first(&self, module: ModuleId, namespace: Namespace, name: &str) -> Option<Definition> {
        let mut scope = module;
        loop {
            if let Some(entry) = self.entry(scope, namespace, name) {
                return Some(entry.definition.clone());
            }
            let here = &self.modules[scope.0];
            match here.parent.filter(|_| here.block) {
                Some(parent) => scope = parent,
                None => break,
            }
        }
        match namespace {
            Namespace::Type => self.krate(module, name).or_else(|| external::prelude(name).map(Definition::External)),
            Namespace::Macro => self.names.macro_crates[self.modules[module.0].krate.0]
                .iter()
                .find_map(|krate| self.step(krate, namespace, name)),
            Namespace::Value => None,
        }
    }

    /// A crate that this one can name.
    fn krate(&self, module: ModuleId, name: &str) -> Option<Definition> {
        let externs = &self.names.externs[self.modules[module.0].krate.0];
        match name {
            "std" | "core" => Some(Definition::External("std".to_owned())),
            _ => externs.get(name).cloned(),
        }
    }

    fn entry(&self, module: ModuleId, namespace: Namespace, name: &str) -> Option<&Entry> {
        let entry = self.names.scopes[module.0].entries.get(&(namespace, name.to_owned()))?;
        match (entry.origin, self.ignored) {
            (Origin::Import(import), Some(ignored)) if import == ignored => None,
            _ => Some(entry),
        }
    }

    /// The module that a block stands in.
    fn nearest_module(&self, mut module: ModuleId) -> ModuleId {
        while let Some(parent) = self.modules[module.0].parent.filter(|_| self.modules[module.0].block) {
            module = parent;
        }
        module
    }

    fn above(&self, module: ModuleId) -> Option<ModuleId> {
        self.modules[self.nearest_module(module).0].parent.map(|parent| self.nearest_module(parent))
    }
}

fn split(segments: &[String]) -> Option<(&str, &[String])> {
    segments.split_first().map(|(first, rest)| (first.as_str(), rest))
}
