//! `sql!("select name from products where id = {id}")`: a statement of the developer's own, whose values are named in braces.
//! In: the macro's tokens. Out: the text with `$1`, `$2`, … and what stands for each, or what is wrong with its place in the text.
//! Quotes, comments and dollar quotes are told apart, since nothing in them is a parameter. Absent: whether the statement makes sense,
//! which the engines say.

mod literal;
mod reads;
#[cfg(test)]
mod tests;

use std::ops::Range;

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{Expr, LitStr, Path, Token};

use crate::diagnostic::Diagnostic;
use crate::fingerprint::Fnv;
use literal::places;
pub use reads::Reads;

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
    /// Whether it only reads, by its words.
    pub reads: Reads,
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

/// What to do about a parameter that is written in another way.
const NAMED: &str = "name the value in braces: `{id}`";

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
        // As rustc reads a file, whose lines may end in two characters.
        let value = literal.value().replace("\r\n", "\n");
        let mut query = Self {
            database,
            literal,
            text: String::new(),
            parameters: Vec::new(),
            reads: Reads::No,
            pieces: Vec::new(),
        };
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
        hash.write(&self.literal.value().replace("\r\n", "\n"));
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
            let next = rest.get(length..).and_then(|rest| rest.chars().next()).unwrap_or(' ');
            let is_word = next.is_alphabetic() || next == '_';
            match letter {
                '{' | '}' if next == letter => {
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
                '$' if next.is_ascii_digit() => {
                    return Err((at..at + 2, "a parameter with a number".to_owned(), NAMED));
                }
                '?' => return Err((at..at + 1, "a parameter without a name".to_owned(), NAMED)),
                '$' | '@' if is_word => return Err((at..at + 1, "a parameter of one engine".to_owned(), NAMED)),
                ':' if next == ':' => {
                    self.piece(at, "::");
                    at += 2;
                }
                ':' if is_word => return Err((at..at + 1, "a parameter of one engine".to_owned(), NAMED)),
                '*' if self.is_all() => {
                    return Err((
                        at..at + 1,
                        "`*` is whatever columns there are, and a later release may add some".to_owned(),
                        "name the columns",
                    ));
                }
                ';' => {
                    let Some(after) = statement(rest.get(1..).unwrap_or_default()) else { break };
                    let after = at + 1 + after;
                    return Err((
                        after..value.trim_end().len(),
                        "a second statement behind the first".to_owned(),
                        "write a `sql!` for each, in a transaction where they belong together",
                    ));
                }
                _ if letter.is_alphabetic() || letter == '_' => at += self.word(at, rest)?,
                _ => {
                    self.piece(at, rest.get(..length).unwrap_or_default());
                    at += length;
                }
            }
        }
        if statement(&self.text).is_none() {
            return Err((0..value.len(), "the text has no statement".to_owned(), "write one: `select …`"));
        }
        Ok(())
    }

    /// Whether a `*` here means all columns, and no product and no `count(*)`.
    fn is_all(&self) -> bool {
        let before = self.text.trim_end();
        let word = before.rsplit(|letter: char| !letter.is_alphanumeric() && letter != '_').next().unwrap_or_default();
        let words = ["all", "distinct", "returning", "select"];
        before.ends_with([',', '.']) || words.iter().any(|known| word.eq_ignore_ascii_case(known))
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
        let is_comment = quoted.starts_with("--") || quoted.starts_with("/*");
        for (open, _) in quoted.match_indices('{').filter(|_| !is_comment) {
            let close = quoted.get(open..).and_then(|rest| rest.find('}')).map(|close| open + close);
            let name = close.and_then(|close| quoted.get(open..=close)).unwrap_or_default();
            let inside = name.get(1..name.len().saturating_sub(1)).unwrap_or_default();
            if value(inside, Span::call_site()).is_some() {
                return Err((
                    at + open..at + open + name.len(),
                    format!("`{name}` stands in quotes, where it is text"),
                    "take the quotes away: the value is bound, and needs none; to mean the text, bind it",
                ));
            }
        }
        self.piece(at, quoted);
        Ok(quoted.len())
    }

    /// Adds a word. Out: how long it is.
    fn word(&mut self, at: usize, rest: &str) -> Result<usize, Wrong> {
        let length = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(rest.len());
        let word = rest.get(..length).unwrap_or_default();
        let lower = word.to_ascii_lowercase();
        let is_first = self.pieces.is_empty() || statement(&self.text).is_none();
        self.reads = self.reads.behind(&lower, is_first, rest.get(length..).unwrap_or_default());
        if is_first {
            // A connection goes back to others, with what these leave behind.
            const SESSIONS: [&str; 15] = [
                "abort",
                "attach",
                "begin",
                "commit",
                "detach",
                "discard",
                "end",
                "pragma",
                "release",
                "reset",
                "rollback",
                "savepoint",
                "set",
                "start",
                "vacuum",
            ];
            if SESSIONS.contains(&lower.as_str()) {
                return Err((
                    at..at + length,
                    format!("`{word}` is about a connection, of which there are several"),
                    "use `transaction` and `savepoint` of the database; settings belong in its attribute",
                ));
            }
        }
        if ["current_date", "current_time", "current_timestamp"].contains(&lower.as_str()) {
            return Err((
                at..at + length,
                format!("`{word}` is of another form on each engine"),
                "bind a value: `let now = Utc::now();` and `{now}`",
            ));
        }
        // `E'it\'s'`: what follows is quoted, and a backslash in it keeps a quote.
        if lower == "e" && rest.get(1..).is_some_and(|rest| rest.starts_with('\'')) {
            let mut letters = rest.char_indices().skip(2);
            while let Some((place, letter)) = letters.next() {
                match letter {
                    '\\' => drop(letters.next()),
                    '\'' => return self.quoted(at, rest.get(..=place).unwrap_or_default()),
                    _ => {}
                }
            }
            return self.quoted(at, rest);
        }
        self.piece(at, word);
        Ok(length)
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
        // It stands apart, so that it does not become part of a word or a number beside it.
        let is_near = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '$' | ':' | '(');
        if self.text.ends_with(is_near) && !self.text.ends_with(['(', ':']) {
            self.text.push(' ');
        }
        self.pieces.push((self.text.len(), at));
        self.text.push('$');
        self.text.push_str(&(number + 1).to_string());
        if rest.get(end + 1..).is_some_and(|rest| rest.starts_with(is_near)) {
            self.text.push(' ');
        }
        // What follows is a piece of its own.
        self.pieces.push((self.text.len(), at + end + 1));
        Ok(end + 1)
    }
}

/// Where a statement begins in a text, behind white space, comments and `;`.
fn statement(text: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = text.get(at..)?;
        let first = rest.chars().next()?;
        if rest.starts_with("--") || rest.starts_with("/*") {
            at += quoted(rest)?.len();
        } else if first.is_whitespace() || first == ';' {
            at += first.len_utf8();
        } else {
            return Some(at);
        }
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
