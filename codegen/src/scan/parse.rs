//! Parses a source file. In: its text. Out: its syntax tree, whose spans count in that text, or what is wrong with it.
//! Absent: files, and Cell's attributes.

use cell_syntax::diagnostic::Diagnostic;
use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};

use super::read::place;

/// How deep brackets may be nested: the parser recurses, and a file must not be able to exhaust its stack.
const DEEPEST: usize = 128;

/// How many operators may stand before one operand, and how many `<` may be open, for the same reason.
const LONGEST: usize = 128;

/// Parses a file.
///
/// # Errors
/// The first thing that is no Rust.
pub(super) fn parse(text: &str) -> Result<syn::File, Box<Diagnostic>> {
    let tokens: TokenStream = masked(text).parse().map_err(|error: proc_macro2::LexError| {
        syntax_error(text, error.span(), "expected a token of Rust; a bracket or a quote may be open")
    })?;
    if let Some((span, message)) = too_deep(&tokens) {
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

/// The first token that is nested too deep, and what is wrong with it.
fn too_deep(tokens: &TokenStream) -> Option<(Span, String)> {
    let mut open = vec![(tokens.clone().into_iter(), Row::default())];
    while let Some((innermost, row)) = open.last_mut() {
        match innermost.next() {
            Some(TokenTree::Group(group)) if group.delimiter() != Delimiter::None => {
                let inside = Row { around: row.depth(), ..Row::default() };
                row.operators = 0;
                if group.delimiter() == Delimiter::Brace {
                    // Rows of comparisons look like open `<` too: those of `else if`s end here.
                    row.angles = 0;
                }
                if open.len() > DEEPEST {
                    return Some((group.span_open(), format!("brackets are nested more than {DEEPEST} deep")));
                }
                open.push((group.stream().into_iter(), inside));
            }
            Some(token) => {
                if row.exceeds(&token) {
                    let message = format!("operators or `<` are nested more than {LONGEST} deep");
                    return Some((token.span(), message));
                }
            }
            None => {
                open.pop();
            }
        }
    }
    None
}

/// What nests without brackets, in one row of tokens: `!!!x`, `&&&T`, `A<A<A<…>>>`.
#[derive(Default)]
struct Row {
    /// The same of the rows around its bracket.
    around: usize,
    operators: usize,
    angles: usize,
    before: char,
}

impl Row {
    /// Whether this token is one too many.
    fn exceeds(&mut self, token: &TokenTree) -> bool {
        let mark = match token {
            TokenTree::Punct(punct) => punct.as_char(),
            _ => ' ',
        };
        match (mark, self.before) {
            ('!' | '-' | '*' | '&', _) => self.operators += 1,
            // A lifetime stands between two references.
            ('\'', _) => {}
            (' ', '\'') => {}
            (' ', _) if prefixes(token) => self.operators += 1,
            _ => self.operators = 0,
        }
        match (mark, self.before) {
            ('<', _) => self.angles += 1,
            // Of `->` no `<` is closed. Behind `;`, `=>` and `||` none is open.
            ('>', '-') => {}
            (';', _) | ('>', '=') | ('|', '|') => self.angles = 0,
            ('>', _) => self.angles = self.angles.saturating_sub(1),
            _ => {}
        }
        self.before = mark;
        self.depth() > LONGEST
    }

    fn depth(&self) -> usize {
        self.around + self.operators + self.angles
    }
}

/// Whether a word stands before an operand.
fn prefixes(token: &TokenTree) -> bool {
    const WORDS: [&str; 7] = ["break", "const", "dyn", "move", "mut", "return", "unsafe"];
    matches!(token, TokenTree::Ident(word) if WORDS.iter().any(|prefix| word == prefix))
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

    #[test]
    fn what_nests_without_brackets_is_refused_before_it_is_parsed() {
        let many = |mark: &str| format!("type A = {}u8;", mark.repeat(5_000));
        for mark in ["&", "& mut ", "&'a ", "*const ", "Vec<", "fn() -> Vec<", "A::<"] {
            assert!(error(&many(mark)).starts_with("operators or `<` are nested more than 128 deep"), "{mark}");
        }
        for mark in ["!", "-", "*", "&", "return ", "&mut "] {
            let text = format!("fn f() {{ {}x }}", mark.repeat(5_000));
            assert!(error(&text).starts_with("operators or `<` are nested more than 128 deep"), "{mark}");
        }
    }

    #[test]
    fn what_nests_as_deep_as_it_may_is_parsed_on_the_stack_of_a_main_thread() {
        let parsed = || {
            let brackets = |inner: &str| format!("fn f() {{ {}x{} }}", inner.repeat(120), ")".repeat(120));
            assert_eq!(error(&format!("type A = {}u8{};", "Vec<".repeat(128), ">".repeat(128))), "parses");
            assert_eq!(error(&format!("fn f() {{ {}x }}", "!".repeat(128))), "parses");
            assert_eq!(error(&brackets("!(")), "parses");
            assert!(error(&brackets("!!(")).starts_with("operators or `<` are nested more than 128 deep"));
        };
        let thread = std::thread::Builder::new().stack_size(8 << 20).spawn(parsed).expect("a thread");
        thread.join().expect("no panic");
    }

    #[test]
    fn long_rows_that_do_not_nest_are_parsed() {
        for part in ["x < y; ", "if x < y || x < z {} ", "f::<A<B>>(&&!-x); ", "let f: fn() -> A = g; "] {
            assert_eq!(error(&format!("fn f() {{ {} }}", part.repeat(2000))), "parses", "{part}");
        }
        let arms = "x if x < 1 => {}, ".repeat(2000);
        assert_eq!(error(&format!("fn f() {{ match x {{ {arms} }} }}")), "parses");
        let chain = "else if x < y && x < z {} ".repeat(500);
        assert_eq!(error(&format!("fn f() {{ if x < y {{}} {chain} }}")), "parses");
        assert_eq!(error(&format!("const A: i64 = 0{};", " + -1".repeat(2000))), "parses");
    }
}
