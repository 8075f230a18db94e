//! What a type means: names resolved, aliases expanded with their arguments.
//! Absent: inference, associated types, and `Self`.

use std::cell::Cell;
use std::collections::BTreeMap;

use proc_macro2::Span;
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{GenericArgument, GenericParam, PathArguments, ReturnType, Type, TypePath};

use super::LONGEST_CHAIN;
use crate::program::names::{Definition, Namespace};
use crate::program::{ModuleId, Program, Resolved, TypeKind, TypeRef};

/// How many parts a type may have once its aliases are expanded: a few aliases of pairs of aliases would fill any memory.
const MOST_PARTS: usize = 10_000;

/// What a type means in a module.
pub(super) fn resolve(program: &Program, module: ModuleId, ty: &Type) -> TypeRef {
    Resolver { program, parts: Cell::new(MOST_PARTS) }.ty(&Context::new(module), ty)
}

struct Resolver<'a> {
    program: &'a Program,
    parts: Cell<usize>,
}

/// Where a type stands.
struct Context {
    module: ModuleId,
    /// What the parameters of the alias around it stand for.
    parameters: BTreeMap<String, TypeRef>,
    /// Where the outermost alias around it is used.
    span: Option<Span>,
    /// How many aliases are around it.
    depth: usize,
}

impl Context {
    fn new(module: ModuleId) -> Self {
        Self { module, parameters: BTreeMap::new(), span: None, depth: 0 }
    }
}

impl Resolver<'_> {
    fn ty(&self, context: &Context, ty: &Type) -> TypeRef {
        let span = context.span.unwrap_or_else(|| ty.span());
        let kind = match self.parts.get().checked_sub(1) {
            Some(left) => {
                self.parts.set(left);
                self.kind(context, ty, span)
            }
            None => TypeKind::Other,
        };
        TypeRef { kind, span }
    }

    fn kind(&self, context: &Context, ty: &Type, span: Span) -> TypeKind {
        match ty {
            Type::Group(group) => self.kind(context, &group.elem, span),
            Type::Paren(paren) => self.kind(context, &paren.elem, span),
            Type::Reference(reference) => TypeKind::Reference(Box::new(self.ty(context, &reference.elem))),
            Type::Tuple(tuple) => TypeKind::Tuple(tuple.elems.iter().map(|ty| self.ty(context, ty)).collect()),
            Type::Array(array) => TypeKind::Array(Box::new(self.ty(context, &array.elem))),
            Type::Slice(slice) => TypeKind::Slice(Box::new(self.ty(context, &slice.elem))),
            Type::ImplTrait(_) => TypeKind::ImplTrait,
            Type::Path(path) if path.qself.is_none() => self.named(context, path, span),
            _ => TypeKind::Other,
        }
    }

    fn named(&self, context: &Context, path: &TypePath, span: Span) -> TypeKind {
        if let Some(ident) = path.path.get_ident()
            && let Some(parameter) = context.parameters.get(&ident.unraw().to_string())
        {
            // What it stands for was counted where it was written; each further copy counts again.
            self.parts.set(self.parts.get().saturating_sub(size(parameter)));
            return if self.parts.get() == 0 { TypeKind::Other } else { parameter.kind.clone() };
        }
        let args = self.arguments(context, path);
        let definition = self.program.define(context.module, Namespace::Type, &path.path);
        if let Some(Definition::Item(id)) = &definition {
            let item = &self.program.names.items[id.0];
            if let Some(alias) = &item.alias {
                if context.depth == LONGEST_CHAIN {
                    return TypeKind::Named { resolved: Resolved::Unknown, args };
                }
                let mut inner = Context {
                    module: item.module,
                    parameters: BTreeMap::new(),
                    span: Some(span),
                    depth: context.depth + 1,
                };
                let mut args = args.into_iter();
                for parameter in &alias.generics.params {
                    if let GenericParam::Type(parameter) = parameter {
                        let default = || parameter.default.as_ref().map(|(_, default)| self.ty(&inner, default));
                        if let Some(arg) = args.next().or_else(default) {
                            inner.parameters.insert(parameter.ident.unraw().to_string(), arg);
                        }
                    }
                }
                return self.ty(&inner, &alias.ty).kind;
            }
        }
        TypeKind::Named { resolved: self.program.resolved(definition), args }
    }

    fn arguments(&self, context: &Context, path: &TypePath) -> Vec<TypeRef> {
        match path.path.segments.last().map(|segment| &segment.arguments) {
            Some(PathArguments::AngleBracketed(arguments)) => arguments
                .args
                .iter()
                .filter_map(|argument| match argument {
                    GenericArgument::Type(ty) => Some(self.ty(context, ty)),
                    _ => None,
                })
                .collect(),
            Some(PathArguments::Parenthesized(arguments)) => match &arguments.output {
                ReturnType::Type(_, ty) => vec![self.ty(context, ty)],
                ReturnType::Default => Vec::new(),
            },
            _ => Vec::new(),
        }
    }
}

fn size(ty: &TypeRef) -> usize {
    match &ty.kind {
        TypeKind::Named { args: parts, .. } | TypeKind::Tuple(parts) => 1 + parts.iter().map(size).sum::<usize>(),
        TypeKind::Reference(part) | TypeKind::Array(part) | TypeKind::Slice(part) => 1 + size(part),
        TypeKind::ImplTrait | TypeKind::Other => 1,
    }
}
