//! From spans to ranges that are certain to lie in a file's text, and to lines and columns.

use std::ops::Range;

use proc_macro2::Span;

/// A span's bytes. Of a span that is not of this text, as far as it lies in it.
pub(super) fn range(text: &str, span: Span) -> Range<usize> {
    let range = span.byte_range();
    let start = boundary(text, range.start);
    start..boundary(text, range.end).max(start)
}

fn boundary(text: &str, byte: usize) -> usize {
    let mut byte = byte.min(text.len());
    while !text.is_char_boundary(byte) {
        byte -= 1;
    }
    byte
}

/// The line and column of a byte, both from 1, the column in characters.
pub(super) fn line_and_column(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..boundary(text, byte)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::line_and_column;

    #[test]
    fn columns_count_characters() {
        assert_eq!(line_and_column("a\nüb", 4), (2, 2));
        assert_eq!(line_and_column("a\nüb", 3), (2, 1), "in the middle of a character: before it");
        assert_eq!(line_and_column("", 99), (1, 1));
    }
}
