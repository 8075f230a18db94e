//! From an item under an attribute to the item with what the attribute adds.
//! In: tokens. Out: tokens; where something is wrong, the errors and the item alone, so that only the mistake is reported.

mod database;
mod enumeration;
mod handler;
mod memoize;
mod message;
mod placement;
mod row;
mod search;
mod serde;
mod service;
pub(crate) mod sql;
mod table;
mod together;
mod value;

use cell_syntax::Attribute;
use cell_syntax::decl::Decl;
use cell_syntax::diagnostic::Diagnostic;
use cell_syntax::parse::{HELPERS, SEARCH_HELPERS, misspelt};
use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::{Ident, Item, Path, parse_quote};

/// Expands one attribute.
pub(crate) fn attribute(attribute: Attribute, arguments: TokenStream, tokens: TokenStream) -> TokenStream {
    let mut item: Item = match syn::parse2(tokens.clone()) {
        Ok(item) => item,
        Err(error) if matches!(attribute, Attribute::LatencyBudget | Attribute::TelemetrySpan) => {
            // A method of an impl is no item; what does not work there yet is still said at its place.
            let error = Diagnostic::new(
                "not-yet",
                error.span(),
                format!("`#[{}]` does not work in this version of Cell", attribute.path()),
            );
            let error = compile_error(&error);
            return quote!(#tokens #error);
        }
        Err(error) => {
            let error = error.to_compile_error();
            return quote!(#tokens #error);
        }
    };
    let (decl, diagnostics) = cell_syntax::parse(attribute, arguments.clone(), &item);
    let fingerprint = format!("{:016x}", cell_syntax::fingerprint(attribute, &arguments, &item));
    match decl {
        Some(Decl::Database(decl)) => database::expand(&decl, item, &fingerprint),
        Some(Decl::Table(decl)) => table::expand(&decl, item, &fingerprint),
        Some(Decl::Enumeration(decl)) => enumeration::expand(&decl, item, &fingerprint),
        Some(Decl::Value(decl)) => value::expand(&decl, item, &fingerprint),
        Some(Decl::Row(decl)) => row::expand(&decl, item, &fingerprint),
        Some(Decl::Message(decl)) => message::expand(&decl, item, &fingerprint),
        Some(Decl::Service(decl)) => service::expand(&decl, item, &fingerprint),
        Some(Decl::Handlers(decl)) => handler::expand(&decl, item, &fingerprint),
        Some(Decl::Placement(decl)) => placement::expand(&decl, &item, &fingerprint),
        Some(Decl::SearchIndex(decl)) => search::expand(&decl, item, &fingerprint),
        Some(Decl::Memoize(decl)) => memoize::expand(&decl, item, &fingerprint),
        None => {
            let errors = diagnostics.iter().map(compile_error);
            hide_helpers(attribute, &mut item);
            quote!(#item #(#errors)*)
        }
    }
}

/// A diagnostic as rustc shows it: the place, the message, and the help below.
fn compile_error(diagnostic: &Diagnostic) -> TokenStream {
    let mut text = diagnostic.message.clone();
    if let Some(help) = &diagnostic.help {
        text.push_str("\n\n  = help: ");
        text.push_str(help);
    }
    let span = diagnostic.span;
    quote_spanned!(span=> ::core::compile_error! { #text })
}

/// The runtime's path: `::cell`, or what `crate = …` says.
fn runtime(krate: Option<&Path>) -> Path {
    krate.cloned().unwrap_or_else(|| parse_quote!(::cell))
}

/// A name as a text: `r#type` is called `type` by everyone but rustc.
fn word(ident: &Ident) -> String {
    ident.unraw().to_string()
}

/// `Some(…)` or `None`.
fn optional(value: Option<TokenStream>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}

/// The record that the declaration leaves in the binary.
fn record(krate: &Path, kind: &str, name: &str, fingerprint: &str) -> TokenStream {
    quote!(#krate::__record! { #kind, #name, #fingerprint })
}

/// Makes the helper attributes of a struct or an enum known to rustc, for attributes that still come.
fn keep_helpers(item: &mut Item, krate: &Path) {
    let derive: syn::Attribute = parse_quote!(#[derive(#krate::__private::Inert)]);
    match item {
        Item::Struct(item) => item.attrs.insert(0, derive),
        Item::Enum(item) => item.attrs.insert(0, derive),
        _ => {}
    }
}

/// Takes the helper attributes away, misspelt ones too: after an error nobody reads them, and rustc would report them again.
fn hide_helpers(of: Attribute, item: &mut Item) {
    let is_helper = |attribute: &syn::Attribute| {
        let is_one_of = |helpers: &[&str]| helpers.iter().any(|helper| attribute.path().is_ident(helper));
        let meant = misspelt(attribute);
        match of {
            // It has none of its own, and may stand above the attribute whose they are.
            Attribute::Placement => false,
            // It may stand above its table, which reads the others.
            Attribute::SearchIndex => {
                is_one_of(&SEARCH_HELPERS) || meant.is_some_and(|meant| SEARCH_HELPERS.contains(&meant))
            }
            // serde's own are known only where its derives are, which a message without a declaration does not get.
            Attribute::Message if attribute.path().is_ident("serde") => true,
            _ => is_one_of(&HELPERS) || meant.is_some(),
        }
    };
    match item {
        Item::Struct(item) => {
            if of == Attribute::DatabaseTable {
                // What is no table cannot be searched, and the index would say no more than that.
                item.attrs.retain(|attribute| !is_search_index(attribute));
            }
            item.attrs.retain(|attribute| !is_helper(attribute));
            for field in &mut item.fields {
                field.attrs.retain(|attribute| !is_helper(attribute));
            }
        }
        Item::Enum(item) => {
            for variant in &mut item.variants {
                variant.attrs.retain(|attribute| !is_helper(attribute));
            }
        }
        Item::Impl(item) => hide_helpers_of_methods(item),
        _ => {}
    }
}

/// Whether an attribute is written `Search::index`, with or without a path before it. What a macro cannot know is what an import
/// calls otherwise.
fn is_search_index(attribute: &syn::Attribute) -> bool {
    let mut segments = attribute.path().segments.iter().rev().map(|segment| &segment.ident);
    segments.next().is_some_and(|last| last == "index") && segments.next().is_some_and(|module| module == "Search")
}

/// Takes the helper attributes of an impl's methods away: no derive can make them known there.
fn hide_helpers_of_methods(item: &mut syn::ItemImpl) {
    for member in &mut item.items {
        if let syn::ImplItem::Fn(function) = member {
            function.attrs.retain(|attribute| {
                !["http", "idempotent", "task"].iter().any(|helper| attribute.path().is_ident(helper))
            });
        }
    }
}

/// Adds serde's derives, each unless the item has it already. A derive above Cell's attribute has run and is not seen.
fn derive_serde(attributes: &mut Vec<syn::Attribute>, krate: &Path) {
    let mut missing = Vec::new();
    for name in ["Serialize", "Deserialize"] {
        if !derives(attributes, name) {
            let name = format_ident!("{name}");
            missing.push(quote!(#krate::__private::serde::#name));
        }
    }
    if missing.is_empty() {
        return;
    }
    let path = quote!(#krate::__private::serde).to_string().replace(' ', "");
    attributes.push(parse_quote!(#[derive(#(#missing),*)]));
    attributes.push(parse_quote!(#[serde(crate = #path)]));
}

/// Whether an item derives this.
fn derives(attributes: &[syn::Attribute], name: &str) -> bool {
    attributes.iter().filter(|attribute| attribute.path().is_ident("derive")).any(|attribute| {
        let mut found = false;
        // A derive that does not parse is rustc's to report.
        drop(attribute.parse_nested_meta(|meta| {
            found |= meta.path.segments.last().is_some_and(|segment| segment.ident == name);
            Ok(())
        }));
        found
    })
}
