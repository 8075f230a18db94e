//! What is searched for, as people type it. In: a text, the fields. Out: tantivy's query, or at which byte it is not well formed.
//! Words, `"a phrase"`, `"the beginning of a phr"*`, `field:word`, `+must`, `-must not`, `AND`, `OR`, `NOT`, parentheses, `word^2`.
//! Every part is bounded before it is parsed: what strangers type costs no more than this.

use tantivy::Index;
use tantivy::query::{Query, QueryParser};
use tantivy::query_grammar::parse_query_lenient;

use super::error::SearchError;
use super::index::IndexInfo;
use super::layout::Layout;
use super::tokenizer;

/// The longest text, in bytes.
const LONGEST: usize = 1_024;
/// The most words.
const WORDS: usize = 64;
/// The deepest parentheses.
const DEEPEST: usize = 8;

/// How words are taken.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Manner {
    /// One of the words is enough.
    pub(super) any: bool,
    /// Words with so many letters more, fewer or others are found too.
    pub(super) fuzzy: u8,
    /// What is not well formed is passed over.
    pub(super) lenient: bool,
}

/// The query of a text.
pub(super) fn query(
    text: &str,
    manner: Manner,
    index: &Index,
    layout: &Layout,
    info: &IndexInfo,
) -> Result<Box<dyn Query>, SearchError> {
    bound(text)?;
    let fields: Vec<_> = layout.fields.iter().filter_map(|field| Some((field.text?, field.info.text?))).collect();
    let defaults = fields.iter().map(|(field, _)| *field).collect();
    let mut parser = QueryParser::new(index.schema(), defaults, tokenizer::of_questions(info.language));
    for (field, text) in &fields {
        parser.set_field_boost(*field, text.boost);
        if manner.fuzzy > 0 {
            parser.set_field_fuzzy(*field, false, manner.fuzzy.min(2), true);
        }
    }
    if !manner.any {
        parser.set_conjunction_by_default();
    }
    if manner.lenient {
        return Ok(parser.parse_query_lenient(text).0);
    }
    if let Some(error) = parse_query_lenient(text).1.into_iter().next() {
        return Err(SearchError::Syntax { at: error.pos, reason: error.message });
    }
    parser
        .parse_query(text)
        .map_err(|error| SearchError::Syntax { at: place(text, &error.to_string()), reason: error.to_string() })
}

/// Where what an error names stands in the text; at its beginning where it names nothing of it.
fn place(text: &str, error: &str) -> usize {
    error.split('\'').nth(1).and_then(|named| text.find(named)).unwrap_or(0)
}

fn bound(text: &str) -> Result<(), SearchError> {
    if text.len() > LONGEST {
        return Err(SearchError::TooMuch { what: "a text of too many bytes", most: LONGEST });
    }
    if text.split(|char: char| !char.is_alphanumeric()).filter(|word| !word.is_empty()).count() > WORDS {
        return Err(SearchError::TooMuch { what: "too many words", most: WORDS });
    }
    let (mut depth, mut deepest) = (0_usize, 0);
    for char in text.chars() {
        match char {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    // A chain of signs nests as parentheses do.
    let signs = text.split(|char: char| char.is_alphanumeric() || char.is_whitespace());
    let signs = signs.map(|signs| signs.chars().filter(|char| matches!(char, '+' | '-')).count()).max().unwrap_or(0);
    let nots = text.split_whitespace().filter(|word| *word == "NOT").count();
    if deepest.max(signs).max(nots) > DEEPEST {
        return Err(SearchError::TooMuch { what: "too many levels", most: DEEPEST });
    }
    Ok(())
}
