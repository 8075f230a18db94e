//! What stands inside of declarations and beside them: functions with their bodies, and of which types fields are. What `scan` collects
//! and `trace` follows. Absent: what of it means anything.

use std::collections::BTreeMap;
use std::rc::Rc;

use syn::ext::IdentExt as _;

use super::names::ItemId;
use super::{FileId, ModuleId};

/// A function, by its place in [`Bodies::functions`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FunctionId(pub(crate) usize);

/// A function or a method, with its body.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    pub(crate) module: ModuleId,
    pub(crate) file: FileId,
    /// Without its attributes.
    pub(crate) item: syn::ItemFn,
    /// The item that it is, where it is no method.
    pub(crate) named: Option<ItemId>,
    pub(crate) owner: Option<Rc<Owner>>,
}

/// The impl or the trait that methods stand in.
#[derive(Clone, Debug)]
pub(crate) struct Owner {
    pub(crate) generics: syn::Generics,
    pub(crate) kind: OwnerKind,
    /// What `Self::Name` stands for: in a trait by what it is asked for.
    pub(crate) types: Vec<(String, syn::Type)>,
}

/// What methods belong to.
#[derive(Clone, Debug)]
pub(crate) enum OwnerKind {
    /// `impl T`
    Inherent(syn::Type),
    /// `impl Trait for T`
    Impl { of: syn::Path, ty: syn::Type },
    /// `trait T`
    Trait,
}

impl Owner {
    /// Of an impl.
    pub(crate) fn of_impl(item: &syn::ItemImpl) -> Self {
        let ty = (*item.self_ty).clone();
        let kind = match &item.trait_ {
            Some((path, _)) => OwnerKind::Impl { of: path.clone(), ty },
            None => OwnerKind::Inherent(ty),
        };
        let types = item.items.iter().filter_map(|item| match item {
            syn::ImplItem::Type(item) => Some((item.ident.unraw().to_string(), item.ty.clone())),
            _ => None,
        });
        Self { generics: item.generics.clone(), kind, types: types.collect() }
    }

    /// Of a trait.
    pub(crate) fn of_trait(item: &syn::ItemTrait) -> Self {
        let types = item.items.iter().filter_map(|item| match item {
            syn::TraitItem::Type(item) => {
                let (attrs, bounds) = (Vec::new(), item.bounds.clone());
                let asked = syn::TypeImplTrait { attrs, impl_token: Default::default(), bounds };
                Some((item.ident.unraw().to_string(), syn::Type::ImplTrait(asked)))
            }
            _ => None,
        });
        Self { generics: item.generics.clone(), kind: OwnerKind::Trait, types: types.collect() }
    }

    /// Whether a trait says which methods there are.
    pub(crate) fn is_of_trait(&self) -> bool {
        !matches!(self.kind, OwnerKind::Inherent(_))
    }

    /// The type whose methods these are.
    pub(crate) fn ty(&self) -> Option<&syn::Type> {
        match &self.kind {
            OwnerKind::Inherent(ty) | OwnerKind::Impl { ty, .. } => Some(ty),
            OwnerKind::Trait => None,
        }
    }
}

/// A struct, an enum or a union. Its item's path tells it from others, but for those of blocks in one module.
#[derive(Clone, Debug)]
pub(crate) struct Structure {
    pub(crate) module: ModuleId,
    pub(crate) generics: syn::Generics,
    /// Its fields, of which those without a name are called by their numbers; of an enum those of all variants.
    pub(crate) fields: Vec<(String, syn::Type)>,
    /// Whether a value has all fields.
    pub(crate) whole: bool,
}

/// A static or a constant.
#[derive(Clone, Debug)]
pub(crate) struct Global {
    pub(crate) module: ModuleId,
    pub(crate) ty: syn::Type,
}

/// Everything that stands inside.
#[derive(Debug, Default)]
pub(crate) struct Bodies {
    pub(crate) functions: Vec<Function>,
    /// By the paths of their items.
    pub(crate) structures: BTreeMap<String, Vec<Structure>>,
    pub(crate) globals: BTreeMap<ItemId, Global>,
    /// The scopes of blocks with items, by the scope around and the first byte of the block.
    pub(crate) blocks: BTreeMap<(ModuleId, usize), ModuleId>,
}
