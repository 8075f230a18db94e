//! `#[Cache::memoize]`: what of a function or a table is held. Absent: which tables a function reads, whether a struct is a table, and
//! whether an argument can tell calls apart, which the compiler and rustc know.

use proc_macro2::TokenStream;
use syn::spanned::Spanned as _;
use syn::visit::Visit;
use syn::{Expr, FnArg, Item, ItemFn, Pat, Path, ReturnType, Type};

use super::arguments::Arguments;
use super::handler::is_shared;
use super::{item_name, literal, refuse_generics, wrong_item};
use crate::Attribute;
use crate::decl::{KeyArgument, Memoize, Memoized, MemoizedFunction, Spanned};
use crate::diagnostic::{Diagnostic, Sink};

/// The most arguments by which calls are told apart: as many as there are implementations for tuples.
const MOST_ARGUMENTS: usize = 8;

pub(super) fn parse(tokens: TokenStream, item: &Item, sink: &mut Sink) -> Option<Memoize> {
    let attribute = Attribute::CacheMemoize;
    let mut arguments = Arguments::parse(attribute.path(), item_name(item), tokens, sink);
    refuse_for_now(&mut arguments, sink);
    let duration = |name, arguments: &mut Arguments, sink: &mut Sink| {
        arguments.value(name, sink).and_then(|value| literal::duration(&value, sink))
    };
    let ttl = duration("ttl", &mut arguments, sink);
    let idle = duration("idle", &mut arguments, sink);
    let capacity = arguments.number("capacity", sink);
    let none_ttl = duration("none_ttl", &mut arguments, sink);
    if let Some(capacity) = capacity.as_ref().filter(|capacity| capacity.value == 0) {
        sink.push(
            Diagnostic::new("wrong-value", capacity.span, "a cache that holds nothing is none")
                .help("write how many entries it holds at most, or remove `#[Cache::memoize]`"),
        );
    }
    let tags = tags(&mut arguments, sink);
    let krate = arguments.krate(sink);
    let of = match item {
        Item::Fn(item) => Memoized::Function(Box::new(function(item, &mut arguments, sink)?)),
        Item::Struct(item) => {
            refuse_generics(attribute, &item.generics, sink);
            for name in ["key", "reads", "ignores"] {
                for span in arguments.drop_all(name) {
                    let message = format!("`{name}` is about a function, and this is a table");
                    sink.push(
                        Diagnostic::new("unknown-argument", span, message)
                            .help("remove it: a table's rows are held by their keys, and depend on themselves"),
                    );
                }
            }
            Memoized::Table(item.ident.clone())
        }
        _ => {
            wrong_item(attribute, "a function, a handler, or the struct of a table", item, sink);
            return None;
        }
    };
    arguments.finish(sink);
    Some(Memoize { of, ttl, idle, none_ttl, capacity, tags, krate })
}

/// What the grammar is to have, and does not obey yet.
fn refuse_for_now(arguments: &mut Arguments, sink: &mut Sink) {
    for (name, help) in [
        ("weight", "say how many entries it holds by `capacity`"),
        ("stale", "remove it: what is out of date is computed again before it is given"),
        ("shared", "remove it: each process has entries of its own, which fall as the database changes"),
    ] {
        for span in arguments.drop_all(name) {
            let message = format!("`{name}` does not work in this version of Cell");
            sink.push(Diagnostic::new("not-yet", span, message).help(help));
        }
    }
}

/// `tag = "…"` and `tags("…", "…")`.
fn tags(arguments: &mut Arguments, sink: &mut Sink) -> Vec<Spanned<String>> {
    let mut tags: Vec<Spanned<String>> = arguments.text("tag", sink).into_iter().collect();
    if let Some(mut list) = arguments.list("tags", sink) {
        let texts = list.positional();
        tags.extend(texts.iter().filter_map(|text| literal::text(text, sink)));
        list.finish(sink);
    }
    for tag in &tags {
        if tag.value.is_empty() || tag.value.chars().any(char::is_control) {
            let message = format!("`{}` cannot be a tag", tag.value.escape_debug());
            sink.push(Diagnostic::new("wrong-value", tag.span, message).help("write a word"));
        }
    }
    tags
}

fn function(item: &ItemFn, arguments: &mut Arguments, sink: &mut Sink) -> Option<MemoizedFunction> {
    let signature = &item.sig;
    let key = arguments.text("key", sink).and_then(|text| key(&text, sink));
    let reads = tables("reads", arguments, sink);
    let ignores = tables("ignores", arguments, sink);
    let mut wrong = |span, found: &str, help: &str| {
        let message = format!("`{}` {found}", signature.ident);
        sink.push(Diagnostic::new("memoize-signature", span, message).help(help));
    };
    if signature.asyncness.is_none() {
        wrong(
            signature.ident.span(),
            "is not async",
            "write `async fn`: several calls with the same arguments wait for one of them",
        );
    }
    let types = signature
        .generics
        .type_params()
        .map(|of| of.span())
        .chain(signature.generics.const_params().map(|of| of.span()));
    for span in types {
        wrong(span, "is generic", "name the types: each cache holds values of one");
    }
    let mut known = Vec::new();
    let mut receiver = None;
    for input in &signature.inputs {
        match input {
            FnArg::Receiver(own) if is_shared(own) => receiver = Some(own.span()),
            FnArg::Receiver(own) => {
                wrong(own.span(), "does not take `&self`", "write `&self`: what is held does not change its cell");
            }
            FnArg::Typed(input) => match (&*input.pat, &*input.ty) {
                (Pat::Ident(pattern), ty) => {
                    let (ty, borrowed) = match ty {
                        Type::Reference(reference) if reference.mutability.is_some() => {
                            let help = "take it by `&` or by value: a result that is held changes nothing";
                            wrong(reference.span(), "can change its caller's value", help);
                            continue;
                        }
                        Type::Reference(reference) => ((*reference.elem).clone(), true),
                        other => (other.clone(), false),
                    };
                    if is_impl(&ty) {
                        wrong(ty.span(), "is generic", "name the types: each cache holds values of one");
                    }
                    known.push(KeyArgument { ident: pattern.ident.clone(), ty, borrowed });
                }
                (pattern, _) => {
                    let help = "give it a name, and take it apart in the body";
                    wrong(pattern.span(), "has an argument without a single name", help);
                }
            },
        }
    }
    if known.len() > MOST_ARGUMENTS && key.is_none() {
        let help = format!("write `key = \"(a, b)\"` with at most {MOST_ARGUMENTS} of what tells calls apart");
        wrong(signature.inputs.span(), "takes too many arguments", &help);
    }
    let output = match &signature.output {
        ReturnType::Type(_, ty) if !is_impl(ty) && !borrows(ty) => (**ty).clone(),
        ReturnType::Type(_, ty) => {
            wrong(ty.span(), "returns what cannot be held", "return a type of its own that is `Clone`");
            return None;
        }
        ReturnType::Default => {
            wrong(signature.ident.span(), "returns nothing", "there is nothing to hold: remove `#[Cache::memoize]`");
            return None;
        }
    };
    let ident = signature.ident.clone();
    Some(MemoizedFunction { ident, receiver, arguments: known, output, key, reads, ignores })
}

/// The expression in a text, at the text's place.
fn key(text: &Spanned<String>, sink: &mut Sink) -> Option<Spanned<Expr>> {
    let literal = syn::LitStr::new(&text.value, text.span);
    match literal.parse_with(|input: syn::parse::ParseStream<'_>| {
        let tokens = super::arguments::shallow(input.parse()?)?;
        syn::parse2::<Expr>(tokens)
    }) {
        Ok(value) => Some(Spanned { value, span: text.span }),
        Err(error) => {
            let message = format!("`key` is no expression: {error}");
            sink.push(
                Diagnostic::new("wrong-value", text.span, message)
                    .help("write what tells calls apart, of the arguments: `key = \"(tenant, limit)\"`"),
            );
            None
        }
    }
}

/// `reads(Product, shop::Order)`: structs of tables.
fn tables(name: &'static str, arguments: &mut Arguments, sink: &mut Sink) -> Vec<Path> {
    let Some(mut list) = arguments.list(name, sink) else { return Vec::new() };
    let mut paths = Vec::new();
    for expression in list.positional() {
        match expression {
            Expr::Path(path) if path.qself.is_none() => paths.push(path.path),
            other => sink.push(
                Diagnostic::new("wrong-value", other.span(), "this is no struct of a table")
                    .help(format!("write `{name}(Product)`")),
            ),
        }
    }
    list.finish(sink);
    paths
}

/// Whether a type is only said by what it can do, anywhere in it.
fn is_impl(ty: &Type) -> bool {
    found(ty, |ty| matches!(ty, Type::ImplTrait(_)))
}

/// Whether a type borrows, as far as one can see.
fn borrows(ty: &Type) -> bool {
    found(ty, |ty| matches!(ty, Type::Reference(reference) if !is_static(reference)))
}

fn is_static(reference: &syn::TypeReference) -> bool {
    reference.lifetime.as_ref().is_some_and(|lifetime| lifetime.ident == "static")
}

fn found(ty: &Type, is: fn(&Type) -> bool) -> bool {
    struct Finds(fn(&Type) -> bool, bool);
    impl<'a> Visit<'a> for Finds {
        fn visit_type(&mut self, ty: &'a Type) {
            self.1 |= (self.0)(ty);
            syn::visit::visit_type(self, ty);
        }
    }
    let mut finds = Finds(is, false);
    finds.visit_type(ty);
    finds.1
}
