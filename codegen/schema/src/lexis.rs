//! Just enough of SQL's lexis to tell what stands in quotes from what does not.
//! In: SQL text. Out: where quotes are open, and whether a developer's own text may stand inside a statement.
//! Absent: a grammar; the rehearsal asks the engine itself.

/// Follows quotes through a text. A doubled quote closes and opens again, which comes to the same.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Quotes {
    open: Option<char>,
}

impl Quotes {
    pub(crate) fn feed(&mut self, text: &str) {
        for c in text.chars() {
            match self.open {
                Some(quote) if quote == c => self.open = None,
                None if matches!(c, '\'' | '"' | '`') => self.open = Some(c),
                _ => {}
            }
        }
    }

    pub(crate) fn are_open(self) -> bool {
        self.open.is_some()
    }
}

/// Whether raw text can be put between parentheses in a statement without changing what stands around it.
pub(crate) fn check_raw(text: &str) -> Result<(), &'static str> {
    if text.trim().is_empty() {
        return Err("it is empty");
    }
    if text.contains(['\0', '\r']) {
        return Err("it contains U+0000 or U+000D");
    }
    if text.contains("\\'") {
        return Err("it has a backslash before a quote");
    }
    let mut quotes = Quotes::default();
    let mut depth = 0_usize;
    let mut previous = ' ';
    for c in text.chars() {
        if !quotes.are_open() {
            match (previous, c) {
                (_, '(') => depth += 1,
                (_, ')') => depth = depth.checked_sub(1).ok_or("it closes a parenthesis that it did not open")?,
                (_, ';') => return Err("it contains `;`"),
                (_, '$') => return Err("it contains `$`"),
                ('-', '-') | ('/', '*') => return Err("it contains a comment"),
                _ => {}
            }
        }
        quotes.feed(c.encode_utf8(&mut [0; 4]));
        previous = if quotes.are_open() { ' ' } else { c };
    }
    if quotes.are_open() {
        return Err("it opens a quote that it does not close");
    }
    if depth > 0 {
        return Err("it opens a parenthesis that it does not close");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_text_that_would_leave_its_parentheses_is_refused() {
        for accepted in ["a > 0", "f('it''s; -- fine', \")\")", "a - -1", "x = '$'", "(a)\n  AND (b)", "\"a\"\"b\" > 1"]
        {
            assert_eq!(check_raw(accepted), Ok(()), "{accepted}");
        }
        for refused in [
            "",
            " ",
            "1); DROP TABLE t; --",
            "a -- b",
            "a /* b */",
            "'a",
            "\"a",
            "(a",
            "a)",
            ")(",
            "$$a$$",
            "E'\\''",
            "a;b",
            "a\0",
        ] {
            assert!(check_raw(refused).is_err(), "{refused}");
        }
    }
}
