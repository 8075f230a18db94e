//! `sql!("select name from products where id = {id}")`: a statement of the developer's own, whose values are named in braces.
//! In: the macro's tokens. Out: the text with `$1`, `$2`, … and what stands for each, or what is wrong with its place in the text.
//! Quotes, comments and dollar quotes are told apart, since nothing in them is a parameter. Absent: whether the statement makes sense,
//! which the engines say.

mod literal;

use std::ops::Range;

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{Expr, LitStr, Path, Token};

use crate::diagnostic::Diagnostic;
use crate::fingerprint::Fnv;
use literal::places;

/// The code of all that can be wrong with the text.
const CODE: &str = "query-syntax";

/// A statement.
#[derive(Clone, Debug)]
pub struct Query {
    /// `sql!(Shop, "…")`: the database that it is for, where that is said.
    pub database: Option<Path>,
    /// As it is written.
    pub literal: LitStr,
    /// As the engines get it, without what ends it.
    pub text: String,
    /// What `$1`, `$2`, … stand for.
    pub parameters: Vec<Parameter>,
    /// Where pieces of `text` begin, and where in the literal's value each was.
    pieces: Vec<(usize, usize)>,
}

/// A value in a statement.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// As it is written: `id`, `order.id`.
    pub name: String,
    /// A variable, or a field of one.
    pub expr: Expr,
    /// `{price:.2}`: a decimal of so many digits behind the point.
    pub scale: Option<u8>,
}

/// What is wrong, where in the literal's value, and what to do.
type Wrong = (Range<usize>, String, &'static str);

impl Query {
    /// Reads the macro's tokens.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn parse(tokens: TokenStream) -> Result<Self, Box<Diagnostic>> {
        let (database, literal) = arguments.parse2(tokens).map_err(|error| {
            Box::new(
                Diagnostic::new(CODE, error.span(), format!("`sql!` takes the text of a statement: {error}"))
                    .help("write `sql!(\"select … where id = {id}\")`, or `sql!(Shop, \"…\")` where there are several databases"),
            )
        })?;
        let value = literal.value();
        let mut query = Self { database, literal, text: String::new(), parameters: Vec::new(), pieces: Vec::new() };
        match query.read(&value) {
            Ok(()) => Ok(query),
            Err((place, message, help)) => {
                Err(Box::new(Diagnostic::new(CODE, query.within(place), message).help(help)))
            }
        }
    }

    /// The number by which a statement is known to the compiler and to the macro: of its text and its database as they are written.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let mut hash = Fnv::default();
        if let Some(database) = &self.database {
            hash.tokens(quote::ToTokens::to_token_stream(database));
        }
        hash.write(&self.literal.value());
        hash.finish()
    }

    /// The place of a part of [`Query::text`] in the source; the whole literal where rustc keeps that to itself.
    #[must_use]
    pub fn place(&self, part: Range<usize>) -> Span {
        let start = self.in_value(part.start);
        let end = self.in_value(part.end.saturating_sub(1)) + 1;
        self.within(start..end.max(start))
    }

    fn in_value(&self, at: usize) -> usize {
        let (begun, value) = self.pieces.iter().rfind(|(begun, _)| *begun <= at).copied().unwrap_or_default();
        value + (at - begun)
    }

    /// The place of a part of the literal's value.
    fn within(&self, part: Range<usize>) -> Span {
        let token = self.literal.token();
        let places = places(&token.to_string());
        let place = |at: usize| places.get(at).or(places.last()).copied().unwrap_or_default();
        let range = place(part.start)..place(part.end).max(place(part.start) + 1);
        token.subspan(range).unwrap_or_else(|| self.literal.span())
    }

    fn read(&mut self, value: &str) -> Result<(), Wrong> {
        let mut at = 0;
        while let Some(letter) = value.get(at..).and_then(|rest| rest.chars().next()) {
            let rest = value.get(at..).unwrap_or_default();
            let length = letter.len_utf8();
            if let Some(quoted) = quoted(rest) {
                at += self.quoted(at, quoted)?;
                continue;
            }
            match letter {
                '{' | '}' if rest.get(1..).is_some_and(|rest| rest.starts_with(letter)) => {
                    self.piece(at, rest.get(..1).unwrap_or_default());
                    at += 2;
                }
                '{' => at += self.parameter(at, rest)?,
                '}' => {
                    return Err((
                        at..at + 1,
                        "a `}` that nothing opens".to_owned(),
                        "write `}}` for a brace of the statement",
                    ));
                }
                '$' if rest.get(1..).is_some_and(|rest| rest.starts_with(|next: char| next.is_ascii_digit())) => {
                    return Err((
                        at..at + 2,
                        "a parameter with a number".to_owned(),
                        "name the value in braces: `{id}`",
                    ));
                }
                '?' => {
                    return Err((
                        at..at + 1,
                        "a parameter without a name".to_owned(),
                        "name the value in braces: `{id}`",
                    ));
                }
                ';' => {
                    let more = rest.get(1..).unwrap_or_default();
                    let after = at + 1 + (more.len() - more.trim_start().len());
                    return match more.trim() {
                        "" => Ok(()),
                        more => Err((
                            after..after + more.len(),
                            "a second statement behind the first".to_owned(),
                            "write a `sql!` for each, in a transaction where they belong together",
                        )),
                    };
                }
                _ => {
                    self.piece(at, rest.get(..length).unwrap_or_default());
                    at += length;
                }
            }
        }
        if self.text.trim().is_empty() {
            return Err((0..value.len(), "the text has no statement".to_owned(), "write one: `select …`"));
        }
        Ok(())
    }

    /// Adds a part of the value as it stands.
    fn piece(&mut self, at: usize, text: &str) {
        let follows = self.pieces.last().is_some_and(|(begun, value)| value + (self.text.len() - begun) == at);
        if !follows {
            self.pieces.push((self.text.len(), at));
        }
        self.text.push_str(text);
    }

    /// Adds what stands in quotes. Out: how long it is.
    fn quoted(&mut self, at: usize, quoted: &str) -> Result<usize, Wrong> {
        let open = quoted.find('{').and_then(|open| Some((open, quoted.get(open + 1..)?.find('}')? + open + 1)));
        if let Some((open, close)) = open
            && !quoted.starts_with(['-', '/'])
            && quoted.get(open + 1..close).is_some_and(|name| value(name, Span::call_site()).is_some())
        {
            let name = quoted.get(open..=close).unwrap_or_default();
            return Err((
                at + open..at + close + 1,
                format!("`{name}` stands in quotes, where it is text"),
                "take the quotes away: the value is bound, and needs none",
            ));
        }
        self.piece(at, quoted);
        Ok(quoted.len())
    }

    /// Adds a parameter. Out: how long it is.
    fn parameter(&mut self, at: usize, rest: &str) -> Result<usize, Wrong> {
        const HELP: &str = "write a variable or a field of one, `{id}` or `{order.id}`, with `:.2` for a decimal of two digits; `{{` is a brace";
        let Some(end) = rest.find('}') else {
            return Err((at..at + 1, "a `{` that nothing closes".to_owned(), HELP));
        };
        let inside = rest.get(1..end).unwrap_or_default();
        let wrong = |message: String| (at..at + end + 1, message, HELP);
        let (name, scale) = match inside.split_once(':') {
            None => (inside.trim(), None),
            Some((name, format)) => {
                let scale =
                    format.trim().strip_prefix('.').and_then(|digits| digits.parse().ok()).filter(|scale| *scale <= 18);
                let Some(scale) = scale else {
                    return Err(wrong(format!("`:{format}` is no number of digits of a decimal")));
                };
                (name.trim(), Some(scale))
            }
        };
        let Some(expr) = value(name, self.literal.span()) else {
            return Err(wrong(format!("`{{{inside}}}` names no value")));
        };
        let known = self.parameters.iter().position(|known| known.name == name && known.scale == scale);
        let number = known.unwrap_or_else(|| {
            self.parameters.push(Parameter { name: name.to_owned(), expr, scale });
            self.parameters.len() - 1
        });
        self.pieces.push((self.text.len(), at));
        self.text.push('$');
        self.text.push_str(&(number + 1).to_string());
        // What follows is a piece of its own.
        self.pieces.push((self.text.len(), at + end + 1));
        Ok(end + 1)
    }
}

/// `[Database,] "text" [,]`
fn arguments(input: ParseStream<'_>) -> syn::Result<(Option<Path>, LitStr)> {
    let database = if input.peek(LitStr) || input.is_empty() {
        None
    } else {
        let path = input.call(Path::parse_mod_style)?;
        input.parse::<Token![,]>()?;
        Some(path)
    };
    let literal = input.parse()?;
    if !input.is_empty() {
        input.parse::<Token![,]>()?;
    }
    Ok((database, literal))
}

/// A variable, or a field of one, as an expression at a place.
fn value(name: &str, span: Span) -> Option<Expr> {
    let mut tokens: Vec<TokenTree> = name.parse::<TokenStream>().ok()?.into_iter().collect();
    for token in &mut tokens {
        token.set_span(span);
    }
    let expr: Expr = syn::parse2(tokens.into_iter().collect()).ok()?;
    let mut inner = &expr;
    while let Expr::Field(field) = inner {
        inner = &field.base;
    }
    let is_variable = matches!(inner, Expr::Path(path) if path.path.get_ident().is_some_and(|ident| !ident.unraw().to_string().is_empty()));
    is_variable.then_some(expr)
}

/// What the text begins with, where that is a quoted text or name, or a comment: to its end, or to the text's.
fn quoted(rest: &str) -> Option<&str> {
    let until = |from: usize, end: &str| {
        let inside = rest.get(from..).unwrap_or_default();
        let length = inside.find(end).map_or(rest.len(), |at| from + at + end.len());
        rest.get(..length)
    };
    match rest.as_bytes() {
        [b'\'', ..] => until(1, "'"),
        [b'"', ..] => until(1, "\""),
        [b'-', b'-', ..] => until(2, "\n"),
        [b'/', b'*', ..] => until(2, "*/"),
        [b'$', ..] => {
            let tag = rest.get(1..)?.find('$')? + 2;
            let mut letters = rest.get(1..tag - 1)?.chars();
            let is_tag = letters.next().is_none_or(|first| first.is_alphabetic() || first == '_')
                && letters.all(|letter| letter.is_alphanumeric() || letter == '_');
            if is_tag { until(tag, rest.get(..tag)?) } else { None }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proc_macro2::TokenStream;

    use super::Query;

    fn parsed(source: &str) -> Result<Query, Box<crate::diagnostic::Diagnostic>> {
        Query::parse(source.parse::<TokenStream>().expect("tokens"))
    }

    fn text(source: &str, expected: Expect) {
        let query = parsed(source).expect("a statement");
        let names: Vec<String> =
            query.parameters.iter().map(|parameter| format!("{}{:?}", parameter.name, parameter.scale)).collect();
        expected.assert_eq(&format!("{} [{}]", query.text, names.join(", ")));
    }

    #[test]
    fn values_in_braces_are_numbered_and_nothing_else_is_touched() {
        text(
            r#""select * from t where a = {a} and (b = {order.b} or {a} is null) and c > {c:.2};""#,
            expect![
                "select * from t where a = $1 and (b = $2 or $1 is null) and c > $3 [aNone, order.bNone, cSome(2)]"
            ],
        );
        text(
            r##"Shop, r#"select '{"a": 1}', "x{y" -- {b}
            , $q$ {} ? ; $q$ /* {d} ? */ from t where x = {self.x} {{}}"#"##,
            expect![[r#"
                select '{"a": 1}', "x{y" -- {b}
                            , $q$ {} ? ; $q$ /* {d} ? */ from t where x = $1 {} [self.xNone]"#]],
        );
    }

    #[test]
    fn what_is_wrong_has_its_place_in_the_text() {
        let wrong = [
            r#""select {}""#,
            r#""select {a b}""#,
            r#""select {f()}""#,
            r#""select {a:.99}""#,
            r#""select {a""#,
            r#""select a}""#,
            r#""\tselect\u{e9} '{name}'""#,
            r#"r"select $1""#,
            r#""select ?""#,
            r#""select 1; drop table t""#,
            r#"" ""#,
            r#""select 1" 2"#,
            "select",
            "5",
            "",
        ];
        let shown: Vec<String> = wrong
            .iter()
            .map(|source| {
                let error = parsed(source).expect_err(source);
                let place = source.get(error.span.byte_range()).unwrap_or_default();
                format!("{source}: {} at `{place}`\n", error.message)
            })
            .collect();
        expect![[r#"
            "select {}": `{}` names no value at `{}`
            "select {a b}": `{a b}` names no value at `{a b}`
            "select {f()}": `{f()}` names no value at `{f()}`
            "select {a:.99}": `:.99` is no number of digits of a decimal at `{a:.99}`
            "select {a": a `{` that nothing closes at `{`
            "select a}": a `}` that nothing opens at `}`
            "\tselect\u{e9} '{name}'": `{name}` stands in quotes, where it is text at `{name}`
            r"select $1": a parameter with a number at `$1`
            "select ?": a parameter without a name at `?`
            "select 1; drop table t": a second statement behind the first at `drop table t`
            " ": the text has no statement at ` `
            "select 1" 2: `sql!` takes the text of a statement: expected `,` at `2`
            select: `sql!` takes the text of a statement: expected `,` at ``
            5: `sql!` takes the text of a statement: expected identifier at `5`
            : `sql!` takes the text of a statement: unexpected end of input, expected string literal at ``
        "#]]
        .assert_eq(&shown.concat());
    }

    #[test]
    fn a_place_of_the_text_is_found_in_the_source() {
        for source in [
            r#""select {id}, nme from t""#,
            r#""sel\x65ct {id},\n \u{6e}me from t""#,
            "\"select {id}, \\\n   nme from t\"",
        ] {
            let query = parsed(source).expect("a statement");
            let at = query.text.find("nme").expect("the name");
            let place = source.get(query.place(at..at + 3).byte_range()).unwrap_or_default();
            assert!(place == "nme" || place == r"\u{6e}me", "{source}: {place}");
            let at = query.text.find("$1").expect("the parameter");
            assert!(source.get(query.place(at..at + 1).byte_range()) == Some("{"), "{source}");
        }
    }

    #[test]
    fn the_number_goes_by_text_and_database() {
        let number = |source: &str| parsed(source).expect("a statement").fingerprint();
        assert_eq!(number(r#""select 1""#), number(r##"r#"select 1"#"##));
        assert!(number(r#""select 1""#) != number(r#"Shop, "select 1""#));
        assert!(number(r#""select 1""#) != number(r#""select  1""#));
    }
}
