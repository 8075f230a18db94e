//! `#[Database::value]`: the newtype is stored and carried as what it wraps.

use cell_syntax::decl::Value;
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Item;
use syn::spanned::Spanned as _;

use super::{derive_serde, message, record, runtime, word};

pub(super) fn expand(decl: &Value, mut item: Item, fingerprint: &str) -> TokenStream {
    let krate = runtime(decl.krate.as_ref());
    let (ident, inner) = (&decl.ident, &decl.inner);
    if let Item::Struct(item) = &mut item {
        derive_serde(&mut item.attrs, &krate);
    }
    let shape = message::newtype(ident, &quote!(#inner), &krate);
    let record = record(&krate, "value", &word(ident), fingerprint);
    // At the inner type's place, so that rustc points there when no column can hold it.
    let field = quote_spanned! {inner.span()=>
        impl #krate::db::Field for #ident {
            const TYPE: #krate::db::Type = <#inner as #krate::db::Field>::TYPE;
            const NULLABLE: bool = <#inner as #krate::db::Field>::NULLABLE;
            const EARLIER: &'static [(&'static str, &'static str)] = <#inner as #krate::db::Field>::EARLIER;
            fn value(&self) -> #krate::db::Value<'_> {
                #krate::db::Field::value(&self.0)
            }
            fn read(slot: &#krate::db::Slot<'_>) -> ::core::result::Result<Self, #krate::db::Unreadable> {
                ::core::result::Result::map(<#inner as #krate::db::Field>::read(slot), Self)
            }
        }
        impl #krate::db::Newtype for #ident {
            type Inner = #inner;
        }
    };
    quote! {
        #item
        const _: () = {
            #field
            #shape
            #record
        };
    }
}
