//! `#[service]`: how the cell is made, and its entry among the program's cells.

use cell_syntax::decl::Service;
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Item;
use syn::spanned::Spanned as _;

use super::{record, runtime, word};

pub(super) fn expand(decl: &Service, item: Item, fingerprint: &str) -> TokenStream {
    let krate = runtime(decl.krate.as_ref());
    let ident = &decl.ident;
    let name = decl.cell_name();
    let make = match &decl.start {
        Some(start) => quote_spanned!(start.span()=> ::core::result::Result::Ok(#start(cx).await?)),
        None => {
            let fields = decl.fields.iter().map(|field| {
                let (ident, ty) = (&field.ident, &field.ty);
                let name = word(ident);
                // At the type's place, so that rustc points at the field it cannot build.
                quote_spanned!(ty.span()=> #ident: cx.field::<#ty, _>(#name).await?)
            });
            quote!(::core::result::Result::Ok(Self { #(#fields),* }))
        }
    };
    let numbers = decl.fields.iter().map(|field| {
        let ident = &field.ident;
        quote!(#krate::cache::Probe(&self.#ident).number())
    });
    let record = record(&krate, "service", &word(ident), fingerprint);
    quote! {
        #item
        const _: () = {
            impl #krate::service::Cell for #ident {
                const NAME: &'static str = #name;
                #[allow(clippy::needless_question_mark, reason = "the start's error may be another, which `?` turns into one of Cell's")]
                async fn start(cx: &#krate::service::Context) -> #krate::Result<Self> {
                    let _ = cx;
                    #make
                }
            }
            #krate::__instance! {
                impl #krate::cache::Instance for #ident {
                    fn number(&self) -> u64 {
                        #[allow(unused_imports, reason = "it answers for fields without a number")]
                        use #krate::cache::NoInstance as _;
                        #krate::cache::mixed(::core::ptr::from_ref(self).addr(), &[#(#numbers),*])
                    }
                }
            }
            #krate::__private::inventory::submit! { #krate::service::Service::of::<#ident>() }
            #record
        };
    }
}
