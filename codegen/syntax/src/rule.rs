//! The language of `check`, `generated`, `backfill` and `where`: which Rust expressions belong to it.
//! In: an expression. Out: diagnostics where it leaves the language. Absent: columns' names and types, and SQL.

use syn::spanned::Spanned as _;
use syn::{BinOp, Expr, Lit, UnOp};

use crate::diagnostic::{Diagnostic, Sink};
use crate::suggest;

/// The functions of the language, each with the least and the most arguments.
pub const FUNCTIONS: [(&str, usize, usize); 10] = [
    ("abs", 1, 1),
    ("coalesce", 2, usize::MAX),
    ("concat", 2, usize::MAX),
    ("contains", 2, 2),
    ("is_null", 1, 1),
    ("len", 1, 1),
    ("lower", 1, 1),
    ("starts_with", 2, 2),
    ("trim", 1, 1),
    ("upper", 1, 1),
];

/// How deep an expression may nest: deeper than people write, shallow enough for every stage that recurses.
pub const MAX_DEPTH: usize = 64;

/// Reports each part of the expression that the language does not know.
pub fn check(expression: &Expr, sink: &mut Sink) {
    walk(expression, 0, sink);
}

fn walk(expression: &Expr, depth: usize, sink: &mut Sink) {
    if depth > MAX_DEPTH {
        sink.push(
            Diagnostic::new("unsupported-expression", expression.span(), "this expression nests too deep")
                .help(format!("an expression may nest {MAX_DEPTH} levels; say it in several checks")),
        );
        return;
    }
    match expression {
        Expr::Paren(inner) => walk(&inner.expr, depth + 1, sink),
        Expr::Group(inner) => walk(&inner.expr, depth + 1, sink),
        Expr::Path(path) if path.qself.is_none() && path.attrs.is_empty() => {}
        Expr::Lit(literal) => check_literal(&literal.lit, sink),
        Expr::Unary(unary) => match unary.op {
            UnOp::Not(_) | UnOp::Neg(_) => walk(&unary.expr, depth + 1, sink),
            _ => unsupported(expression, "this operator", sink),
        },
        Expr::Binary(binary) => {
            if !is_supported(&binary.op) {
                unsupported(expression, "this operator", sink);
                return;
            }
            walk(&binary.left, depth + 1, sink);
            walk(&binary.right, depth + 1, sink);
        }
        Expr::Call(call) => check_call(call, depth, sink),
        Expr::MethodCall(call) => {
            let method = call.method.to_string();
            let help = if FUNCTIONS.iter().any(|(name, ..)| *name == method) {
                format!("write `{method}(…)` with the receiver as the first argument")
            } else {
                known_functions()
            };
            sink.push(
                Diagnostic::new("unsupported-expression", call.method.span(), "methods are not part of this language")
                    .help(help),
            );
        }
        _ => unsupported(expression, "this expression", sink),
    }
}

fn check_call(call: &syn::ExprCall, depth: usize, sink: &mut Sink) {
    let Expr::Path(path) = &*call.func else {
        return unsupported(&call.func, "this call", sink);
    };
    let Some(name) = path.path.get_ident().map(ToString::to_string) else {
        return unsupported(&call.func, "this function", sink);
    };
    let Some((_, least, most)) = FUNCTIONS.iter().find(|(known, ..)| *known == name) else {
        sink.push(
            Diagnostic::new("unknown-function", path.span(), format!("`{name}` is not a function of this language"))
                .help(suggest::help(&name, FUNCTIONS.iter().map(|(name, ..)| *name))),
        );
        return;
    };
    let found = call.args.len();
    if found < *least || found > *most {
        let wanted = if least == most { format!("{least}") } else { format!("at least {least}") };
        sink.push(
            Diagnostic::new("unsupported-expression", call.span(), format!("`{name}` got {found} arguments"))
                .help(format!("it takes {wanted}")),
        );
    }
    for argument in &call.args {
        walk(argument, depth + 1, sink);
    }
}

fn check_literal(literal: &Lit, sink: &mut Sink) {
    let known = match literal {
        Lit::Str(text) => {
            if text.value().contains('\0') {
                sink.push(
                    Diagnostic::new("unsupported-expression", text.span(), "this text holds U+0000")
                        .help("no engine's text can hold it; leave it out"),
                );
            }
            text.suffix().is_empty()
        }
        Lit::Int(number) => number.suffix().is_empty(),
        Lit::Float(number) => number.suffix().is_empty(),
        Lit::Bool(_) => true,
        _ => false,
    };
    if !known {
        sink.push(
            Diagnostic::new("unsupported-expression", literal.span(), "this literal is not part of this language")
                .help("write a number without a suffix, a text in double quotes, `true` or `false`"),
        );
    }
}

fn is_supported(op: &BinOp) -> bool {
    matches!(
        op,
        BinOp::And(_)
            | BinOp::Or(_)
            | BinOp::Eq(_)
            | BinOp::Ne(_)
            | BinOp::Lt(_)
            | BinOp::Le(_)
            | BinOp::Gt(_)
            | BinOp::Ge(_)
            | BinOp::Add(_)
            | BinOp::Sub(_)
            | BinOp::Mul(_)
            | BinOp::Div(_)
            | BinOp::Rem(_)
    )
}

fn unsupported(expression: &Expr, what: &str, sink: &mut Sink) {
    sink.push(
        Diagnostic::new(
            "unsupported-expression",
            expression.span(),
            format!("{what} means nothing to both engines, so it is not part of this language"),
        )
        .help(format!(
            "use columns, literals, `! - && || == != < <= > >= + - * / %` and the functions {}; \
             or say it for each engine: `sqlite = \"…\", postgres = \"…\"`",
            known_functions()
        )),
    );
}

fn known_functions() -> String {
    let names: Vec<&str> = FUNCTIONS.iter().map(|(name, ..)| *name).collect();
    suggest::list(&names)
}
