//! The helper attributes above a table's fields: keys, uniques, indexes and references over several columns, and checks.

use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned as _;
use syn::{Expr, Ident, ItemStruct, Token};

use super::arguments::{Arguments, shallow};
use super::table::known_field;
use super::{SEARCH_HELPERS, literal, rule};
use crate::decl::{Index, Many, OnDelete, Reference, Spanned, Table};
use crate::diagnostic::{Diagnostic, Sink};
use crate::suggest;

pub(super) fn parse(item: &ItemStruct, table: &mut Table, sink: &mut Sink) {
    for attribute in &item.attrs {
        let Some(helper) = attribute.path().get_ident().map(ToString::to_string) else { continue };
        let span = attribute.span();
        match helper.as_str() {
            "key" => key(attribute, table, sink),
            "unique" => {
                if let Some(value) = fields(Arguments::of(attribute, sink), table, sink) {
                    table.uniques.push(Spanned { value, span });
                }
            }
            "index" => index(attribute, table, sink),
            "references" => references(Arguments::of(attribute, sink), None, table, sink),
            "check" => {
                if let Some(value) = rule::parse(Arguments::of(attribute, sink), "check", sink) {
                    table.checks.push(Spanned { value, span });
                }
            }
            "many" => many(attribute, table, sink),
            "column" | "decimal" | "generated" | "skip" => sink.push(
                Diagnostic::new("wrong-item", span, format!("`#[{helper}]` stands on a struct"))
                    .help("put it on the field that it is about"),
            ),
            helper if SEARCH_HELPERS.contains(&helper) => {
                table.searched.push(Spanned { value: helper.to_owned(), span });
            }
            _ => {}
        }
    }
}

fn key(attribute: &syn::Attribute, table: &mut Table, sink: &mut Sink) {
    let first = table.key.first().cloned();
    let Some(columns) = fields(Arguments::of(attribute, sink), table, sink) else { return };
    if let Some(first) = first {
        sink.push(
            Diagnostic::new("conflicting-attributes", attribute.span(), format!("`{}` has two keys", table.ident))
                .related(first.span(), "the other is here")
                .help("keep `#[key(…)]` on the struct, or `#[key]` on the field"),
        );
        return;
    }
    table.key = columns;
}

/// A list of fields, each once.
fn fields(mut arguments: Arguments, table: &Table, sink: &mut Sink) -> Option<Vec<Ident>> {
    let span = arguments.span();
    let mut columns: Vec<Ident> = Vec::new();
    let mut sound = true;
    for expression in arguments.positional() {
        match literal::word(&expression, sink) {
            Some(ident) if columns.contains(&ident) => {
                sink.push(
                    Diagnostic::new("duplicate-argument", ident.span(), format!("`{ident}` is given twice"))
                        .help("keep one of them"),
                );
                sound = false;
            }
            Some(ident) => {
                sound &= known_field(&ident, table, sink);
                columns.push(ident);
            }
            None => sound = false,
        }
    }
    arguments.finish(sink);
    if columns.is_empty() && sound {
        sink.push(
            Diagnostic::new("missing-argument", span, "no column is named").help("name one column or more: `(a, b)`"),
        );
        return None;
    }
    sound.then_some(columns)
}

/// `a, b desc, where = …`: the one list in which a word may follow a field.
struct IndexArguments {
    columns: Vec<(Ident, Option<Ident>)>,
    predicate: Option<Expr>,
}

impl Parse for IndexArguments {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut arguments = Self { columns: Vec::new(), predicate: None };
        while !input.is_empty() {
            if input.peek(Token![where]) {
                input.parse::<Token![where]>()?;
                input.parse::<Token![=]>()?;
                arguments.predicate = Some(input.parse()?);
            } else {
                let column: Ident = input.parse()?;
                let order = if input.peek(Ident) { Some(input.parse::<Ident>()?) } else { None };
                arguments.columns.push((column, order));
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(arguments)
    }
}

fn index(attribute: &syn::Attribute, table: &mut Table, sink: &mut Sink) {
    let tokens = attribute.meta.require_list().map(|list| list.tokens.clone());
    let arguments: IndexArguments = match tokens.and_then(shallow).and_then(syn::parse2) {
        Ok(arguments) => arguments,
        Err(error) => {
            sink.syntax(&error);
            return;
        }
    };
    let mut columns = Vec::new();
    let mut sound = !arguments.columns.is_empty();
    if arguments.columns.is_empty() {
        sink.push(
            Diagnostic::new("missing-argument", attribute.span(), "no column is named")
                .help("name one column or more: `#[index(a, b desc)]`"),
        );
    }
    for (column, order) in arguments.columns {
        sound &= known_field(&column, table, sink);
        let descending = order.as_ref().is_some_and(|order| order == "desc");
        if let Some(order) = order.filter(|order| order != "desc" && order != "asc") {
            sink.push(
                Diagnostic::new("unknown-argument", order.span(), format!("`{order}` is no order"))
                    .help(suggest::help(&order.to_string(), ["asc", "desc"])),
            );
            sound = false;
        }
        columns.push((column, descending));
    }
    let predicate = match arguments.predicate {
        Some(expression) => match rule::portable(expression, sink) {
            Some(rule) => Some(rule),
            None => return,
        },
        None => None,
    };
    if sound {
        table.indexes.push(Index { columns, predicate, span: attribute.span() });
    }
}

/// `many(lines: Line, …)`.
fn many(attribute: &syn::Attribute, table: &mut Table, sink: &mut Sink) {
    struct Named(Many);
    impl Parse for Named {
        fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
            let ident = input.parse()?;
            input.parse::<Token![:]>()?;
            Ok(Self(Many { ident, row: input.call(syn::Path::parse_mod_style)? }))
        }
    }
    type List = syn::punctuated::Punctuated<Named, Token![,]>;
    let listed = attribute.parse_args_with(List::parse_terminated).ok().filter(|list| !list.is_empty());
    let Some(list) = listed else {
        sink.push(
            Diagnostic::new("wrong-value", attribute.span(), "`many` is a list of names and tables")
                .help("write `#[many(lines: Line)]`, with the struct of the table that refers to this one"),
        );
        return;
    };
    for Named(named) in list {
        let one = table.references.iter().filter_map(|reference| table.relation(reference));
        let taken = table.many.iter().map(|other| other.ident.clone()).chain(one);
        let other = taken.into_iter().find(|other| *other == named.ident);
        if let Some(other) = other {
            sink.push(
                Diagnostic::new(
                    "duplicate-value",
                    named.ident.span(),
                    format!("`{}` names two relations", named.ident),
                )
                .related(other.span(), "the other is here")
                .help("call it otherwise"),
            );
        } else {
            table.many.push(named);
        }
    }
}

/// `references(T, on_delete = …)` on a field, `references(T, a, b, on_delete = …)` on the struct.
pub(super) fn references(mut arguments: Arguments, field: Option<&Ident>, table: &mut Table, sink: &mut Sink) {
    let on_delete = arguments.word("on_delete", sink).and_then(|word| on_delete(&word, sink));
    let span = arguments.span();
    let mut positional = arguments.positional().into_iter();
    arguments.finish(sink);
    let Some(Expr::Path(target)) = positional.next() else {
        sink.push(
            Diagnostic::new("missing-argument", span, "`references` names no table")
                .help("write `references(Customer)`, with the struct of the other table"),
        );
        return;
    };
    let columns: Vec<Ident> = match field {
        Some(field) => {
            if let Some(extra) = positional.next() {
                sink.push(
                    Diagnostic::new(
                        "unknown-argument",
                        extra.span(),
                        "`references` on a field is about that field alone",
                    )
                    .help("put `#[references(T, a, b)]` on the struct to name columns"),
                );
            }
            vec![field.clone()]
        }
        None => {
            let columns: Vec<Ident> = positional.filter_map(|expression| literal::word(&expression, sink)).collect();
            if columns.is_empty() {
                sink.push(
                    Diagnostic::new("missing-argument", span, "`references` on a struct names no column")
                        .help("write `#[references(T, a, b)]`, or put it on the field"),
                );
            }
            let unknown = columns.iter().filter(|column| !known_field(column, table, sink)).count();
            if unknown > 0 || columns.is_empty() {
                return;
            }
            columns
        }
    };
    table.references.push(Reference { target: target.path, columns, on_delete, span });
}

fn on_delete(word: &Ident, sink: &mut Sink) -> Option<OnDelete> {
    match word.to_string().as_str() {
        "refuse" => Some(OnDelete::Refuse),
        "cascade" => Some(OnDelete::Cascade),
        "set_null" => Some(OnDelete::SetNull),
        other => {
            sink.push(
                Diagnostic::new("wrong-value", word.span(), format!("`{other}` is nothing that can happen on delete"))
                    .help(suggest::help(other, ["cascade", "refuse", "set_null"])),
            );
            None
        }
    }
}
