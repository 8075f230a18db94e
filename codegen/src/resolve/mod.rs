//! What paths and types mean.

use crate::program::{ModuleId, Program, Resolved, TypeKind, TypeRef};

/// The names of every module.
#[derive(Debug, Default)]
pub struct Names {}

pub(crate) fn path(_program: &Program, _module: ModuleId, _path: &syn::Path) -> Resolved {
    Resolved::Unknown
}

pub(crate) fn ty(_program: &Program, _module: ModuleId, ty: &syn::Type) -> TypeRef {
    TypeRef { kind: TypeKind::Other, span: syn::spanned::Spanned::span(ty) }
}
