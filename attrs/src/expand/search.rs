//! `#[Search::index]`: the facts of the index, and how a row gives what it holds. Without the runtime's feature `search` both are
//! passed to a macro that drops them.

use cell_syntax::decl::{SearchField, SearchIndex, Tokenizer};
use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Item, Path};

use super::{keep_helpers, optional, record, runtime, word};

pub(super) fn expand(decl: &SearchIndex, mut item: Item, fingerprint: &str) -> TokenStream {
    let krate = runtime(decl.krate.as_ref());
    keep_helpers(&mut item, &krate);
    let ident = &decl.ident;
    let name = optional(decl.name.as_ref().map(|name| name.value.to_token_stream()));
    let language = optional(decl.language.as_ref().map(|language| language.value.to_token_stream()));
    let infos = decl.fields.iter().map(|field| info(field, &krate));
    let gives = decl.fields.iter().map(|field| {
        let name = &field.ident;
        quote_spanned!(field.ty.span()=> values.push(&self.#name);)
    });
    let record = record(&krate, "search", &word(ident), fingerprint);
    quote! {
        #item
        const _: () = {
            #krate::__search! {
                impl #krate::search::Indexed for #ident {
                    const INDEX: #krate::search::IndexInfo =
                        #krate::search::IndexInfo { name: #name, language: #language, fields: &[#(#infos),*] };
                    fn give<'row>(&'row self, values: &mut #krate::search::Given<'row>) { #(#gives)* }
                }
            }
            #record
        };
    }
}

/// What the runtime knows of a field.
fn info(field: &SearchField, krate: &Path) -> TokenStream {
    let (ty, column, name) = (&field.ty, field.column, word(&field.ident));
    // At the field's type, so that rustc points there when it cannot be searched so.
    let text = field.text.as_ref().map(|text| {
        let boost = text.boost;
        let tokenizer = match text.tokenizer {
            Tokenizer::Words => quote!(Words),
            Tokenizer::Exact => quote!(Exact),
            Tokenizer::Prefix => quote!(Prefix),
        };
        quote_spanned!(ty.span()=> .text::<#ty>(#boost, #krate::search::Tokenizer::#tokenizer))
    });
    let filter = field.filter.map(|_| quote_spanned!(ty.span()=> .filter::<#ty>()));
    let facet = field.facet.map(|_| quote_spanned!(ty.span()=> .facet::<#ty>()));
    quote_spanned!(ty.span()=> #krate::search::FieldInfo::new(#column, #name) #text #filter #facet)
}
