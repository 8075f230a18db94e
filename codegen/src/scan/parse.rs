//! Parses a source file. In: its text. Out: its syntax tree, whose spans count in that text, or what is wrong with it.
//! Absent: files, and Cell's attributes.

use cell_syntax::diagnostic::Diagnostic;
use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};

use super::read::place;

/// How deep brackets may be nested: the parser recurses, and a file must not be able to exhaust its stack.
const DEEPEST: usize = 128;

/// Parses a file.
///
/// # Errors
/// The first thing that is no Rust.
pub(super) fn parse(text: &str) -> Result<syn::File, Box<Diagnostic>> {
    let tokens: TokenStream = masked(text).parse().map_err(|error: proc_macro2::LexError| {
        syntax_error(text, error.span(), "expected a token of Rust; a bracket or a quote may be open")
    })?;
    if let Some(span) = too_deep(&tokens) {
        let message = format!("brackets are nested more than {DEEPEST} deep");
        return Err(Box::new(
            Diagnostic::new("syntax-error", span, message)
                .help("move the inner part to a function or a file of its own"),
        ));
    }
    syn::parse2(tokens).map_err(|error| syntax_error(text, error.span(), &error.to_string()))
}

fn syntax_error(text: &str, span: Span, message: &str) -> Box<Diagnostic> {
    // An error at the end of the input has no token to stand at.
    let span = if span.byte_range().is_empty() && !text.is_empty() {
        let end = text.trim_end().len();
        place(end.saturating_sub(1), 1)
    } else {
        span
    };
    Box::new(
        Diagnostic::new("syntax-error", span, format!("this file does not parse: {message}"))
            .help("`cargo check` shows all of rustc's errors"),
    )
}

/// The text with spaces for what stands before the first token but is none, so that no byte moves.
fn masked(text: &str) -> String {
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let rest = &text[start..];
    let mut masked = " ".repeat(start);
    // `#!/usr/bin/env …` is a line for the system, `#![…]` an attribute.
    if rest.starts_with("#!") && !rest[2..].trim_start().starts_with('[') {
        let line = rest.find('\n').unwrap_or(rest.len());
        masked.push_str(&" ".repeat(line));
        masked.push_str(&rest[line..]);
    } else {
        masked.push_str(rest);
    }
    masked
}

/// The first bracket that is nested too deep.
fn too_deep(tokens: &TokenStream) -> Option<Span> {
    let mut open = vec![tokens.clone().into_iter()];
    while let Some(innermost) = open.last_mut() {
        match innermost.next() {
            Some(TokenTree::Group(group)) if group.delimiter() != Delimiter::None => {
                if open.len() > DEEPEST {
                    return Some(group.span_open());
                }
                open.push(group.stream().into_iter());
            }
            Some(_) => {}
            None => {
                open.pop();
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::parse;

    fn error(text: &str) -> String {
        match parse(text) {
            Ok(_) => "parses".to_owned(),
            Err(error) => format!("{} at {:?}", error.message, error.span.byte_range()),
        }
    }

    #[test]
    fn places_count_in_the_text_also_behind_a_byte_order_mark_and_a_shebang() {
        for text in ["struct A;", "\u{feff}struct A;", "#!/usr/bin/env run\nstruct A;", "\u{feff}#!x\r\nstruct A;"] {
            let file = parse(text).expect("parses");
            let Some(syn::Item::Struct(item)) = file.items.first() else { panic!("{text:?}") };
            assert_eq!(text.get(item.ident.span().byte_range()), Some("A"), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_rust_has_a_place() {
        let errors: Vec<String> = ["struct A {", "fn f( {}", "struct 1;", "pub fn f()", "\"open", "struct A;\n)\n"]
            .iter()
            .map(|text| format!("{text:?}: {}\n", error(text)))
            .collect();
        expect![[r#"
            "struct A {": this file does not parse: expected a token of Rust; a bracket or a quote may be open at 9..10
            "fn f( {}": this file does not parse: expected a token of Rust; a bracket or a quote may be open at 7..8
            "struct 1;": this file does not parse: expected identifier at 7..8
            "pub fn f()": this file does not parse: unexpected end of input, expected curly braces at 9..10
            "\"open": this file does not parse: expected a token of Rust; a bracket or a quote may be open at 4..5
            "struct A;\n)\n": this file does not parse: expected a token of Rust; a bracket or a quote may be open at 10..11
        "#]].assert_eq(&errors.concat());
    }

    #[test]
    fn brackets_nested_too_deep_are_refused_before_they_are_parsed() {
        let deep = |levels: usize| format!("const A: () = {}{};", "(".repeat(levels), ")".repeat(levels));
        assert_eq!(error(&deep(128)), "parses");
        assert_eq!(error(&deep(100_000)), "brackets are nested more than 128 deep at 142..143");
    }
}
