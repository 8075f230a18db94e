//! `#[message]`: a type that may cross a synapse or an HTTP door.

use proc_macro2::TokenStream;
use syn::spanned::Spanned as _;
use syn::{Fields, FieldsNamed, Item, Variant};

use super::arguments::Arguments;
use super::{item_name, refuse_conditions, refuse_generics, wrong_item};
use crate::Attribute;
use crate::decl::{Message, MessageBody, MessageField, MessageVariant, VariantBody};
use crate::diagnostic::{Diagnostic, Sink};

pub(super) fn parse(tokens: TokenStream, item: &Item, sink: &mut Sink) -> Option<Message> {
    let attribute = Attribute::Message;
    let mut arguments = Arguments::parse(attribute.path(), item_name(item), tokens, sink);
    let krate = arguments.krate(sink);
    arguments.finish(sink);
    let (ident, body) = match item {
        Item::Struct(item) => {
            refuse_generics(attribute, &item.generics, sink);
            let body = match &item.fields {
                Fields::Named(fields) => MessageBody::Struct(named(fields, sink)),
                Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                    MessageBody::Newtype(fields.unnamed.first()?.ty.clone())
                }
                Fields::Unit => MessageBody::Struct(Vec::new()),
                Fields::Unnamed(fields) => {
                    several(fields.span(), sink);
                    return None;
                }
            };
            (&item.ident, body)
        }
        Item::Enum(item) => {
            refuse_generics(attribute, &item.generics, sink);
            let variants = item.variants.iter().filter_map(|variant| variant_of(variant, sink)).collect();
            (&item.ident, MessageBody::Enum(variants))
        }
        other => {
            wrong_item(attribute, "a struct or an enum", other, sink);
            return None;
        }
    };
    Some(Message { ident: ident.clone(), krate, body })
}

fn named(fields: &FieldsNamed, sink: &mut Sink) -> Vec<MessageField> {
    let mut found = Vec::new();
    for field in &fields.named {
        refuse_conditions(&field.attrs, "field", sink);
        refuse_serde(&field.attrs, sink);
        if let Some(ident) = &field.ident {
            found.push(MessageField { ident: ident.clone(), ty: field.ty.clone() });
        }
    }
    found
}

fn variant_of(variant: &Variant, sink: &mut Sink) -> Option<MessageVariant> {
    refuse_conditions(&variant.attrs, "variant", sink);
    refuse_serde(&variant.attrs, sink);
    let body = match &variant.fields {
        Fields::Unit => VariantBody::Unit,
        Fields::Named(fields) => VariantBody::Struct(named(fields, sink)),
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
            VariantBody::Newtype(fields.unnamed.first()?.ty.clone())
        }
        Fields::Unnamed(fields) => {
            several(fields.span(), sink);
            return None;
        }
    };
    Some(MessageVariant { ident: variant.ident.clone(), body })
}

fn several(span: proc_macro2::Span, sink: &mut Sink) {
    sink.push(
        Diagnostic::new("unsupported-field", span, "a message's unnamed fields have no names to be read by")
            .help("name the fields, or keep one"),
    );
}

/// A renamed or skipped field would travel in another shape than the one that is recorded and compared.
fn refuse_serde(attributes: &[syn::Attribute], sink: &mut Sink) {
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        sink.push(
            Diagnostic::new("unsupported-field", attribute.span(), "`#[serde(…)]` inside a message")
                .help("remove it; a message's shape is its fields as they are declared"),
        );
    }
}
