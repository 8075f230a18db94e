//! `#[handler]`: an impl whose public async methods are a cell's calls.

use proc_macro2::TokenStream;
use syn::spanned::Spanned as _;
use syn::{FnArg, ImplItem, ImplItemFn, Item, Pat, PathArguments, ReturnType, Type, Visibility};

use super::arguments::Arguments;
use super::{http, item_name, literal, refuse_conditions, refuse_generics, wrong_item};
use crate::Attribute;
use crate::decl::{Argument, Handler, Handlers, Task};
use crate::diagnostic::{Diagnostic, Sink};

pub(super) fn parse(tokens: TokenStream, item: &Item, sink: &mut Sink) -> Option<Handlers> {
    let attribute = Attribute::Handler;
    let mut arguments = Arguments::parse(attribute.path(), item_name(item), tokens, sink);
    let krate = arguments.krate(sink);
    arguments.finish(sink);
    let Item::Impl(item) = item else {
        wrong_item(attribute, "the impl of a cell", item, sink);
        return None;
    };
    refuse_generics(attribute, &item.generics, sink);
    if let Some((path, _)) = &item.trait_ {
        sink.push(
            Diagnostic::new("wrong-item", path.span(), "`#[handler]` stands on the impl of a trait")
                .help("put it on the cell's own impl: `impl Orders { … }`"),
        );
    }
    let cell = match &*item.self_ty {
        Type::Path(path)
            if path.qself.is_none()
                && path.path.segments.iter().all(|part| matches!(part.arguments, PathArguments::None)) =>
        {
            path.path.clone()
        }
        other => {
            sink.push(
                Diagnostic::new("wrong-item", other.span(), "this type is no cell")
                    .help("put `#[handler]` on the impl of a struct with `#[service]`"),
            );
            return None;
        }
    };
    let handlers = item
        .items
        .iter()
        .filter_map(|member| match member {
            ImplItem::Fn(function) => handler(function, sink),
            _ => None,
        })
        .collect();
    Some(Handlers { cell, krate, handlers })
}

/// The handler that a method is, if it is one: public, async and with `&self`, or marked by a helper.
fn handler(function: &ImplItemFn, sink: &mut Sink) -> Option<Handler> {
    let marked = function
        .attrs
        .iter()
        .find(|attribute| ["http", "idempotent", "task"].iter().any(|helper| attribute.path().is_ident(helper)));
    let public = matches!(function.vis, Visibility::Public(_));
    let has_self = matches!(function.sig.inputs.first(), Some(FnArg::Receiver(_)));
    if marked.is_none() && !(public && function.sig.asyncness.is_some() && has_self) {
        return None;
    }
    refuse_conditions(&function.attrs, "handler", sink);
    check_signature(function, sink);

    let mut idempotent = false;
    let mut task = None;
    let mut door = None;
    for attribute in &function.attrs {
        if attribute.path().is_ident("http") {
            door = Some(attribute);
        } else if attribute.path().is_ident("idempotent") {
            Arguments::of(attribute, sink).finish(sink);
            idempotent = true;
        } else if attribute.path().is_ident("task") {
            let mut arguments = Arguments::of(attribute, sink);
            let every = arguments.value("every", sink).and_then(|value| literal::duration(&value, sink));
            arguments.finish(sink);
            task = Some((Task { every }, attribute.span()));
        }
    }
    let arguments: Vec<Argument> = function.sig.inputs.iter().filter_map(|input| argument(input, sink)).collect();
    if let Some((_, span)) = &task {
        if let Some(argument) = arguments.first() {
            sink.push(
                Diagnostic::new(
                    "handler-signature",
                    argument.ident.span(),
                    "a task takes arguments, but nobody calls it",
                )
                .related(*span, "a task")
                .help("remove the arguments; a task finds what it needs in its cell's fields"),
            );
        }
        if let Some(door) = door {
            sink.push(
                Diagnostic::new("conflicting-attributes", door.span(), "a task has no HTTP door")
                    .related(*span, "a task")
                    .help("write a handler of its own for the door"),
            );
        }
    }
    let http = door.and_then(|attribute| http::parse(attribute, &arguments, sink));
    let output = match &function.sig.output {
        ReturnType::Default => None,
        ReturnType::Type(_, ty) => Some((**ty).clone()),
    };
    Some(Handler {
        ident: function.sig.ident.clone(),
        arguments,
        output,
        http,
        idempotent,
        task: task.map(|(task, _)| task),
    })
}

fn check_signature(function: &ImplItemFn, sink: &mut Sink) {
    let signature = &function.sig;
    let name = &signature.ident;
    let mut wrong = |span, found: &str, help: &str| {
        sink.push(Diagnostic::new("handler-signature", span, format!("the handler `{name}` {found}")).help(help));
    };
    if signature.asyncness.is_none() {
        wrong(name.span(), "is not async", "write `async fn`: a call may have to wait for another machine");
    }
    match signature.inputs.first() {
        Some(FnArg::Receiver(receiver)) if is_shared(receiver) => {}
        Some(input) => wrong(input.span(), "does not take `&self`", "write `&self`: a cell serves many calls at once"),
        None => wrong(name.span(), "does not take `&self`", "write `&self`: a cell serves many calls at once"),
    }
    if !signature.generics.params.is_empty() {
        wrong(signature.generics.span(), "is generic", "name the types: both sides of a call must know them");
    }
    if matches!(signature.output, ReturnType::Default) {
        wrong(name.span(), "returns nothing", "write `-> Result<()>`: a call may fail, and says so");
    }
}

/// `&self`, and nothing else.
pub(super) fn is_shared(receiver: &syn::Receiver) -> bool {
    let tokens = quote::ToTokens::to_token_stream(receiver).to_string();
    tokens.replace(' ', "") == "&self"
}

fn argument(input: &FnArg, sink: &mut Sink) -> Option<Argument> {
    let FnArg::Typed(input) = input else { return None };
    let Pat::Ident(pattern) = &*input.pat else {
        sink.push(
            Diagnostic::new("handler-signature", input.pat.span(), "an argument of a handler has no single name")
                .help("give it a name, and take it apart in the body"),
        );
        return None;
    };
    let (ty, borrowed) = match &*input.ty {
        Type::Reference(reference) => {
            if reference.mutability.is_some() {
                sink.push(
                    Diagnostic::new("handler-signature", reference.span(), "a handler can't change its caller's value")
                        .help("take it by `&` or by value, and return what changed"),
                );
            }
            ((*reference.elem).clone(), true)
        }
        other => (other.clone(), false),
    };
    if let Type::ImplTrait(stream) = &ty {
        sink.push(
            Diagnostic::new("not-yet", stream.span(), "streams do not cross a synapse in this version of Cell")
                .help("take a `Vec` instead"),
        );
    }
    Some(Argument { ident: pattern.ident.clone(), ty, borrowed })
}
