//! Reads source files. In: a path. Out: its text, in which every byte is where it is in the file.
//! Absent: what the text means.

use std::path::Path;

use cell_syntax::diagnostic::Diagnostic;
use proc_macro2::{Span, TokenStream};

/// A file's text.
pub(super) struct Text {
    pub(super) text: String,
    /// Where the first byte is that is not UTF-8, and the byte.
    pub(super) broken: Option<(usize, u8)>,
}

/// Reads a file.
///
/// # Errors
/// Where the system cannot give it.
pub(super) fn read(path: &Path) -> std::io::Result<Text> {
    Ok(match String::from_utf8(std::fs::read(path)?) {
        Ok(text) => Text { text, broken: None },
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let broken = error.as_bytes().get(at).map(|byte| (at, *byte));
            Text { text: String::from_utf8_lossy(error.as_bytes()).into_owned(), broken }
        }
    })
}

/// A place in a text that was not parsed, so that no token has it: of `length` bytes at `offset`.
pub(crate) fn place(offset: usize, length: usize) -> Span {
    let text = " ".repeat(offset) + &"x".repeat(length.max(1));
    let token = text.parse::<TokenStream>().ok().and_then(|tokens| tokens.into_iter().next());
    token.map_or_else(Span::call_site, |token| token.span())
}

/// What is wrong with a text that is not UTF-8.
pub(super) fn not_utf8(name: &str, offset: usize, byte: u8) -> Diagnostic {
    Diagnostic::new("not-utf8", place(offset, '\u{fffd}'.len_utf8()), format!("`{name}` is not UTF-8"))
        .label(format!("the byte 0x{byte:02x}"))
        .help("save the file as UTF-8; Rust sources have no other encoding")
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_place_has_the_bytes_asked_for() {
        assert_eq!(super::place(7, 3).byte_range(), 7..10);
        assert_eq!(super::place(0, 0).byte_range(), 0..1);
    }
}
