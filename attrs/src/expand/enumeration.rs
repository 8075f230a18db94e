//! `#[Database::enumeration]`: the enum is stored and carried as its values' texts.

use cell_syntax::decl::Enumeration;
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Item, parse_quote};

use super::{derive_serde, keep_helpers, message, record, runtime, word};

pub(super) fn expand(decl: &Enumeration, mut item: Item, fingerprint: &str) -> TokenStream {
    let krate = runtime(decl.krate.as_ref());
    let ident = &decl.ident;
    if let Item::Enum(item) = &mut item {
        derive_serde(&mut item.attrs, &krate);
        // One text everywhere: in the database, in JSON, in the shape.
        for (variant, value) in item.variants.iter_mut().zip(&decl.values) {
            let text = &value.text;
            variant.attrs.push(parse_quote!(#[serde(rename = #text)]));
        }
    }
    keep_helpers(&mut item, &krate);
    // A removed value is still read, and stored as the one that took its place.
    let stored = decl.values.iter().map(|value| {
        let variant = &value.ident;
        let target = value.removed_to.as_ref().unwrap_or(variant);
        let text = decl.values.iter().find(|value| value.ident == *target).map(|value| &value.text);
        quote!(Self::#variant => #text)
    });
    // A renamed one may be there under its earlier text, until no process of the earlier release is left.
    let read = decl.values.iter().map(|value| {
        let earlier = value.renamed_from.iter().map(|earlier| &earlier.value);
        let texts = std::iter::once(&value.text).chain(earlier);
        let variant = &value.ident;
        quote!(#(#texts)|* => ::core::option::Option::Some(Self::#variant))
    });
    let renamed = decl.values.iter().filter_map(|value| {
        let (text, earlier) = (&value.text, &value.renamed_from.as_ref()?.value);
        Some(quote!((#text, #earlier)))
    });
    let texts = decl.values.iter().map(|value| &value.text);
    let shape = message::implement(ident, &quote!(define.enumeration(&[#(#texts),*])), &krate);
    let record = record(&krate, "enumeration", &word(ident), fingerprint);
    quote! {
        #item
        const _: () = {
            impl #krate::db::Field for #ident {
                const TYPE: #krate::db::Type = #krate::db::Type::Text;
                const EARLIER: &'static [(&'static str, &'static str)] = &[#(#renamed),*];
                fn value(&self) -> #krate::db::Value<'_> {
                    #krate::db::Value::Text(::std::borrow::Cow::Borrowed(match self { #(#stored,)* }))
                }
                fn read(slot: &#krate::db::Slot<'_>) -> ::core::result::Result<Self, #krate::db::Unreadable> {
                    slot.enumeration(|text| match text { #(#read,)* _ => ::core::option::Option::None })
                }
            }
            impl #krate::db::Scalar for #ident {}
            #krate::__parameter_by_reference! { #ident }
            #krate::__search! {
                impl #krate::search::Filterable for #ident {}
                impl #krate::search::Facetable for #ident {}
            }
            #shape
            #record
        };
    }
}
