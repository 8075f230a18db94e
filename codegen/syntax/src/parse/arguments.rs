//! The arguments of an attribute: `name = value`, `name(…)`, `name`, and expressions without a name.
//! In: tokens. Out: entries that a reader takes one by one; what is left over is unknown, with the nearest known name.

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{Expr, Ident, Token, parenthesized};

use super::literal;
use crate::decl::Spanned;
use crate::diagnostic::{Diagnostic, Sink};
use crate::rule::MAX_DEPTH;
use crate::suggest;

/// What was written for one argument.
pub(super) enum Entry {
    /// `name`
    Flag(Ident),
    /// `name = value`
    Value(Ident, Expr),
    /// `name(…)`
    List(Ident, TokenStream),
    /// An expression without a name.
    Positional(Expr),
}

impl Entry {
    pub(super) fn span(&self) -> Span {
        match self {
            Self::Flag(ident) | Self::Value(ident, _) | Self::List(ident, _) => ident.span(),
            Self::Positional(expression) => expression.span(),
        }
    }

    fn name(&self) -> Option<String> {
        match self {
            Self::Flag(ident) | Self::Value(ident, _) | Self::List(ident, _) => Some(ident.to_string()),
            Self::Positional(_) => None,
        }
    }
}

impl Parse for Entry {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        // Keywords are names here: `crate = …`, `where = …`.
        let ahead = input.fork();
        if let Ok(name) = ahead.call(Ident::parse_any) {
            if ahead.peek(Token![=]) && !ahead.peek(Token![==]) {
                input.call(Ident::parse_any)?;
                input.parse::<Token![=]>()?;
                return Ok(Self::Value(name, input.parse()?));
            }
            if ahead.peek(syn::token::Paren) {
                let list;
                parenthesized!(list in ahead);
                let tokens: TokenStream = list.parse()?;
                // `len(name) > 3` begins like a list, but goes on.
                if ahead.is_empty() || ahead.peek(Token![,]) {
                    syn::parse::discouraged::Speculative::advance_to(input, &ahead);
                    return Ok(Self::List(name, tokens));
                }
            } else if ahead.is_empty() || ahead.peek(Token![,]) {
                input.call(Ident::parse_any)?;
                return Ok(Self::Flag(name));
            }
        }
        Ok(Self::Positional(input.parse()?))
    }
}

/// The arguments of one attribute, read by name.
pub(super) struct Arguments {
    /// How the attribute is written in messages: `Database::table`, `column`.
    owner: String,
    entries: Vec<Entry>,
    known: Vec<&'static str>,
    span: Span,
}

impl Arguments {
    /// Splits the tokens; syntax errors go to the sink.
    pub(super) fn parse(owner: impl Into<String>, span: Span, tokens: TokenStream, sink: &mut Sink) -> Self {
        let entries =
            match shallow(tokens).and_then(|tokens| Punctuated::<Entry, Token![,]>::parse_terminated.parse2(tokens)) {
                Ok(entries) => entries.into_iter().collect(),
                Err(error) => {
                    sink.syntax(&error);
                    Vec::new()
                }
            };
        Self { owner: owner.into(), entries, known: Vec::new(), span }
    }

    /// The arguments of a helper attribute: `#[unique]` has none.
    pub(super) fn of(attribute: &syn::Attribute, sink: &mut Sink) -> Self {
        let owner = attribute.path().get_ident().map(ToString::to_string).unwrap_or_default();
        let tokens = match &attribute.meta {
            syn::Meta::Path(_) => TokenStream::new(),
            syn::Meta::List(list) => list.tokens.clone(),
            syn::Meta::NameValue(pair) => {
                sink.push(
                    Diagnostic::new("attribute-syntax", pair.span(), format!("`{owner}` takes no `=`"))
                        .help(format!("write `#[{owner}(…)]`")),
                );
                TokenStream::new()
            }
        };
        Self::parse(owner, attribute.span(), tokens, sink)
    }

    /// Where the attribute stands.
    pub(super) fn span(&self) -> Span {
        self.span
    }

    fn take(&mut self, name: &'static str, sink: &mut Sink) -> Option<Entry> {
        self.known.push(name);
        let at = self.entries.iter().position(|entry| entry.name().as_deref() == Some(name))?;
        let entry = self.entries.remove(at);
        while let Some(again) = self.entries.iter().position(|entry| entry.name().as_deref() == Some(name)) {
            let again = self.entries.remove(again);
            sink.push(
                Diagnostic::new("duplicate-argument", again.span(), format!("`{name}` is given twice"))
                    .related(entry.span(), "first given here")
                    .help("keep one of them"),
            );
        }
        Some(entry)
    }

    /// `name = value`, where the caller reads the value.
    pub(super) fn value(&mut self, name: &'static str, sink: &mut Sink) -> Option<Expr> {
        match self.take(name, sink)? {
            Entry::Value(_, value) => Some(value),
            entry => {
                self.wrong(&entry, format!("write `{name} = …`"), sink);
                None
            }
        }
    }

    /// `name = "…"`
    pub(super) fn text(&mut self, name: &'static str, sink: &mut Sink) -> Option<Spanned<String>> {
        let value = self.value(name, sink)?;
        literal::text(&value, sink)
    }

    /// `name = 10`
    pub(super) fn number(&mut self, name: &'static str, sink: &mut Sink) -> Option<Spanned<u32>> {
        let value = self.value(name, sink)?;
        literal::number(&value, sink)
    }

    /// `name = word`
    pub(super) fn word(&mut self, name: &'static str, sink: &mut Sink) -> Option<Ident> {
        let value = self.value(name, sink)?;
        literal::word(&value, sink)
    }

    /// `name = some::path`
    pub(super) fn path(&mut self, name: &'static str, sink: &mut Sink) -> Option<syn::Path> {
        match self.value(name, sink)? {
            Expr::Path(path) if path.qself.is_none() => Some(path.path),
            other => {
                sink.push(
                    Diagnostic::new("wrong-value", other.span(), format!("`{name}` takes a path"))
                        .help(format!("write `{name} = some::path`")),
                );
                None
            }
        }
    }

    /// `name(…)`, as arguments of its own.
    pub(super) fn list(&mut self, name: &'static str, sink: &mut Sink) -> Option<Self> {
        match self.take(name, sink)? {
            Entry::List(ident, tokens) => Some(Self::parse(name, ident.span(), tokens, sink)),
            entry => {
                self.wrong(&entry, format!("write `{name}(…)`"), sink);
                None
            }
        }
    }

    /// `name`
    pub(super) fn flag(&mut self, name: &'static str, sink: &mut Sink) -> bool {
        match self.take(name, sink) {
            None => false,
            Some(Entry::Flag(_)) => true,
            Some(entry) => {
                self.wrong(&entry, format!("write `{name}` alone"), sink);
                false
            }
        }
    }

    /// The entries that are single words or expressions, in order; they leave the list.
    pub(super) fn positional(&mut self) -> Vec<Expr> {
        let mut rest = Vec::new();
        let mut found = Vec::new();
        for entry in self.entries.drain(..) {
            match entry {
                Entry::Positional(expression) => found.push(expression),
                Entry::Flag(ident) => found.push(syn::parse_quote!(#ident)),
                // A call that ends the argument reads like a list: `check(starts_with(sku, "A"))`.
                Entry::List(ident, tokens) if !self.known.iter().any(|known| ident == known) => {
                    match syn::parse2(quote::quote_spanned!(ident.span()=> #ident(#tokens))) {
                        Ok(call) => found.push(call),
                        Err(_) => rest.push(Entry::List(ident, tokens)),
                    }
                }
                entry => rest.push(entry),
            }
        }
        self.entries = rest;
        found
    }

    /// Every entry as a `name(…)`; there are no others.
    pub(super) fn lists(self, sink: &mut Sink) -> Vec<(Ident, TokenStream)> {
        let lists = self.entries.into_iter().filter_map(|entry| match entry {
            Entry::List(ident, tokens) => Some((ident, tokens)),
            Entry::Flag(ident) => Some((ident, TokenStream::new())),
            entry => {
                sink.push(
                    Diagnostic::new(
                        "unknown-argument",
                        entry.span(),
                        format!("`{}` does not take this argument", self.owner),
                    )
                    .help("it takes fields, each with what is done with it: `name(text)`"),
                );
                None
            }
        });
        lists.collect()
    }

    /// Takes every entry of a name, whatever its form, and gives the places.
    pub(super) fn drop_all(&mut self, name: &str) -> Vec<Span> {
        let (dropped, kept) = self.entries.drain(..).partition(|entry: &Entry| entry.name().as_deref() == Some(name));
        self.entries = kept;
        dropped.iter().map(Entry::span).collect()
    }

    /// The runtime's path: `crate = name`.
    pub(super) fn krate(&mut self, sink: &mut Sink) -> Option<syn::Path> {
        self.path("crate", sink)
    }

    /// Refuses what is left: every entry that nobody took.
    pub(super) fn finish(self, sink: &mut Sink) {
        for entry in &self.entries {
            let diagnostic = match entry.name() {
                Some(name) => Diagnostic::new(
                    "unknown-argument",
                    entry.span(),
                    format!("`{}` has no argument `{name}`", self.owner),
                )
                .help(suggest::help(&name, self.known.iter().copied())),
                None => Diagnostic::new(
                    "unknown-argument",
                    entry.span(),
                    format!("`{}` does not take this argument", self.owner),
                )
                .help(format!("it takes {}", suggest::list(&self.known))),
            };
            sink.push(diagnostic);
        }
    }

    /// An argument that must be there and is not.
    pub(super) fn missing(&self, name: &str, example: &str, sink: &mut Sink) {
        sink.push(
            Diagnostic::new("missing-argument", self.span, format!("`{}` needs `{name}`", self.owner))
                .help(format!("write `#[{}({example})]`", self.owner)),
        );
    }

    fn wrong(&self, entry: &Entry, help: String, sink: &mut Sink) {
        let name = entry.name().unwrap_or_default();
        sink.push(
            Diagnostic::new(
                "wrong-value",
                entry.span(),
                format!("`{name}` of `{}` is written in another form", self.owner),
            )
            .help(help),
        );
    }
}

/// The tokens, where no bracket stands deeper than a rule may nest. syn recurses, so what nests without end would
/// otherwise end the process.
pub(super) fn shallow(tokens: TokenStream) -> syn::Result<TokenStream> {
    let mut level: Vec<TokenTree> = tokens.clone().into_iter().collect();
    for _ in 0..MAX_DEPTH {
        level = level
            .into_iter()
            .filter_map(|token| match token {
                TokenTree::Group(group) => Some(group.stream()),
                _ => None,
            })
            .flatten()
            .collect();
    }
    match level.first() {
        None => Ok(tokens),
        Some(token) => Err(syn::Error::new(token.span(), "these brackets nest too deep")),
    }
}
