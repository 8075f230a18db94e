//! Diagnostics as text. In: the program whose files they point into, and the diagnostics. Out: what rustc would print, or a
//! line of JSON for each. Sorted by place, each once. Absent: terminals; whether there is colour is passed in.

mod human;
mod json;
mod position;
#[cfg(test)]
mod tests;

use crate::program::{Located, Program};

pub use human::Color;
pub use json::Message;

/// Diagnostics as rustc would print them, with an empty line behind each.
#[must_use]
pub fn human(program: &Program, diagnostics: &[Located], color: Color) -> String {
    let error = |located| human::render(program, located, annotate_snippets::Level::ERROR, color) + "\n\n";
    sorted(program, diagnostics).into_iter().map(error).collect()
}

/// Remarks as rustc would print them, with an empty line behind each.
#[must_use]
pub fn notes(program: &Program, notes: &[Located], color: Color) -> String {
    let note = |located| human::render(program, located, annotate_snippets::Level::NOTE, color) + "\n\n";
    sorted(program, notes).into_iter().map(note).collect()
}

/// Diagnostics as one JSON object a line.
#[must_use]
pub fn json(program: &Program, diagnostics: &[Located]) -> String {
    messages(program, diagnostics)
        .iter()
        // Every key is text, so serde_json cannot fail.
        .filter_map(|message| serde_json::to_string(message).ok())
        .map(|line| line + "\n")
        .collect()
}

/// Diagnostics as values.
#[must_use]
pub fn messages<'a>(program: &'a Program, diagnostics: &'a [Located]) -> Vec<Message<'a>> {
    sorted(program, diagnostics).into_iter().map(|located| json::message(program, located)).collect()
}

/// By file, place, code and words; what is said twice, once.
fn sorted<'a>(program: &Program, diagnostics: &'a [Located]) -> Vec<&'a Located> {
    let key = |located: &'a Located| {
        let range = located.diagnostic.span.byte_range();
        let file = program.file(located.file).name.clone();
        (file, range.start, range.end, located.diagnostic.code, located.diagnostic.message.as_str())
    };
    let mut sorted: Vec<&Located> = diagnostics.iter().collect();
    sorted.sort_by_key(|located| key(located));
    sorted.dedup_by_key(|located| key(located));
    sorted
}
