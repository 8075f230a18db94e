//! `#[Database::row]`: how a row of a query is read, and the type that `select` takes for it, whose fields bear the same names.

use cell_syntax::decl::{Row, RowField};
use proc_macro2::TokenStream;
use quote::{ToTokens as _, format_ident, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Ident, Item, Path, Visibility};

use super::{keep_helpers, message, record, runtime, serde, together, word};

pub(super) fn expand(decl: &Row, mut item: Item, fingerprint: &str) -> TokenStream {
    let krate = runtime(decl.krate.as_ref());
    let Item::Struct(definition) = &mut item else { return quote!(#item) };
    let visibility = definition.vis.clone();
    let fields: Vec<_> = decl.fields.iter().map(|field| (&field.ident, &field.ty)).collect();
    let form = serde::implement(definition, &fields, &[], &krate);
    keep_helpers(&mut item, &krate);
    let select = select(decl, &visibility, &krate);
    let ident = &decl.ident;
    let infos = decl.fields.iter().map(|field| info(field, &krate));
    let names: Vec<&Ident> = decl.fields.iter().map(|field| &field.ident).collect();
    let types: Vec<TokenStream> = decl.fields.iter().map(|field| field.ty.to_token_stream()).collect();
    let words: Vec<String> = names.iter().map(|name| word(name)).collect();
    let shape = message::structure(ident, &words, &types, &krate);
    let (reads, read) = together::reads(&fields);
    let record = record(&krate, "row", &word(ident), fingerprint);
    quote! {
        #item
        #select
        const _: () = {
            impl #krate::db::FromRow for #ident {
                const COLUMNS: &'static [#krate::db::ColumnInfo] = &[#(#infos),*];
                const NAMED: bool = true;
                fn read(row: &mut #krate::db::Reader<'_>) -> ::core::result::Result<Self, #krate::db::DataError> {
                    #reads
                    ::core::result::Result::Ok(Self { #(#names: #read),* })
                }
            }
            #shape
            #form
            #record
        };
    }
}

/// The type that `select` takes. It is named by the application, so it stands beside the struct.
fn select(decl: &Row, visibility: &Visibility, krate: &Path) -> TokenStream {
    let ident = &decl.ident;
    let span = decl.select.as_ref().unwrap_or(ident).span();
    let select = Ident::new(&decl.select_name(), span);
    let doc = format!(
        "What `select` takes to give each row as a [`{ident}`]: a column or something computed for each field."
    );
    let names: Vec<&Ident> = decl.fields.iter().map(|field| &field.ident).collect();
    let parameters: Vec<Ident> = (0..names.len()).map(|at| format_ident!("__S{at}")).collect();
    let bounds = decl.fields.iter().zip(&parameters).map(|(field, parameter)| {
        let ty = &field.ty;
        quote_spanned!(ty.span()=> #parameter: #krate::db::Selection<__T, Out = #ty>)
    });
    quote! {
        #[doc = #doc]
        #[derive(::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug)]
        #[allow(dead_code, reason = "a row may be for `sql!` alone")]
        #visibility struct #select<#(#parameters),*> {
            #(#[doc = "As in the row."] pub #names: #parameters),*
        }
        const _: () = {
            impl<__T: 'static, #(#bounds),*> #krate::db::Selection<__T> for #select<#(#parameters),*> {
                type Out = #ident;
                fn terms(&self, into: &mut #krate::db::Terms) {
                    #(#krate::db::Selection::<__T>::terms(&self.#names, into);)*
                }
                fn read(&self, row: &mut #krate::db::Reader<'_>) -> ::core::result::Result<#ident, #krate::db::DataError> {
                    ::core::result::Result::Ok(#ident {
                        #(#names: #krate::db::Selection::<__T>::read(&self.#names, row)?),*
                    })
                }
            }
        };
    }
}

/// What the runtime knows of a field's column.
fn info(field: &RowField, krate: &Path) -> TokenStream {
    let ty = &field.ty;
    let name = field.column();
    let decimal = field.decimal.as_ref().map(|decimal| {
        let (precision, scale) = decimal.value;
        quote_spanned!(decimal.span=> .decimal(#precision, #scale))
    });
    quote_spanned!(ty.span()=> #krate::db::ColumnInfo::of::<#ty>(#name) #decimal)
}
