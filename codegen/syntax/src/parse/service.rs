//! `#[service]`: a cell.

use proc_macro2::TokenStream;
use syn::{Fields, Item};

use super::arguments::Arguments;
use super::{item_name, refuse_conditions, refuse_generics, wrong_item};
use crate::Attribute;
use crate::decl::{Service, ServiceField};
use crate::diagnostic::{Diagnostic, Sink};
use crate::name::snake_case;

pub(super) fn parse(tokens: TokenStream, item: &Item, sink: &mut Sink) -> Option<Service> {
    let attribute = Attribute::Service;
    let mut arguments = Arguments::parse(attribute.path(), item_name(item), tokens, sink);
    let name = arguments.text("name", sink);
    let start = arguments.path("start", sink);
    let krate = arguments.krate(sink);
    arguments.finish(sink);
    if let Some(name) = name.as_ref().filter(|name| !is_cell_name(&name.value)) {
        sink.push(
            Diagnostic::new("invalid-name", name.span, format!("`{}` cannot name a cell", name.value))
                .help("use lower case letters, digits and `_`, beginning with a letter, 63 bytes at the most"),
        );
    }
    let Item::Struct(item) = item else {
        wrong_item(attribute, "a struct", item, sink);
        return None;
    };
    refuse_generics(attribute, &item.generics, sink);
    let mut fields = Vec::new();
    match &item.fields {
        Fields::Named(named) => {
            for field in &named.named {
                refuse_conditions(&field.attrs, "field", sink);
                if let Some(ident) = &field.ident {
                    fields.push(ServiceField { ident: ident.clone(), ty: field.ty.clone() });
                }
            }
        }
        Fields::Unit => {}
        Fields::Unnamed(_) if start.is_some() => {}
        Fields::Unnamed(_) => sink.push(
            Diagnostic::new("wrong-item", item.ident.span(), "Cell can't fill fields without names")
                .help("name the fields, or say how the cell is made: `#[service(start = path)]`"),
        ),
    }
    Some(Service { ident: item.ident.clone(), name, start, krate, fields })
}

impl Service {
    /// The cell's name: the one that is said, or the struct's in snake case.
    #[must_use]
    pub fn cell_name(&self) -> String {
        self.name.as_ref().map_or_else(|| snake_case(&self.ident.to_string()), |name| name.value.clone())
    }
}

fn is_cell_name(name: &str) -> bool {
    name.len() <= 63
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}
