//! `check(…)`, `generated(…)`, `where = …` and `backfill = …`: an expression, or the text of each engine.

use super::arguments::Arguments;
use crate::decl::Rule;
use crate::diagnostic::{Diagnostic, Sink};
use crate::rule;

/// The rule that stands alone in an attribute: `check(price >= 0)` or `check(sqlite = "…", postgres = "…")`.
pub(super) fn parse(mut arguments: Arguments, what: &str, sink: &mut Sink) -> Option<Rule> {
    let sqlite = arguments.text("sqlite", sink);
    let postgres = arguments.text("postgres", sink);
    let mut expressions = arguments.positional().into_iter();
    let span = arguments.span();
    arguments.finish(sink);
    match (expressions.next(), sqlite.is_some() || postgres.is_some()) {
        (None, true) => Some(Rule::Raw { sqlite, postgres }),
        (Some(expression), false) if expressions.len() == 0 => portable(expression, sink),
        _ => {
            sink.push(
                Diagnostic::new("wrong-value", span, format!("`{what}` takes one expression"))
                    .help(format!("write `{what}(price >= 0)`, or `{what}(sqlite = \"…\", postgres = \"…\")`")),
            );
            None
        }
    }
}

/// An expression of the portable language.
pub(super) fn portable(expression: syn::Expr, sink: &mut Sink) -> Option<Rule> {
    let mut own = Sink::default();
    rule::check(&expression, &mut own);
    let sound = own.is_empty();
    for diagnostic in own.into_vec() {
        sink.push(diagnostic);
    }
    sound.then_some(Rule::Portable(expression))
}
