//! `#[Database::value]`: a newtype that is stored as what it wraps.

use proc_macro2::TokenStream;
use syn::Item;

use super::arguments::Arguments;
use super::{item_name, structs};
use crate::Attribute;
use crate::decl::Value;
use crate::diagnostic::Sink;

pub(super) fn parse(tokens: TokenStream, item: &Item, sink: &mut Sink) -> Option<Value> {
    let attribute = Attribute::DatabaseValue;
    let mut arguments = Arguments::parse(attribute.path(), item_name(item), tokens, sink);
    let krate = arguments.krate(sink);
    arguments.finish(sink);
    let (item, field) = structs::newtype(attribute, item, sink)?;
    Some(Value { ident: item.ident.clone(), krate, inner: field.ty.clone() })
}
