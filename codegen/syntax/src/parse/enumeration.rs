//! `#[Database::enumeration]`: an enum without fields, stored as text.

use proc_macro2::TokenStream;
use syn::spanned::Spanned as _;
use syn::{Fields, Item, Variant};

use super::arguments::Arguments;
use super::{item_name, literal, refuse_conditions, refuse_generics, wrong_item};
use crate::Attribute;
use crate::decl::{Enumeration, EnumerationValue, Spanned};
use crate::diagnostic::{Diagnostic, Sink};
use crate::name::snake_case;
use crate::suggest;

pub(super) fn parse(tokens: TokenStream, item: &Item, sink: &mut Sink) -> Option<Enumeration> {
    let attribute = Attribute::DatabaseEnumeration;
    let mut arguments = Arguments::parse(attribute.path(), item_name(item), tokens, sink);
    let krate = arguments.krate(sink);
    arguments.finish(sink);
    let Item::Enum(item) = item else {
        wrong_item(attribute, "an enum without fields", item, sink);
        return None;
    };
    refuse_generics(attribute, &item.generics, sink);
    let values: Vec<EnumerationValue> = item.variants.iter().map(|variant| value(variant, sink)).collect();
    if values.iter().all(|value| value.removed_to.is_some()) {
        sink.push(
            Diagnostic::new("wrong-item", item.ident.span(), format!("`{}` has no values", item.ident))
                .help("add a value; a column of this type could hold nothing"),
        );
    }
    check_texts(&values, sink);
    check_removals(&values, sink);
    Some(Enumeration { ident: item.ident.clone(), krate, values })
}

fn value(variant: &Variant, sink: &mut Sink) -> EnumerationValue {
    refuse_conditions(&variant.attrs, "value", sink);
    if !matches!(variant.fields, Fields::Unit) {
        sink.push(
            Diagnostic::new("wrong-item", variant.fields.span(), format!("the value `{}` has fields", variant.ident))
                .help("an enumeration is stored as a text; keep the fields in columns of the table"),
        );
    }
    let mut renamed_from = None;
    let mut removed_to = None;
    for attribute in &variant.attrs {
        if attribute.path().is_ident("renamed_from") {
            renamed_from = renamed(attribute, sink);
        } else if attribute.path().is_ident("removed") {
            let mut arguments = Arguments::of(attribute, sink);
            removed_to = arguments.word("to", sink);
            if removed_to.is_none() {
                arguments.missing("to", "to = Other", sink);
            }
            arguments.finish(sink);
        }
    }
    EnumerationValue {
        text: snake_case(&variant.ident.to_string()),
        ident: variant.ident.clone(),
        renamed_from,
        removed_to,
    }
}

fn renamed(attribute: &syn::Attribute, sink: &mut Sink) -> Option<Spanned<String>> {
    match &attribute.meta {
        syn::Meta::NameValue(pair) => literal::text(&pair.value, sink),
        other => {
            sink.push(
                Diagnostic::new("attribute-syntax", other.span(), "`renamed_from` is written in another form")
                    .help("write `#[renamed_from = \"…\"]`"),
            );
            None
        }
    }
}

/// Two variants may become one text: `HTTPServer` and `HttpServer`. So may a variant's earlier text and another variant's:
/// it would not be known which of the two a row holds.
fn check_texts(values: &[EnumerationValue], sink: &mut Sink) {
    for (at, value) in values.iter().enumerate() {
        if let Some(first) = values.iter().take(at).find(|first| first.text == value.text) {
            sink.push(
                Diagnostic::new(
                    "duplicate-value",
                    value.ident.span(),
                    format!("`{}` is stored as `{}`, as `{}` is", value.ident, value.text, first.ident),
                )
                .related(first.ident.span(), "stored as the same text")
                .help("rename one of them"),
            );
        }
        let Some(from) = &value.renamed_from else { continue };
        let others = values.iter().filter(|other| other.ident != value.ident);
        if let Some(other) = others.into_iter().find(|other| other.text == from.value) {
            sink.push(
                Diagnostic::new(
                    "duplicate-value",
                    from.span,
                    format!("`{}` was stored as `{}`, as `{}` is", value.ident, from.value, other.ident),
                )
                .related(other.ident.span(), "stored as the same text")
                .help("remove `renamed_from`, or rename the other value"),
            );
        }
    }
}

fn check_removals(values: &[EnumerationValue], sink: &mut Sink) {
    let kept: Vec<String> =
        values.iter().filter(|value| value.removed_to.is_none()).map(|value| value.ident.to_string()).collect();
    for target in values.iter().filter_map(|value| value.removed_to.as_ref()) {
        if !kept.iter().any(|name| target == name) {
            sink.push(
                Diagnostic::new("unknown-field", target.span(), format!("`{target}` is no value that is kept"))
                    .help(suggest::help(&target.to_string(), kept.iter().map(String::as_str))),
            );
        }
    }
}
