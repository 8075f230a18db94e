//! One field of a search index: the helper attributes that say how it is found. Those of its table are passed over.

use proc_macro2::{Span, TokenStream};
use syn::parse::{ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::token::Bracket;
use syn::{AttrStyle, Attribute, Expr, Field, Ident, Lit, Meta, Path, Token};

use super::SEARCH_HELPERS;
use super::arguments::{Arguments, shallow};
use super::table::relation;
use crate::decl::{SearchField, SearchInclude, SearchText, SearchUses, Tokenizer};
use crate::diagnostic::{Diagnostic, Sink};
use crate::suggest;

/// The most that a field can count: beyond it, other fields would count for nothing.
const MOST_BOOST: f32 = 1_000.0;

/// `column` is the field's place among the columns; none where it is skipped.
pub(super) fn parse(field: &Field, column: Option<usize>, sink: &mut Sink) -> Option<SearchField> {
    let ident = field.ident.clone()?;
    let (uses, first) = uses(&ident, &field.attrs, sink);
    let Some(column) = column else {
        let skipped = first.or_else(|| include(field).map(Spanned::span));
        if let Some(first) = skipped {
            sink.push(
                Diagnostic::new(
                    "conflicting-attributes",
                    first,
                    "a skipped field is no column, so no index can hold it",
                )
                .help("remove this attribute, or remove `#[skip]`"),
            );
        }
        return None;
    };
    first.map(|_| SearchField { ident, ty: field.ty.clone(), column, uses })
}

/// The attribute that includes fields of another row.
fn include(field: &Field) -> Option<&Attribute> {
    field.attrs.iter().find(|attribute| attribute.path().is_ident("include"))
}

/// What some attributes say that a search does with a field, and where the first of them is.
fn uses(of: &Ident, attributes: &[Attribute], sink: &mut Sink) -> (SearchUses, Option<Span>) {
    let mut uses = SearchUses::default();
    let mut seen: Vec<(&str, Span)> = Vec::new();
    for attribute in attributes {
        let helper = SEARCH_HELPERS.into_iter().find(|helper| attribute.path().is_ident(helper));
        let Some(helper) = helper.filter(|helper| *helper != "include") else { continue };
        let span = attribute.span();
        if let Some((_, first)) = seen.iter().find(|(known, _)| *known == helper) {
            sink.push(
                Diagnostic::new("duplicate-argument", span, format!("`{helper}` is said twice of `{of}`"))
                    .related(*first, "first said here")
                    .help("keep one of them"),
            );
            continue;
        }
        seen.push((helper, span));
        match helper {
            "text" => uses.text = Some(text(attribute, sink)),
            "filter" => {
                Arguments::of(attribute, sink).finish(sink);
                uses.filter = Some(span);
            }
            "facet" => {
                Arguments::of(attribute, sink).finish(sink);
                uses.facet = Some(span);
            }
            _ => sink.push(
                Diagnostic::new("unknown-attribute", span, "a search index stores no values")
                    .help(format!("remove `#[{helper}]`: what a search finds is read from the table, as it is then")),
            ),
        }
    }
    if let (Some(filter), Some(facet)) = (uses.filter, uses.facet) {
        sink.push(
            Diagnostic::new("conflicting-attributes", filter, "a facet filters and orders already")
                .related(facet, "a facet")
                .help("remove `#[filter]`"),
        );
    }
    (uses, seen.first().map(|(_, first)| *first))
}

/// `#[include(name(text), country(facet))]` on a field with `#[references(Brand)]`, which is one of `fields`.
pub(super) fn included<'a>(
    field: &Field,
    fields: impl Iterator<Item = &'a Ident>,
    sink: &mut Sink,
) -> Option<SearchInclude> {
    let (ident, attribute) = (field.ident.clone()?, include(field)?);
    let span = attribute.span();
    for again in field.attrs.iter().filter(|attribute| attribute.path().is_ident("include")).skip(1) {
        sink.push(
            Diagnostic::new("duplicate-argument", again.span(), format!("`include` is said twice of `{ident}`"))
                .related(span, "first said here")
                .help("write all fields in one of them"),
        );
    }
    let held = Arguments::of(attribute, sink).lists(sink);
    let mut known: Vec<(Ident, SearchUses)> = Vec::new();
    for (name, tokens) in held {
        if let Some((first, _)) = known.iter().find(|(known, _)| *known == name) {
            sink.push(
                Diagnostic::new("duplicate-argument", name.span(), format!("`{name}` is included twice"))
                    .related(first.span(), "first included here")
                    .help("keep one of them"),
            );
            continue;
        }
        let is_said = !tokens.is_empty();
        let attributes = helpers(tokens, sink);
        match uses(&name, &attributes, sink) {
            (uses, Some(_)) => known.push((name, uses)),
            // What was said is told of already.
            (_, None) if is_said => {}
            (_, None) => sink.push(
                Diagnostic::new("missing-argument", name.span(), format!("nothing is said of `{name}`"))
                    .help(format!("write `{name}(text)`, `{name}(filter)` or `{name}(facet)`")),
            ),
        }
    }
    let reference = field.attrs.iter().find(|attribute| attribute.path().is_ident("references"));
    // What is wrong with the reference is its table's to say.
    let target = reference.map(|reference| reference.parse_args_with(target));
    let Some(target) = target else {
        sink.push(
            Diagnostic::new(
                "missing-argument",
                span,
                format!("`{ident}` leads to no row of which fields could be included"),
            )
            .help("put `#[references(Other)]` on the field too"),
        );
        return None;
    };
    if known.is_empty() && sink.is_empty() {
        sink.push(
            Diagnostic::new("missing-argument", span, "`include` names no field")
                .help("write `#[include(name(text), country(facet))]`, with fields of the other table's struct"),
        );
    }
    let relation = relation(&ident, fields);
    Some(SearchInclude { field: ident, relation, target: target.ok()?, fields: known, span })
}

/// The struct that a reference names first.
fn target(input: ParseStream<'_>) -> syn::Result<Path> {
    let target = input.parse()?;
    input.parse::<TokenStream>()?;
    Ok(target)
}

/// `text(boost = 2.0), facet` as the attributes that they would be on a field of this struct.
fn helpers(tokens: TokenStream, sink: &mut Sink) -> Vec<Attribute> {
    let parsed = shallow(tokens).and_then(|tokens| Punctuated::<Meta, Token![,]>::parse_terminated.parse2(tokens));
    let metas = parsed.map_err(|error| sink.syntax(&error)).unwrap_or_default();
    let mut helpers = Vec::new();
    for meta in metas {
        const USES: [&str; 3] = ["facet", "filter", "text"];
        let word = meta.path().get_ident().map(ToString::to_string).unwrap_or_default();
        if USES.contains(&word.as_str()) {
            let span = meta.span();
            let (pound_token, style, bracket_token) = (Token![#](span), AttrStyle::Outer, Bracket(span));
            helpers.push(Attribute { pound_token, style, bracket_token, meta });
        } else {
            sink.push(
                Diagnostic::new("unknown-argument", meta.span(), format!("a search does no `{word}` with a field"))
                    .help(suggest::help(&word, USES)),
            );
        }
    }
    helpers
}

fn text(attribute: &Attribute, sink: &mut Sink) -> SearchText {
    let mut arguments = Arguments::of(attribute, sink);
    let boost = arguments.value("boost", sink).and_then(|value| boost(&value, sink));
    let tokenizer = arguments.text("tokenizer", sink).and_then(|word| {
        let found = Tokenizer::ALL.into_iter().find(|tokenizer| tokenizer.as_str() == word.value);
        if found.is_none() {
            let message = format!("`{}` is no tokenizer", word.value.escape_debug());
            let help = suggest::help(&word.value, Tokenizer::ALL.map(Tokenizer::as_str));
            sink.push(Diagnostic::new("wrong-value", word.span, message).help(help));
        }
        found
    });
    arguments.finish(sink);
    SearchText { boost: boost.unwrap_or(1.0), tokenizer: tokenizer.unwrap_or_default(), span: attribute.span() }
}

fn boost(value: &Expr, sink: &mut Sink) -> Option<f32> {
    let number = match value {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Float(number) if number.suffix().is_empty() => number.base10_parse::<f32>().ok(),
            Lit::Int(number) if number.suffix().is_empty() => number.base10_parse::<f32>().ok(),
            _ => None,
        },
        _ => None,
    };
    let boost = number.filter(|boost| *boost > 0.0 && *boost <= MOST_BOOST);
    if boost.is_none() {
        sink.push(Diagnostic::new("wrong-value", value.span(), "this is no boost").help(format!(
            "write a number above 0, and at most {MOST_BOOST}: with `boost = 2.0` a word counts twice here"
        )));
    }
    boost
}
