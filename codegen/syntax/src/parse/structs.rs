//! What every attribute on a struct asks of it: that it is one, has named fields, and no parameters.

use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{Field, Fields, Item, ItemStruct, Token};

use super::{refuse_conditions, refuse_generics, wrong_item};
use crate::Attribute;
use crate::diagnostic::{Diagnostic, Sink};

/// A struct and its named fields.
type Named<'a> = (&'a ItemStruct, &'a Punctuated<Field, Token![,]>);

/// The struct and its named fields, none of which depends on `cfg`.
pub(super) fn named<'a>(attribute: Attribute, item: &'a Item, sink: &mut Sink) -> Option<Named<'a>> {
    let (item, fields) = fields(attribute, item, sink)?;
    for field in fields {
        refuse_conditions(&field.attrs, "field", sink);
    }
    Some((item, fields))
}

/// The struct and its named fields, for an attribute that stands beside another, which refuses conditions.
pub(super) fn fields<'a>(attribute: Attribute, item: &'a Item, sink: &mut Sink) -> Option<Named<'a>> {
    let Item::Struct(item) = item else {
        wrong_item(attribute, "a struct with named fields", item, sink);
        return None;
    };
    refuse_generics(attribute, &item.generics, sink);
    match &item.fields {
        Fields::Named(fields) => Some((item, &fields.named)),
        _ => {
            sink.push(
                Diagnostic::new(
                    "wrong-item",
                    item.ident.span(),
                    format!("`#[{}]` stands on a struct without named fields", attribute.path()),
                )
                .help(format!("write `struct {} {{ … }}`", item.ident)),
            );
            None
        }
    }
}

/// The type inside a tuple struct of one field.
pub(super) fn newtype<'a>(
    attribute: Attribute,
    item: &'a Item,
    sink: &mut Sink,
) -> Option<(&'a ItemStruct, &'a Field)> {
    let Item::Struct(item) = item else {
        wrong_item(attribute, "a struct of one unnamed field", item, sink);
        return None;
    };
    refuse_generics(attribute, &item.generics, sink);
    match &item.fields {
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
            let field = fields.unnamed.first()?;
            refuse_conditions(&field.attrs, "field", sink);
            Some((item, field))
        }
        fields => {
            let span = if fields.is_empty() { item.ident.span() } else { fields.span() };
            sink.push(
                Diagnostic::new(
                    "wrong-item",
                    span,
                    format!("`#[{}]` stands on a struct of another form", attribute.path()),
                )
                .help(format!("write `struct {}(Inner);` with one unnamed field", item.ident)),
            );
            None
        }
    }
}
