//! What a type says of its values. In: a type where it is written, with the generics around it. Out: a [`Value`]. What a type hides may be a
//! handle all the same, so anything with a database in its arguments carries that one.

use std::collections::BTreeSet;

use cell_syntax::decl::Decl;
use syn::ext::IdentExt as _;
use syn::punctuated::Punctuated;
use syn::{
    GenericArgument, GenericParam, Generics, PathArguments, ReturnType, Token, Type, TypeParamBound, WherePredicate,
};

use super::value::{Kind, Value};
use super::world::World;
use crate::lower::types::ends;
use crate::program::bodies::{Function, FunctionId, Owner, Structure};
use crate::program::{DeclId, ModuleId, Resolved, TypeKind, TypeRef};

/// Where a type is written.
pub(super) struct Around<'g> {
    pub(super) module: ModuleId,
    pub(super) generics: Vec<&'g Generics>,
    /// What `Self` is.
    pub(super) own: Value,
    /// The impl or the trait around.
    pub(super) owner: Option<&'g Owner>,
    /// The parameters whose bounds are being read: what bounds them may name them again.
    pub(super) bounded: BTreeSet<String>,
}

impl<'g> Around<'g> {
    /// Where nothing is around: of a static, say.
    pub(super) fn nothing(module: ModuleId) -> Self {
        Self { module, generics: Vec::new(), own: Value::Plain, owner: None, bounded: BTreeSet::new() }
    }

    /// Where these generics are around.
    pub(super) fn of(module: ModuleId, generics: &'g Generics) -> Self {
        Self { generics: vec![generics], ..Self::nothing(module) }
    }

    /// The same without the owner, or with one more parameter that is being read.
    fn inside(&self, owner: Option<&'g Owner>, bounded: Option<String>) -> Self {
        let bounded = self.bounded.iter().cloned().chain(bounded).collect();
        Self { module: self.module, generics: self.generics.clone(), own: self.own.clone(), owner, bounded }
    }
}

/// Types that only pass on their first argument. A `Synapse` does: a call of its cell is a call of the cell's method.
const PASSING: [&str; 11] =
    ["Arc", "Box", "Cow", "LazyCell", "LazyLock", "Pin", "Rc", "Ref", "Synapse", "Tx", "RefMut"];

/// Types of which one may have what is in them, or several of it.
const HOLDING: [&str; 8] = ["BTreeSet", "HashSet", "OnceCell", "OnceLock", "Option", "Page", "Vec", "VecDeque"];

/// The runtime's types that ask a table.
const ASKING: [&str; 7] = ["Group", "Grouped", "Query", "Search", "Select", "Table", "With"];

impl<'a> World<'a> {
    /// What a type says.
    pub(super) fn value(&self, at: &Around<'_>, ty: &Type) -> Value {
        match ty {
            Type::Group(ty) => self.value(at, &ty.elem),
            Type::Paren(ty) => self.value(at, &ty.elem),
            Type::Reference(ty) => self.value(at, &ty.elem),
            Type::Ptr(ty) => self.value(at, &ty.elem),
            Type::Array(ty) => self.value(at, &ty.elem).some(),
            Type::Slice(ty) => self.value(at, &ty.elem).some(),
            Type::Tuple(ty) => match ty.elems.len() {
                0 => Value::Plain,
                _ => self.tuple(ty.elems.iter().map(|ty| self.value(at, ty)).collect()),
            },
            Type::ImplTrait(ty) => self.bounds(at, [&ty.bounds].into_iter()),
            Type::TraitObject(ty) => self.bounds(at, [&ty.bounds].into_iter()),
            Type::Path(path) => self.by_path(at, ty, path),
            Type::FnPtr(function) => match &function.output {
                ReturnType::Type(_, ty) => Value::carrier(self.carries(&self.value(at, ty))),
                ReturnType::Default => Value::Plain,
            },
            Type::Infer(_) | Type::Never(_) => Value::Plain,
            _ => Value::Unknown,
        }
    }

    fn by_path(&self, at: &Around<'_>, ty: &Type, path: &syn::TypePath) -> Value {
        if let Some(ident) = path.path.get_ident() {
            if ident == "Self" {
                return at.own.clone();
            }
            if at.generics.iter().any(|generics| is_parameter(generics, ident)) {
                let name = ident.unraw().to_string();
                if at.bounded.contains(&name) {
                    return Value::Plain;
                }
                let bounds = at.generics.iter().flat_map(|generics| bounds_of(generics, ident));
                return self.bounds(&at.inside(at.owner, Some(name)), bounds);
            }
        }
        // `Self::Name`, unless it is a variant's.
        let mut segments = path.path.segments.iter().map(|segment| &segment.ident);
        if let (Some(first), Some(name), None) = (segments.next(), segments.next(), segments.next())
            && first == "Self"
            && let Some((_, ty)) = at.owner.and_then(|owner| owner.types.iter().find(|(of, _)| name.unraw() == of))
        {
            // What it is written by may not name itself.
            return self.value(&at.inside(None, None), ty);
        }
        let written: Vec<&Type> = path.path.segments.last().map(|last| arguments(&last.arguments)).unwrap_or_default();
        let found = self.program.resolve_type(at.module, ty);
        let TypeKind::Named { resolved, args } = &found.kind else { return self.resolved(&found) };
        // As they are written, arguments may name parameters and `Self`; those of an alias are known only as it expands.
        let values: Vec<Value> = if written.len() == args.len() {
            written.iter().map(|ty| self.value(at, ty)).collect()
        } else {
            args.iter().map(|ty| self.resolved(ty)).collect()
        };
        self.of(resolved, values)
    }

    /// What a type says whose names are resolved.
    fn resolved(&self, ty: &TypeRef) -> Value {
        match &ty.kind {
            TypeKind::Reference(ty) => self.resolved(ty),
            TypeKind::Array(ty) | TypeKind::Slice(ty) => self.resolved(ty).some(),
            TypeKind::Tuple(types) if !types.is_empty() => {
                self.tuple(types.iter().map(|ty| self.resolved(ty)).collect())
            }
            TypeKind::Named { resolved, args } => self.of(resolved, args.iter().map(|ty| self.resolved(ty)).collect()),
            TypeKind::Tuple(_) => Value::Plain,
            TypeKind::ImplTrait | TypeKind::Other => Value::Unknown,
        }
    }

    /// What a name with these arguments says.
    fn of(&self, resolved: &Resolved, mut arguments: Vec<Value>) -> Value {
        let carried: BTreeSet<DeclId> = arguments.iter().flat_map(|value| self.carries(value)).collect();
        match resolved {
            Resolved::Decl(id) => match &self.program.declared(*id).decl {
                Decl::Database(_) => Value::Database(*id),
                Decl::Table(_) => Value::Rows(*id),
                _ => self.typed(self.path(*id), carried),
            },
            Resolved::Item(path) => self.typed(path.clone(), carried),
            Resolved::External(path) => {
                let (krate, name) = ends(path);
                match arguments.first() {
                    Some(Value::Rows(row)) if krate == "cell" && ASKING.contains(&name) => {
                        let kind = match name {
                            "Table" => Kind::Table,
                            "Search" => Kind::Search,
                            _ => Kind::Query,
                        };
                        self.table(*row, self.tables_of(*row), kind)
                    }
                    Some(_) if PASSING.contains(&name) => arguments.swap_remove(0),
                    Some(_) if HOLDING.contains(&name) || name == "Result" => arguments.swap_remove(0).some(),
                    // Any of the runtime's own handles, whose database no type says.
                    None if krate == "cell" && ["Handle", "Context"].contains(&name) => {
                        Value::carrier(self.databases.keys().copied().collect())
                    }
                    _ => Value::carrier(carried),
                }
            }
            Resolved::Unknown if carried.is_empty() => Value::Unknown,
            Resolved::New(_) | Resolved::Unknown => Value::carrier(carried),
        }
    }

    fn typed(&self, path: String, mut carried: BTreeSet<DeclId>) -> Value {
        let value = Value::Typed(path);
        if carried.is_empty() {
            return value;
        }
        carried.extend(self.carries(&value));
        Value::carrier(carried)
    }

    /// What bounds say.
    fn bounds<'b>(
        &self,
        at: &Around<'_>,
        bounds: impl Iterator<Item = &'b Punctuated<TypeParamBound, Token![+]>>,
    ) -> Value {
        let (mut rows, mut traits, mut carried) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for bound in bounds.flatten() {
            let TypeParamBound::Trait(bound) = bound else { continue };
            let last = bound.path.segments.last().map(|last| &last.arguments);
            let arguments = last.map(arguments).unwrap_or_default();
            match self.program.resolve_path(at.module, &bound.path) {
                Resolved::External(path) if ends(&path) == ("cell", "Has") => {
                    for argument in arguments {
                        match self.value(at, argument) {
                            Value::Rows(row) => drop(rows.insert(row)),
                            _ => carried.extend(self.databases.keys().copied()),
                        }
                    }
                }
                Resolved::External(path)
                    if ends(&path).0 == "cell" && ["Database", "Runs"].contains(&ends(&path).1) =>
                {
                    carried.extend(self.databases.keys().copied());
                }
                Resolved::Item(path) => drop(traits.insert(path)),
                _ => carried.extend(arguments.iter().flat_map(|ty| self.carries(&self.value(at, ty)))),
            }
        }
        if !carried.is_empty() {
            Value::carrier(carried)
        } else if !rows.is_empty() {
            let has = |id: &DeclId| rows.iter().all(|row| self.tables_in(*id, *row).next().is_some());
            let databases = self.databases.keys().copied().filter(has).collect();
            Value::Has { rows, databases }
        } else if !traits.is_empty() {
            Value::Traits(traits)
        } else {
            Value::Plain
        }
    }

    /// What the type of a structure's field says.
    pub(super) fn field_type(&self, structure: &Structure, ty: &Type) -> Value {
        self.value(&Around::of(structure.module, &structure.generics), ty)
    }

    /// What a field of a type of the workspace is; nothing where it has none of the name.
    pub(super) fn field(&self, path: &str, name: &str) -> Option<Value> {
        let structures = self.program.bodies.structures.get(path)?;
        let fields = structures.iter().filter_map(|structure| {
            let (_, ty) = structure.fields.iter().find(|(field, _)| field == name).filter(|_| structure.whole)?;
            Some(self.field_type(structure, ty))
        });
        fields.reduce(|left, right| self.join(left, right))
    }

    /// What `self` is in a method by its impl; nothing in a trait, or outside of both.
    pub(super) fn own(&self, id: FunctionId) -> Option<Value> {
        let function = self.program.bodies.functions.get(id.0)?;
        let owner = function.owner.as_ref()?;
        Some(self.value(&Around::of(function.module, &owner.generics), owner.ty()?))
    }

    /// Where the types of a function's signature and body are written.
    pub(super) fn around<'f>(&self, function: &'f Function, own: Value) -> Around<'f> {
        let around = function.owner.as_ref().map(|owner| &owner.generics);
        let generics = around.into_iter().chain([&function.item.sig.generics]).collect();
        Around { generics, own, owner: function.owner.as_deref(), ..Around::nothing(function.module) }
    }
}

fn is_parameter(generics: &Generics, ident: &syn::Ident) -> bool {
    generics.params.iter().any(|parameter| matches!(parameter, GenericParam::Type(ty) if ty.ident == *ident))
}

/// What is asked of a parameter, where it is introduced and in `where`.
fn bounds_of<'g>(
    generics: &'g Generics,
    ident: &syn::Ident,
) -> impl Iterator<Item = &'g Punctuated<TypeParamBound, Token![+]>> {
    let ident = ident.unraw();
    let named = ident.clone();
    let own = generics.params.iter().filter_map(move |parameter| match parameter {
        GenericParam::Type(ty) if ty.ident.unraw() == named => Some(&ty.bounds),
        _ => None,
    });
    let predicates = generics.where_clause.iter().flat_map(|clause| &clause.predicates);
    let further = predicates.filter_map(move |predicate| match predicate {
        WherePredicate::Type(of) => {
            let is = matches!(&of.bounded_ty, Type::Path(path) if path.path.get_ident().is_some_and(|of| of.unraw() == ident));
            is.then_some(&of.bounds)
        }
        _ => None,
    });
    own.chain(further)
}

/// The types among a segment's arguments: `Item = T` has one too, and of `Fn(A) -> B` what it gives.
fn arguments(arguments: &PathArguments) -> Vec<&Type> {
    match arguments {
        PathArguments::AngleBracketed(arguments) => arguments
            .args
            .iter()
            .filter_map(|argument| match argument {
                GenericArgument::Type(ty) => Some(ty),
                GenericArgument::AssocType(of) => Some(&of.ty),
                _ => None,
            })
            .collect(),
        PathArguments::Parenthesized(arguments) => match &arguments.output {
            ReturnType::Type(_, ty) => vec![ty],
            ReturnType::Default => Vec::new(),
        },
        PathArguments::None => Vec::new(),
    }
}
