//! `#[Search::index]`: the facts of the index, and how a row gives what it holds. Without the runtime's feature `search` both are
//! passed to a macro that drops them.

use cell_syntax::decl::{SearchInclude, SearchIndex, SearchUses, Tokenizer};
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Ident, Item, Path, Type};

use super::{keep_helpers, optional, record, runtime, word};

pub(super) fn expand(decl: &SearchIndex, mut item: Item, fingerprint: &str) -> TokenStream {
    let krate = runtime(decl.krate.as_ref());
    keep_helpers(&mut item, &krate);
    let ident = &decl.ident;
    let name = optional(decl.name.as_ref().map(|name| name.value.to_token_stream()));
    let language = optional(decl.language.as_ref().map(|language| language.value.to_token_stream()));
    let infos = decl.fields.iter().map(|field| {
        let (ty, column, name) = (&field.ty, field.column, word(&field.ident));
        // At the field's type, so that rustc points there when it cannot be searched so.
        let span = ty.span();
        let new = quote_spanned! {span=>
            #krate::search::FieldInfo::new(&<#ident as #krate::db::Model>::INFO[#column], #name)
        };
        let uses = uses(&field.uses, span, Some(ty), &krate);
        quote_spanned!(span=> #new #uses)
    });
    let gives = decl.fields.iter().map(|field| {
        let name = &field.ident;
        quote_spanned!(field.ty.span()=> values.push(&self.#name);)
    });
    let includes = decl.includes.iter().map(|include| self::include(ident, include, &krate));
    let refers = decl.includes.iter().map(|include| {
        let field = &include.field;
        quote_spanned!(field.span()=> values.push(&self.#field);)
    });
    let record = record(&krate, "search", &word(ident), fingerprint);
    quote! {
        #item
        const _: () = {
            #krate::__search! {
                impl #krate::search::Indexed for #ident {
                    const INDEX: #krate::search::IndexInfo = #krate::search::IndexInfo {
                        name: #name,
                        language: #language,
                        fields: &[#(#infos),*],
                        includes: &[#(#includes),*],
                    };
                    fn give<'row>(&'row self, values: &mut #krate::search::Given<'row>) { #(#gives)* }
                    fn refer<'row>(&'row self, values: &mut #krate::search::Given<'row>) { #(#refers)* }
                }
            }
            #record
        };
    }
}

/// What the runtime knows of the row that a field leads to.
fn include(ident: &Ident, include: &SearchInclude, krate: &Path) -> TokenStream {
    let SearchInclude { field, relation, target, fields, .. } = include;
    let infos = fields.iter().map(|(name, uses)| {
        let (path, span) = (format!("{relation}.{}", word(name)), name.span());
        // The other struct's fields may be private to its module; its columns are not.
        let new = quote_spanned! {span=>
            #krate::search::FieldOf::new(&<#target as #krate::db::Model>::COLUMNS.#name, #path)
        };
        let uses = self::uses(uses, span, None, krate);
        quote_spanned!(span=> #new #uses .info)
    });
    let relation = word(relation);
    quote_spanned! {target.span()=>
        #krate::search::IncludeInfo {
            reference: #krate::search::ReferenceInfo::new::<_, _, #target>(
                &<#ident as #krate::db::Model>::COLUMNS.#field,
                #relation,
            ),
            fields: &[#(#infos),*],
        }
    }
}

/// What the runtime knows of a field's use. Its type is told where it is known.
fn uses(uses: &SearchUses, span: Span, ty: Option<&Type>, krate: &Path) -> TokenStream {
    let of = ty.map(|ty| quote_spanned!(span=> ::<#ty>));
    let text = uses.text.as_ref().map(|text| {
        let boost = text.boost;
        let tokenizer = match text.tokenizer {
            Tokenizer::Words => quote!(Words),
            Tokenizer::Exact => quote!(Exact),
            Tokenizer::Prefix => quote!(Prefix),
        };
        quote_spanned!(span=> .text #of (#boost, #krate::search::Tokenizer::#tokenizer))
    });
    let filter = uses.filter.map(|_| quote_spanned!(span=> .filter #of ()));
    let facet = uses.facet.map(|_| quote_spanned!(span=> .facet #of ()));
    quote_spanned!(span=> #text #filter #facet)
}
