//! What paths and types mean. In: the names that `scan` collected. Out: the declaration, item or foreign name behind a path.
//! Absent: inference. A method, an associated type or a macro's output has no meaning here.

mod external;
mod imports;
mod inserts;
mod lookup;
mod types;

pub(crate) use external::{RUNTIME, attribute};
pub(crate) use imports::complete;
pub(crate) use inserts::add_inserts;

use crate::program::names::{Definition, Namespace};
use crate::program::{ModuleId, Program, Resolved, TypeRef};
use lookup::Lookup;

/// How many aliases may stand for each other in a row before the chain counts as a circle.
const LONGEST_CHAIN: usize = 32;

impl Program {
    /// What a path means in a module: as a type, or else as a function or constant. An alias without parameters is followed.
    #[must_use]
    pub fn resolve_path(&self, module: ModuleId, path: &syn::Path) -> Resolved {
        self.follow(module, path, LONGEST_CHAIN)
    }

    /// What a type means in a module. Aliases are expanded, also those with parameters.
    #[must_use]
    pub fn resolve_type(&self, module: ModuleId, ty: &syn::Type) -> TypeRef {
        types::resolve(self, module, ty)
    }

    fn follow(&self, module: ModuleId, path: &syn::Path, left: usize) -> Resolved {
        let definition =
            self.define(module, Namespace::Type, path).or_else(|| self.define(module, Namespace::Value, path));
        if let Some(Definition::Item(id)) = &definition {
            let item = &self.names.items[id.0];
            if let Some(alias) = &item.alias
                && let syn::Type::Path(target) = &*alias.ty
                && target.qself.is_none()
                && alias.generics.params.is_empty()
            {
                return match left.checked_sub(1) {
                    Some(left) => self.follow(item.module, &target.path, left),
                    None => Resolved::Unknown,
                };
            }
        }
        self.resolved(definition)
    }

    fn resolved(&self, definition: Option<Definition>) -> Resolved {
        match definition {
            Some(Definition::Item(id)) => {
                let item = &self.names.items[id.0];
                match (item.declaration, item.insert_of) {
                    (Some(declaration), _) => Resolved::Decl(declaration),
                    (None, Some(table)) => Resolved::New(table),
                    (None, None) => Resolved::Item(item.path.clone()),
                }
            }
            Some(Definition::Member(path)) => Resolved::Item(path),
            Some(Definition::Module(id)) => Resolved::Item(self.modules[id.0].path.clone()),
            Some(Definition::External(path)) => Resolved::External(path),
            Some(Definition::Ambiguous) | None => Resolved::Unknown,
        }
    }

    pub(crate) fn define(&self, module: ModuleId, namespace: Namespace, path: &syn::Path) -> Option<Definition> {
        let lookup = Lookup { modules: &self.modules, crates: &self.crates, names: &self.names, ignored: None };
        lookup.path(module, namespace, path.leading_colon.is_some(), &lookup::segments(path))
    }
}
