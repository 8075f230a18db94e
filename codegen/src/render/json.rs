//! One diagnostic as a value, for programs: paths as the human text has them, lines and columns from 1, bytes from 0.

use proc_macro2::Span;
use serde::Serialize;

use super::position::{line_and_column, range};
use crate::program::{FileId, Located, Program};

/// A diagnostic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Message<'a> {
    /// Its kind.
    pub code: &'a str,
    /// What was found.
    pub message: &'a str,
    /// Where.
    #[serde(flatten)]
    pub place: Place<'a>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<&'a str>,
    /// Other places that belong to it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<Place<'a>>,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place<'a> {
    /// The file, relative to the workspace where it is inside.
    pub file: &'a str,
    /// Its line, from 1.
    pub line: usize,
    /// Its column in characters, from 1.
    pub column: usize,
    /// Its first byte, from 0.
    pub start: usize,
    /// The byte behind its last.
    pub end: usize,
    /// A few words about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<&'a str>,
}

pub(super) fn message<'a>(program: &'a Program, located: &'a Located) -> Message<'a> {
    let diagnostic = &located.diagnostic;
    let here = diagnostic.related.iter().map(|(span, label)| place(program, located.file, *span, Some(label)));
    let elsewhere = located.elsewhere.iter().map(|(file, span, label)| place(program, *file, *span, Some(label)));
    Message {
        code: diagnostic.code,
        message: &diagnostic.message,
        place: place(program, located.file, diagnostic.span, diagnostic.label.as_deref()),
        help: diagnostic.help.as_deref(),
        related: here.chain(elsewhere).collect(),
    }
}

fn place<'a>(program: &'a Program, file: FileId, span: Span, label: Option<&'a str>) -> Place<'a> {
    let file = program.file(file);
    let bytes = range(&file.text, span);
    let (line, column) = line_and_column(&file.text, bytes.start);
    Place { file: &file.name, line, column, start: bytes.start, end: bytes.end, label }
}
