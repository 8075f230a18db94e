//! One field of a search index: the helper attributes that say how it is found. Those of its table are passed over.

use proc_macro2::Span;
use syn::spanned::Spanned as _;
use syn::{Attribute, Expr, Field, Lit};

use super::SEARCH_HELPERS;
use super::arguments::Arguments;
use crate::decl::{SearchField, SearchText, Tokenizer};
use crate::diagnostic::{Diagnostic, Sink};
use crate::suggest;

/// The most that a field can count: beyond it, other fields would count for nothing.
const MOST_BOOST: f32 = 1_000.0;

/// `column` is the field's place among the columns; none where it is skipped.
pub(super) fn parse(field: &Field, column: Option<usize>, sink: &mut Sink) -> Option<SearchField> {
    let ident = field.ident.clone()?;
    let (mut text, mut filter, mut facet) = (None, None, None);
    let mut seen: Vec<(&str, Span)> = Vec::new();
    for attribute in &field.attrs {
        let Some(helper) = SEARCH_HELPERS.into_iter().find(|helper| attribute.path().is_ident(helper)) else {
            continue;
        };
        let span = attribute.span();
        if let Some((_, first)) = seen.iter().find(|(known, _)| *known == helper) {
            sink.push(
                Diagnostic::new("duplicate-argument", span, format!("`{helper}` is said twice of `{ident}`"))
                    .related(*first, "first said here")
                    .help("keep one of them"),
            );
            continue;
        }
        seen.push((helper, span));
        match helper {
            "text" => text = Some(self::text(attribute, sink)),
            "filter" => {
                Arguments::of(attribute, sink).finish(sink);
                filter = Some(span);
            }
            "facet" => {
                Arguments::of(attribute, sink).finish(sink);
                facet = Some(span);
            }
            _ => sink.push(
                Diagnostic::new("unknown-attribute", span, "a search index stores no values")
                    .help(format!("remove `#[{helper}]`: what a search finds is read from the table, as it is then")),
            ),
        }
    }
    if let (Some(filter), Some(facet)) = (filter, facet) {
        sink.push(
            Diagnostic::new("conflicting-attributes", filter, "a facet filters and orders already")
                .related(facet, "a facet")
                .help("remove `#[filter]`"),
        );
    }
    let (_, first) = *seen.first()?;
    let Some(column) = column else {
        sink.push(
            Diagnostic::new("conflicting-attributes", first, "a skipped field is no column, so no index can hold it")
                .help("remove this attribute, or remove `#[skip]`"),
        );
        return None;
    };
    Some(SearchField { ident, ty: field.ty.clone(), column, text, filter, facet })
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
