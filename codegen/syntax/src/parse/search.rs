//! `#[Search::index]`: what of a table can be searched. This file reads the attribute; `search_field` reads a field.
//! Absent: whether the struct is a table, and what its fields' types are, which the compiler knows.

use proc_macro2::TokenStream;
use syn::spanned::Spanned as _;
use syn::{Field, Item, ItemStruct};

use super::arguments::Arguments;
use super::misspelt::{self, OF_SEARCH};
use super::{SEARCH_HELPERS, item_name, search_field, structs};
use crate::Attribute;
use crate::decl::{SearchIndex, Spanned};
use crate::diagnostic::{Diagnostic, Sink};
use crate::name::{INDEX, is_index};
use crate::suggest;

/// The languages whose words can be stemmed: those of tantivy's stemmer.
const LANGUAGES: [&str; 18] =
    ["ar", "da", "de", "el", "en", "es", "fi", "fr", "hu", "it", "nl", "no", "pt", "ro", "ru", "sv", "ta", "tr"];

pub(super) fn parse(tokens: TokenStream, item: &Item, sink: &mut Sink) -> Option<SearchIndex> {
    let attribute = Attribute::SearchIndex;
    let mut arguments = Arguments::parse(attribute.path(), item_name(item), tokens, sink);
    let name = arguments.text("name", sink);
    let language = arguments.text("language", sink);
    let krate = arguments.krate(sink);
    arguments.finish(sink);
    if let Some(name) = &name {
        check_name(name, sink);
    }
    if let Some(language) = &language {
        check_language(language, sink);
    }
    // Conditions on fields are the table's to refuse.
    let (item, fields) = structs::fields(attribute, item, sink)?;
    refuse_on_struct(item, sink);
    let mut index =
        SearchIndex { ident: item.ident.clone(), name, language, krate, fields: Vec::new(), includes: Vec::new() };
    let mut meant = misspelt::refuse(&item.attrs, &OF_SEARCH, sink);
    let skipped = |field: &Field| field.attrs.iter().any(|attribute| attribute.path().is_ident("skip"));
    let columns = || fields.iter().filter(|field| !skipped(field)).filter_map(|field| field.ident.as_ref());
    let mut column = 0;
    for field in fields {
        meant.extend(misspelt::refuse(&field.attrs, &OF_SEARCH, sink));
        let place = (!skipped(field)).then_some(column);
        index.fields.extend(search_field::parse(field, place, sink));
        if place.is_some() {
            column += 1;
            index.includes.extend(search_field::included(field, columns(), sink));
        }
    }
    // A text that is written wrong is one mistake, not two.
    let mut attributes = item.attrs.iter().chain(fields.iter().flat_map(|field| &field.attrs));
    let has_text = attributes.any(|attribute| attribute.path().is_ident("text"))
        || index.includes.iter().flat_map(|include| &include.fields).any(|(_, uses)| uses.text.is_some());
    if !meant.contains(&"text") && !has_text {
        sink.push(
            Diagnostic::new(
                "index-without-text",
                item.ident.span(),
                format!("the search index of `{}` has no text", item.ident),
            )
            .help("put `#[text]` on a field whose words are to be found"),
        );
    }
    Some(index)
}

fn check_name(name: &Spanned<String>, sink: &mut Sink) {
    if !is_index(&name.value) {
        let message = format!("`{}` cannot name a search index", name.value.escape_debug());
        sink.push(Diagnostic::new("invalid-name", name.span, message).help(INDEX));
    }
}

fn check_language(language: &Spanned<String>, sink: &mut Sink) {
    if !LANGUAGES.contains(&language.value.as_str()) {
        let message = format!("`{}` is no language whose words Cell can stem", language.value.escape_debug());
        sink.push(
            Diagnostic::new("wrong-value", language.span, message)
                .help(format!("leave it out, or write one of {}", suggest::list(&LANGUAGES))),
        );
    }
}

/// Its helpers are each about one field.
fn refuse_on_struct(item: &ItemStruct, sink: &mut Sink) {
    for attribute in &item.attrs {
        if let Some(helper) = SEARCH_HELPERS.iter().find(|helper| attribute.path().is_ident(helper)) {
            sink.push(
                Diagnostic::new("wrong-item", attribute.span(), format!("`#[{helper}]` stands on a struct"))
                    .help("put it on the field that it is about"),
            );
        }
    }
}
