//! serde's form of a struct with columns: less than what serde's derives emit, and the same bytes. What is the same for every type is the
//! runtime's. Where serde's own attributes or derives stand on the struct, its derives are left to do it.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Fields, Ident, ItemStruct, Path, Type, parse_quote};

use super::{derive_serde, derives, together, word};

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
    let idents: Vec<&Ident> = fields.iter().map(|(ident, _)| *ident).collect();
    let names: Vec<String> = idents.iter().map(|ident| word(ident)).collect();
    let types: Vec<&Type> = fields.iter().map(|(_, ty)| *ty).collect();
    let types = together::types(&types, krate);
    let values: Vec<TokenStream> = idents.iter().map(|ident| quote!(&self.#ident)).collect();
    let values = together::values(&values, krate);
    let read = together::names(fields.len());
    let places = together::values(&read, krate);
    quote! {
        #[automatically_derived]
        impl #serde::Serialize for #ident {
            fn serialize<__S: #serde::Serializer>(&self, to: __S) -> ::core::result::Result<__S::Ok, __S::Error> {
                #message::write(to, #name, &[#(#names),*], #values)
            }
        }
        #[automatically_derived]
        impl<'de> #serde::Deserialize<'de> for #ident {
            fn deserialize<__D: #serde::Deserializer<'de>>(from: __D) -> ::core::result::Result<Self, __D::Error> {
                let #places = #message::read::<#types, __D>(from, #name, &[#(#names),*])?;
                ::core::result::Result::Ok(Self {
                    #(#idents: #read,)*
                    #(#skipped: ::core::default::Default::default(),)*
                })
            }
        }
    }
}
