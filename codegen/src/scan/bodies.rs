//! Keeps what stands inside of items: functions' bodies, and the types of fields, statics and constants. In: items that this build has.
//! Out: [`Bodies`]. Absent: which of them matter.

use std::rc::Rc;

use syn::ext::IdentExt as _;
use syn::{Fields, Item};

use crate::program::bodies::{Bodies, Function, Global, Owner, Structure};
use crate::program::names::ItemId;
use crate::program::{FileId, ModuleId};

/// Keeps what an item has inside; methods are kept one by one.
pub(super) fn item(bodies: &mut Bodies, module: ModuleId, file: FileId, path: Option<&str>, id: ItemId, item: &Item) {
    let mut structure = |generics: &syn::Generics, fields: Vec<(String, syn::Type)>, whole: bool| {
        let structure = Structure { module, generics: generics.clone(), fields, whole };
        bodies.structures.entry(path.unwrap_or_default().to_owned()).or_default().push(structure);
    };
    match item {
        Item::Struct(item) => structure(&item.generics, fields(&item.fields), true),
        Item::Union(item) => structure(&item.generics, fields(&Fields::Named(item.fields.clone())), false),
        Item::Enum(item) => {
            let fields = item.variants.iter().flat_map(|variant| fields(&variant.fields));
            structure(&item.generics, fields.collect(), false);
        }
        Item::Static(item) => drop(bodies.globals.insert(id, Global { module, ty: (*item.ty).clone() })),
        Item::Const(item) => drop(bodies.globals.insert(id, Global { module, ty: (*item.ty).clone() })),
        Item::Fn(item) => function(bodies, module, file, item, Some(id), None),
        _ => {}
    }
}

/// Keeps a function.
pub(super) fn function(
    bodies: &mut Bodies,
    module: ModuleId,
    file: FileId,
    item: &syn::ItemFn,
    named: Option<ItemId>,
    owner: Option<Rc<Owner>>,
) {
    let item = syn::ItemFn { attrs: Vec::new(), ..item.clone() };
    bodies.functions.push(Function { module, file, item, named, owner });
}

fn fields(fields: &Fields) -> Vec<(String, syn::Type)> {
    let name = |(at, field): (usize, &syn::Field)| {
        let name = field.ident.as_ref().map_or_else(|| at.to_string(), |ident| ident.unraw().to_string());
        (name, field.ty.clone())
    };
    fields.iter().enumerate().map(name).collect()
}
