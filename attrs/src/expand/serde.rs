//! serde's form of a struct with columns: less than what serde's derives emit, and the same bytes. What is the same for every type is the
//! runtime's. Where serde's own attributes or derives stand on the struct, its derives are left to do it.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Fields, Ident, ItemStruct, Path, Type, parse_quote};

use super::{derive_serde, derives, word};

/// Gives a struct its form: by serde's derives where their attributes are on it, or else by what is returned.
pub(super) fn implement(
    item: &mut ItemStruct,
    fields: &[(&Ident, &Type)],
    skipped: &[Ident],
    krate: &Path,
) -> TokenStream {
    let has_own = |attribute: &syn::Attribute| attribute.path().is_ident("serde");
    let is_serdes = item.attrs.iter().any(has_own)
        || item.fields.iter().any(|field| field.attrs.iter().any(has_own))
        || derives(&item.attrs, "Serialize")
        || derives(&item.attrs, "Deserialize");
    if is_serdes {
        derive_serde(&mut item.attrs, krate);
        skip(&mut item.fields, skipped);
        return TokenStream::new();
    }
    of(&item.ident, fields, skipped, krate)
}

/// A skipped field is no part of the row, and so none of the message.
fn skip(fields: &mut Fields, skipped: &[Ident]) {
    for field in fields {
        if field.ident.as_ref().is_some_and(|ident| skipped.contains(ident)) {
            field.attrs.push(parse_quote!(#[serde(skip)]));
        }
    }
}

/// The impls for a struct of these fields, and of others that are their types' defaults.
pub(super) fn of(ident: &Ident, fields: &[(&Ident, &Type)], skipped: &[Ident], krate: &Path) -> TokenStream {
    let serde = quote!(#krate::__private::serde);
    let message = quote!(#krate::message);
    let name = word(ident);
    let count = fields.len();
    let idents: Vec<&Ident> = fields.iter().map(|(ident, _)| *ident).collect();
    let types: Vec<&Type> = fields.iter().map(|(_, ty)| *ty).collect();
    let names: Vec<String> = idents.iter().map(|ident| word(ident)).collect();
    let places: Vec<usize> = (0..count).collect();
    let slots = format_ident!("__Slots");
    quote! {
        #[automatically_derived]
        impl #serde::Serialize for #ident {
            fn serialize<__S: #serde::Serializer>(&self, to: __S) -> ::core::result::Result<__S::Ok, __S::Error> {
                #message::write(to, #name, #count, |fields| {
                    #(fields.field(#names, &self.#idents);)*
                })
            }
        }
        #[allow(nonstandard_style, deprecated, dead_code, reason = "its fields bear the names of the columns")]
        struct #slots { #(#idents: ::core::option::Option<#types>),* }
        #[automatically_derived]
        impl<'de> #message::Slots<'de> for #slots {
            fn fill<__S: #message::Source<'de>>(
                &mut self,
                at: usize,
                source: __S,
            ) -> ::core::result::Result<(), __S::Error> {
                match at {
                    #(#places => source.fill(&mut self.#idents),)*
                    _ => ::core::result::Result::Ok(()),
                }
            }
        }
        #[automatically_derived]
        impl<'de> #serde::Deserialize<'de> for #ident {
            fn deserialize<__D: #serde::Deserializer<'de>>(from: __D) -> ::core::result::Result<Self, __D::Error> {
                let slots = #slots { #(#idents: ::core::option::Option::None),* };
                let slots = #message::structure(from, #name, &[#(#names),*], slots)?;
                ::core::result::Result::Ok(Self {
                    #(#idents: #message::filled(slots.#idents),)*
                    #(#skipped: ::core::default::Default::default(),)*
                })
            }
        }
    }
}
