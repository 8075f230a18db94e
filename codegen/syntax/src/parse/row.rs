//! `#[Database::row]`: a struct of what a query selects.

use proc_macro2::TokenStream;
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Field, Item};

use super::arguments::Arguments;
use super::{HELPERS, item_name, structs, table_column};
use crate::Attribute;
use crate::decl::{Row, RowField};
use crate::diagnostic::{Diagnostic, Sink};

pub(super) fn parse(tokens: TokenStream, item: &Item, sink: &mut Sink) -> Option<Row> {
    let attribute = Attribute::DatabaseRow;
    let mut arguments = Arguments::parse(attribute.path(), item_name(item), tokens, sink);
    let select = arguments.word("select", sink);
    let krate = arguments.krate(sink);
    arguments.finish(sink);
    let (item, fields) = structs::named(attribute, item, sink)?;
    if fields.is_empty() {
        sink.push(
            Diagnostic::new("wrong-item", item.ident.span(), format!("the row `{}` has no fields", item.ident))
                .help("add a field for each column that is selected"),
        );
    }
    let fields: Vec<RowField> = fields.iter().filter_map(|field| self::field(field, sink)).collect();
    for (at, field) in fields.iter().enumerate() {
        let same = |other: &&RowField| other.column() == field.column();
        if let Some(first) = fields.iter().take(at).find(same) {
            let message = format!("two fields are of the column `{}`", field.column());
            sink.push(
                Diagnostic::new("duplicate-value", field.ident.span(), message)
                    .related(first.ident.span(), "the first")
                    .help("select it once, or under two names"),
            );
        }
    }
    Some(Row { ident: item.ident.clone(), select, krate, fields })
}

impl Row {
    /// How the type that `select` takes is called: what `select = …` says, or `Select` and the struct's name.
    #[must_use]
    pub fn select_name(&self) -> String {
        self.select.as_ref().map_or_else(|| format!("Select{}", self.ident.unraw()), ToString::to_string)
    }
}

impl RowField {
    /// The name of its column.
    #[must_use]
    pub fn column(&self) -> String {
        self.name.as_ref().map_or_else(|| self.ident.unraw().to_string(), |name| name.value.clone())
    }
}

fn field(field: &Field, sink: &mut Sink) -> Option<RowField> {
    let mut row = RowField { ident: field.ident.clone()?, ty: field.ty.clone(), name: None, decimal: None };
    for attribute in &field.attrs {
        let Some(helper) = attribute.path().get_ident().map(ToString::to_string) else { continue };
        match helper.as_str() {
            "column" => {
                let mut arguments = Arguments::of(attribute, sink);
                row.name = arguments.text("name", sink);
                arguments.finish(sink);
            }
            "decimal" => row.decimal = table_column::decimal(Arguments::of(attribute, sink), sink),
            helper if HELPERS.contains(&helper) => sink.push(
                Diagnostic::new("unsupported-field", attribute.span(), format!("`#[{helper}]` belongs to a table"))
                    .help("remove it: a row only says what a query gives, by `#[column(name = \"…\")]` and `#[decimal(p, s)]`"),
            ),
            _ => {}
        }
    }
    Some(row)
}
