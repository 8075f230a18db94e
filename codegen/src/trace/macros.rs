//! Looks into the arguments of macros: as expressions where they are some, otherwise at every name among them. A statement of `sql!` is read
//! as the macro reads it. Absent: what macros make of their arguments; one that is not known here lets go of the handles it is given.

use cell_syntax::sql::{self, Reads};
use proc_macro2::{Spacing, TokenStream, TokenTree};
use syn::Expr;
use syn::ext::IdentExt as _;
use syn::parse::Parser as _;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;

use super::follow::Manner;
use super::frame::Frame;
use super::types::Around;
use super::value::{Statement, Value};
use crate::program::names::{Definition, Namespace};
use crate::program::{Resolved, TypeKind};

/// Macros that ask no database, whatever they are given.
const HARMLESS: [&str; 38] = [
    "assert",
    "assert_eq",
    "assert_ne",
    "bail",
    "cfg",
    "concat",
    "dbg",
    "debug",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
    "dec",
    "ensure",
    "env",
    "eprint",
    "eprintln",
    "error",
    "format",
    "format_args",
    "info",
    "join",
    "json",
    "matches",
    "panic",
    "pin",
    "print",
    "println",
    "select",
    "stringify",
    "todo",
    "trace",
    "try_join",
    "unimplemented",
    "unreachable",
    "vec",
    "warn",
    "write",
    "writeln",
];

impl Frame<'_, '_> {
    /// What a macro gives.
    pub(super) fn invocation(&mut self, invocation: &syn::Macro) -> Value {
        let world = self.tracer.world;
        if let Some(Definition::External(path)) = world.program.define(self.module, Namespace::Macro, &invocation.path)
            && path == "cell::sql"
        {
            return self.statement(invocation);
        }
        let name = invocation.path.segments.last().map(|last| last.ident.unraw().to_string()).unwrap_or_default();
        let harmless = HARMLESS.contains(&name.as_str());
        let listed = Punctuated::<Expr, syn::Token![,]>::parse_terminated.parse2(invocation.tokens.clone());
        let mut values = Vec::new();
        match listed {
            Ok(exprs) => {
                for expr in &exprs {
                    values.push((self.eval(expr), expr.span()));
                }
            }
            Err(_) => self.scoped(|frame| {
                for part in parts(&invocation.tokens) {
                    match syn::parse2::<Expr>(part.clone()) {
                        Ok(expr) => values.push((frame.eval(&expr), expr.span())),
                        Err(_) => frame.tokens(&part),
                    }
                }
            }),
        }
        if !harmless {
            for (value, span) in &values {
                self.leaves(value, *span, &format!("is captured by `{name}!`"));
            }
            return Value::Unknown;
        }
        let values = values.into_iter().map(|(value, _)| value);
        match name.as_str() {
            "join" | "try_join" => world.tuple(values.collect()),
            "dbg" | "pin" | "vec" => {
                let value = values.fold(Value::Plain, |left, right| world.join(left, right));
                if name == "vec" { value.some() } else { value }
            }
            _ => Value::Plain,
        }
    }

    fn statement(&mut self, invocation: &syn::Macro) -> Value {
        let world = self.tracer.world;
        // What is wrong with it, the scan has said.
        let Ok(query) = sql::Query::parse(invocation.tokens.clone()) else { return Value::Plain };
        let database = query.database.as_ref().and_then(|path| match world.program.resolve_path(self.module, path) {
            Resolved::Decl(id) if world.databases.contains_key(&id) => Some(id),
            _ => None,
        });
        Value::Statement(Statement { database, writes: query.reads == Reads::No && !only_asks(&query.text) })
    }

    /// Tokens that are no expression: whatever a name in them holds goes to nobody knows whom, and what it calls may be called.
    pub(super) fn tokens(&mut self, tokens: &TokenStream) {
        for token in tokens.clone() {
            match token {
                TokenTree::Group(group) => self.tokens(&group.stream()),
                TokenTree::Ident(ident) => self.name(&ident),
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }

    fn name(&mut self, ident: &syn::Ident) {
        let world = self.tracer.world;
        let name = ident.unraw().to_string();
        if let Some(local) = self.local(&name).cloned() {
            return self.leaves(&local, ident.span(), "is captured by a macro");
        }
        let path = syn::Path::from(ident.clone());
        let mut called = world.all_named(&name);
        if let Some(Definition::Item(id)) = world.program.define(self.module, Namespace::Value, &path) {
            called.extend(world.functions.get(&id));
            if let Some(global) = world.program.bodies.globals.get(&id) {
                let value = world.value(&Around::nothing(global.module), &global.ty);
                self.leaves(&value, ident.span(), "is captured by a macro");
            }
        }
        // `Shop::open()` among them gives a handle.
        let ty = syn::Type::Path(syn::TypePath { attrs: Vec::new(), qself: None, path });
        if let TypeKind::Named { resolved: Resolved::Decl(id), .. } = world.program.resolve_type(self.module, &ty).kind
            && world.databases.contains_key(&id)
        {
            self.leaves(&Value::Database(id), ident.span(), "is captured by a macro");
        }
        self.follow_as(&called, &Value::Plain, Vec::new(), Manner::Loosely);
    }
}

/// Whether a statement asks about a database, though not for rows: by its first word, unless it runs what it explains.
fn only_asks(text: &str) -> bool {
    let text = text.to_lowercase();
    let mut words = text.split(|mark: char| !mark.is_alphanumeric() && mark != '_').filter(|word| !word.is_empty());
    let first = words.next().unwrap_or_default();
    ["explain", "show"].contains(&first) && !words.any(|word| word.starts_with("analy"))
}

/// What stands between `,`, `;`, `=` and `=>`.
fn parts(tokens: &TokenStream) -> Vec<TokenStream> {
    let mut parts = vec![TokenStream::new()];
    let mut joint = false;
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        let mut ends = false;
        if let TokenTree::Punct(punct) = token {
            let mark = punct.as_char();
            let arrow = mark == '='
                && punct.spacing() == Spacing::Joint
                && matches!(tokens.get(at + 1), Some(TokenTree::Punct(next)) if next.as_char() == '>');
            let behind_arrow = mark == '>'
                && joint
                && matches!(at.checked_sub(1).and_then(|at| tokens.get(at)), Some(TokenTree::Punct(before)) if before.as_char() == '=');
            let alone = mark == '=' && punct.spacing() == Spacing::Alone && !joint;
            ends = matches!(mark, ',' | ';') || arrow || behind_arrow || alone;
            joint = punct.spacing() == Spacing::Joint;
        } else {
            joint = false;
        }
        if ends {
            parts.push(TokenStream::new());
        } else if let Some(part) = parts.last_mut() {
            part.extend([token.clone()]);
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}
