//! The statements of `sql!`, also inside of other macros' arguments. In: a macro's invocation and where it stands. Out: [`Query`]s, or
//! what is wrong with them. Absent: what other macros make of their arguments; the records in the binary tell of that.

use cell_syntax::sql;
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::Path;

use crate::program::names::{Definition, Namespace};
use crate::program::{FileId, Located, ModuleId, Program, Query};

/// The macro's canonical path.
const SQL: &str = "cell::sql";

/// An invocation that may be of `sql!`: its first argument is a text, or a path and a text.
pub(super) struct Invocation {
    module: ModuleId,
    file: FileId,
    path: Path,
    tokens: TokenStream,
}

/// Finds the invocations in one: itself, and those among its tokens.
pub(super) fn find(module: ModuleId, file: FileId, invocation: &syn::Macro, into: &mut Vec<Invocation>) {
    if may_be_a_statement(&invocation.tokens) {
        into.push(Invocation { module, file, path: invocation.path.clone(), tokens: invocation.tokens.clone() });
    }
    let mut open = vec![invocation.tokens.clone()];
    while let Some(tokens) = open.pop() {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for (at, token) in tokens.iter().enumerate() {
            let TokenTree::Group(group) = token else { continue };
            match invoked(tokens.get(..at).unwrap_or_default(), group) {
                Some(path) => into.push(Invocation { module, file, path, tokens: group.stream() }),
                None => open.push(group.stream()),
            }
        }
    }
}

/// The path of the macro that these tokens invoke with a group behind them.
fn invoked(before: &[TokenTree], group: &Group) -> Option<Path> {
    let is = |token: Option<&TokenTree>, mark: char| matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == mark);
    let (last, mut rest) = before.split_last()?;
    if group.delimiter() == Delimiter::None || !is(Some(last), '!') || !may_be_a_statement(&group.stream()) {
        return None;
    }
    let mut path = Vec::new();
    while let Some((name @ TokenTree::Ident(_), before)) = rest.split_last() {
        path.push(name.clone());
        rest = before;
        let [before @ .., first, second] = rest else { break };
        if !is(Some(first), ':') || !is(Some(second), ':') {
            break;
        }
        path.extend([second.clone(), first.clone()]);
        rest = before;
    }
    syn::parse2(path.into_iter().rev().collect()).ok()
}

fn may_be_a_statement(tokens: &TokenStream) -> bool {
    let is_text =
        |token: &TokenTree| matches!(token, TokenTree::Literal(literal) if literal.to_string().ends_with(['"', '#']));
    let mut tokens = tokens.clone().into_iter();
    match tokens.next() {
        Some(TokenTree::Ident(_)) => {
            let mut rest = tokens.skip_while(|token| match token {
                TokenTree::Ident(_) => true,
                TokenTree::Punct(punct) => punct.as_char() == ':',
                _ => false,
            });
            matches!(rest.next(), Some(TokenTree::Punct(comma)) if comma.as_char() == ',')
                && rest.next().is_some_and(|token| is_text(&token))
        }
        Some(token) => is_text(&token),
        None => false,
    }
}

/// Adds those that are of `sql!` to the program, whose names are resolved. Gives what is wrong with them.
pub(super) fn declare(program: &mut Program, invocations: Vec<Invocation>) -> Vec<Located> {
    let mut located = Vec::new();
    for Invocation { module, file, path, tokens } in invocations {
        let defined = program.define(module, Namespace::Macro, &path);
        if !matches!(defined, Some(Definition::External(found)) if found == SQL) {
            continue;
        }
        match sql::Query::parse(tokens) {
            Ok(query) => program.queries.push(Query { module, file, query }),
            Err(diagnostic) => located.push(Located::new(file, *diagnostic)),
        }
    }
    let modules = &program.modules;
    program.queries.sort_by_cached_key(|query| {
        (modules[query.module.0].path.clone(), query.query.literal.span().byte_range().start)
    });
    located
}
