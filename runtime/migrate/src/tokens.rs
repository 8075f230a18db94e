//! Cuts SQL text into tokens, as far as it takes to find clauses in SQLite's own `CREATE` statements, and constants.
//! In: text that an engine has accepted. Out: tokens with their places. Absent: a grammar, and comments.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A keyword or a name without quotes, or a number.
    Word,
    /// A name in quotes of some kind.
    Quoted,
    /// `'text'`
    Text,
    /// `(`
    Open,
    /// `)`
    Close,
    /// `,`
    Comma,
    /// Any other mark.
    Mark,
}

/// A token and its place in the text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'t> {
    pub(crate) kind: Kind,
    pub(crate) text: &'t str,
    pub(crate) start: usize,
}

impl Token<'_> {
    /// Whether it is this keyword.
    pub(crate) fn is(&self, keyword: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(keyword)
    }

    /// The place behind it.
    pub(crate) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// The name that it stands for. SQLite takes even a text in single quotes for a name where one has to be.
    pub(crate) fn name(&self) -> String {
        let Some(quote @ ('"' | '`' | '[' | '\'')) = self.text.chars().next() else { return self.text.to_owned() };
        let inner = self.text.get(1..self.text.len() - 1).unwrap_or_default();
        if quote == '[' { inner.to_owned() } else { inner.replace(&format!("{quote}{quote}"), &quote.to_string()) }
    }
}

/// The tokens of a text. A quote or comment that does not end takes the rest.
pub(crate) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut start = 0;
    while let Some(first) = text[start..].chars().next() {
        let rest = &text[start..];
        let (kind, length) = match first {
            c if c.is_ascii_whitespace() => (None, 1),
            '-' if rest.starts_with("--") => (None, rest.find('\n').map_or(rest.len(), |end| end + 1)),
            '/' if rest.starts_with("/*") => (None, rest[2..].find("*/").map_or(rest.len(), |end| end + 4)),
            '\'' => (Some(Kind::Text), quoted(rest, '\'')),
            '"' | '`' => (Some(Kind::Quoted), quoted(rest, first)),
            '[' => (Some(Kind::Quoted), rest.find(']').map_or(rest.len(), |end| end + 1)),
            '(' => (Some(Kind::Open), 1),
            ')' => (Some(Kind::Close), 1),
            ',' => (Some(Kind::Comma), 1),
            c if in_word(c) => (Some(Kind::Word), rest.find(|c| !in_word(c)).unwrap_or(rest.len())),
            mark => (Some(Kind::Mark), mark.len_utf8()),
        };
        if let Some(kind) = kind {
            tokens.push(Token { kind, text: &rest[..length], start });
        }
        start += length;
    }
    tokens
}

fn in_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$' || c == '.' || !c.is_ascii()
}

/// The length of a quoted token: a doubled quote is one inside it.
fn quoted(rest: &str, quote: char) -> usize {
    let mut at = 1;
    while let Some(next) = rest[at..].find(quote) {
        at += next + 1;
        if !rest[at..].starts_with(quote) {
            return at;
        }
        at += 1;
    }
    rest.len()
}

/// The tokens joined by single spaces: the same for texts that differ in white space and comments only.
pub(crate) fn normalised(text: &str) -> String {
    let words: Vec<&str> = tokens(text).iter().map(|token| token.text).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<&str> {
        tokens(text).iter().map(|token| token.text).collect()
    }

    #[test]
    fn quotes_keep_what_is_inside_them() {
        let text = r#"CHECK ("a""b)" <> 'it''s (' AND [c]]d" /* ( */ >= `e``f`) -- )"#;
        let expected = vec!["CHECK", "(", "\"a\"\"b)\"", "<", ">", "'it''s ('", "AND", "[c]", "]", "d"];
        assert_eq!(&texts(text)[..10], expected);
        assert_eq!(tokens(r#""a""b" [c)] `e``f`"#).iter().map(Token::name).collect::<Vec<_>>(), ["a\"b", "c)", "e`f"]);
    }

    #[test]
    fn texts_that_do_not_end_take_the_rest() {
        for text in ["'a", "\"ä", "[ü", "/* ö", "`", "-- x", "'"] {
            assert!(tokens(text).len() <= 1, "{text}");
            tokens(text).iter().for_each(|token| drop(token.name()));
        }
    }

    #[test]
    fn white_space_and_comments_do_not_count() {
        assert_eq!(normalised("a  +\n b -- c\n*d"), normalised("a + b * d"));
        assert_ne!(normalised("'a  b'"), normalised("'a b'"));
    }
}
