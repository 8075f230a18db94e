//! From an item and the arguments of one of Cell's attributes to a declaration.
//! Every mistake is collected, so that one does not hide the next. Absent: other items; a file for each attribute reads on.

mod arguments;
mod database;
mod enumeration;
mod handler;
mod http;
mod literal;
mod memoize;
mod message;
mod misspelt;
mod placement;
mod row;
mod rule;
mod search;
mod search_field;
mod service;
mod structs;
mod table;
mod table_column;
mod table_struct;
mod value;

pub use misspelt::misspelt;

use proc_macro2::{Span, TokenStream};
use syn::Item;
use syn::spanned::Spanned as _;

use crate::Attribute;
use crate::decl::Decl;
use crate::diagnostic::{Code, Diagnostic, Sink};

/// The attributes that mean something only below one of Cell's own, on the same struct or inside it.
pub const HELPERS: [&str; 20] = [
    "check",
    "column",
    "decimal",
    "facet",
    "filter",
    "generated",
    "http",
    "idempotent",
    "include",
    "index",
    "key",
    "many",
    "references",
    "removed",
    "renamed_from",
    "skip",
    "stored",
    "task",
    "text",
    "unique",
];

/// Those of [`HELPERS`] that belong to `#[Search::index]`. The last of them is known only so that it can be refused.
pub const SEARCH_HELPERS: [&str; 5] = ["facet", "filter", "include", "text", "stored"];

/// Every code that this package's diagnostics carry.
pub const CODES: [Code; 24] = [
    "attribute-syntax",
    "conditional-member",
    "conflicting-attributes",
    "decimal-out-of-range",
    "duplicate-argument",
    "duplicate-value",
    "generic-item",
    "handler-signature",
    "http-path",
    "index-without-text",
    "invalid-name",
    "memoize-signature",
    "missing-argument",
    "not-yet",
    "query-syntax",
    "table-without-key",
    "unknown-argument",
    "unknown-attribute",
    "unknown-field",
    "unknown-function",
    "unsupported-expression",
    "unsupported-field",
    "wrong-item",
    "wrong-value",
];

/// Reads an item under an attribute. There is a declaration only where there is no diagnostic.
#[must_use]
pub fn parse(attribute: Attribute, arguments: TokenStream, item: &Item) -> (Option<Decl>, Vec<Diagnostic>) {
    let mut sink = Sink::default();
    let decl = match attribute {
        Attribute::DatabaseSqlite => database::sqlite(arguments, item, &mut sink).map(Decl::Database),
        Attribute::DatabasePostgres => database::postgres(arguments, item, &mut sink).map(Decl::Database),
        Attribute::DatabaseTable => table::parse(arguments, item, &mut sink).map(Decl::Table),
        Attribute::DatabaseEnumeration => enumeration::parse(arguments, item, &mut sink).map(Decl::Enumeration),
        Attribute::DatabaseValue => value::parse(arguments, item, &mut sink).map(Decl::Value),
        Attribute::DatabaseRow => row::parse(arguments, item, &mut sink).map(Decl::Row),
        Attribute::Message => message::parse(arguments, item, &mut sink).map(Decl::Message),
        Attribute::Service => service::parse(arguments, item, &mut sink).map(Decl::Service),
        Attribute::Handler => handler::parse(arguments, item, &mut sink).map(Decl::Handlers),
        Attribute::Placement => placement::parse(arguments, item, &mut sink).map(Decl::Placement),
        Attribute::SearchIndex => search::parse(arguments, item, &mut sink).map(Decl::SearchIndex),
        Attribute::CacheMemoize => memoize::parse(arguments, item, &mut sink).map(Decl::Memoize),
        _ => {
            sink.push(not_yet(attribute, item));
            None
        }
    };
    let diagnostics = sink.into_vec();
    (decl.filter(|_| diagnostics.is_empty()), diagnostics)
}

/// What an attribute that does not work yet says where it is written.
#[must_use]
pub fn not_yet(attribute: Attribute, item: &Item) -> Diagnostic {
    let path = attribute.path();
    Diagnostic::new("not-yet", item_name(item), format!("`#[{path}]` does not work in this version of Cell"))
        .help(format!("remove `#[{path}]`; it is refused so that nothing is silently left undone"))
}

/// Where to point when the whole item is wrong: its name, or what comes nearest to one.
fn item_name(item: &Item) -> Span {
    match item {
        Item::Struct(item) => item.ident.span(),
        Item::Enum(item) => item.ident.span(),
        Item::Union(item) => item.ident.span(),
        Item::Fn(item) => item.sig.ident.span(),
        Item::Trait(item) => item.ident.span(),
        Item::Type(item) => item.ident.span(),
        Item::Const(item) => item.ident.span(),
        Item::Static(item) => item.ident.span(),
        Item::Mod(item) => item.ident.span(),
        Item::Impl(item) => item.self_ty.span(),
        item => item.span(),
    }
}

/// The attribute stands on the wrong kind of item.
fn wrong_item(attribute: Attribute, wanted: &str, item: &Item, sink: &mut Sink) {
    sink.push(
        Diagnostic::new("wrong-item", item_name(item), format!("`#[{}]` stands on {}", attribute.path(), kind(item)))
            .help(format!("put it on {wanted}")),
    );
}

fn kind(item: &Item) -> &'static str {
    match item {
        Item::Struct(_) => "a struct",
        Item::Enum(_) => "an enum",
        Item::Union(_) => "a union",
        Item::Fn(_) => "a function",
        Item::Trait(_) => "a trait",
        Item::Impl(_) => "an impl",
        Item::Mod(_) => "a module",
        Item::Type(_) => "a type alias",
        _ => "an item of another kind",
    }
}

/// A struct, enum or impl that Cell's attribute cannot serve because it has generic parameters.
fn refuse_generics(attribute: Attribute, generics: &syn::Generics, sink: &mut Sink) {
    if !generics.params.is_empty() {
        sink.push(
            Diagnostic::new(
                "generic-item",
                generics.span(),
                format!("`#[{}]` stands on a generic item", attribute.path()),
            )
            .help("remove the parameters; one declaration is one thing in the database or on the wire"),
        );
    }
}

/// A member that is there only under a condition: the macro sees it, the compiled program may not.
fn refuse_conditions(attributes: &[syn::Attribute], what: &str, sink: &mut Sink) {
    for attribute in attributes {
        if attribute.path().is_ident("cfg") || attribute.path().is_ident("cfg_attr") {
            sink.push(
                Diagnostic::new("conditional-member", attribute.span(), format!("this {what} depends on `cfg`"))
                    .help("remove the condition, or put it on the whole item where the item may depend on one"),
            );
        }
    }
}

#[cfg(test)]
mod tests;
