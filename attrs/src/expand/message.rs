//! `#[message]`: serde's form and the shape.

use cell_syntax::decl::{Message, MessageBody, MessageField, VariantBody};
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Ident, Item, Path};

use super::{derive_serde, record, runtime, together, word};

pub(super) fn expand(decl: &Message, mut item: Item, fingerprint: &str) -> TokenStream {
    let krate = runtime(decl.krate.as_ref());
    match &mut item {
        Item::Struct(item) => derive_serde(&mut item.attrs, &krate),
        Item::Enum(item) => derive_serde(&mut item.attrs, &krate),
        _ => {}
    }
    let shape = match &decl.body {
        // serde carries a newtype as what it wraps.
        MessageBody::Newtype(inner) => newtype(&decl.ident, &quote!(#inner), &krate),
        MessageBody::Struct(fields) => {
            let fields = fields_of(fields);
            implement(&decl.ident, &quote!(define.structure(|fields| { fields #fields; })), &krate)
        }
        MessageBody::Enum(variants) => {
            let variants = variants.iter().map(|variant| {
                let name = word(&variant.ident);
                match &variant.body {
                    VariantBody::Unit => quote!(.unit(#name)),
                    VariantBody::Newtype(ty) => quote!(.newtype::<#ty>(#name)),
                    VariantBody::Struct(fields) => {
                        let fields = fields_of(fields);
                        quote!(.structure(#name, |fields| { fields #fields; }))
                    }
                }
            });
            implement(&decl.ident, &quote!(define.choice(|variants| { variants #(#variants)*; })), &krate)
        }
    };
    let record = record(&krate, "message", &word(&decl.ident), fingerprint);
    quote!(#item const _: () = { #shape #record };)
}

fn fields_of(fields: &[MessageField]) -> TokenStream {
    let fields = fields.iter().map(|field| {
        let name = word(&field.ident);
        let ty = &field.ty;
        quote!(.field::<#ty>(#name))
    });
    quote!(#(#fields)*)
}

/// The shape of a named type.
pub(super) fn implement(ident: &Ident, definition: &TokenStream, krate: &Path) -> TokenStream {
    let name = word(ident);
    quote! {
        impl #krate::message::Message for #ident {
            fn shape(shapes: &mut #krate::message::Shapes) -> #krate::message::Shape {
                shapes.define::<Self>(#name, |define| #definition)
            }
        }
    }
}

/// The shape of a struct with these fields.
pub(super) fn structure(ident: &Ident, names: &[String], types: &[TokenStream], krate: &Path) -> TokenStream {
    let name = word(ident);
    let types = together::types(types, krate);
    quote! {
        impl #krate::message::Message for #ident {
            fn shape(shapes: &mut #krate::message::Shapes) -> #krate::message::Shape {
                shapes.structure::<Self, #types>(#name, &[#(#names),*])
            }
        }
    }
}

/// The shape of a type that is carried as what it wraps.
pub(super) fn newtype(ident: &Ident, inner: &TokenStream, krate: &Path) -> TokenStream {
    quote! {
        impl #krate::message::Message for #ident {
            fn shape(shapes: &mut #krate::message::Shapes) -> #krate::message::Shape {
                <#inner as #krate::message::Message>::shape(shapes)
            }
        }
    }
}
