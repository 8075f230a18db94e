//! What is searched for, as people type it. In: a text, the fields. Out: tantivy's query, or at which byte it is not well formed.
//! Words, `"a phrase"`, `"the beginning of a phr"*`, `field:word`, `+must`, `-must not`, `AND`, `OR`, `NOT`, parentheses, `word^2`.
//! Every part is bounded before it is parsed: what strangers type costs no more than this.

use tantivy::query::{EmptyQuery, Query, QueryParser};
use tantivy::query_grammar::{Delimiter, UserInputAst, UserInputLeaf, UserInputLiteral, parse_query_lenient};
use tantivy::tokenizer::{TextAnalyzer, TokenStream as _, TokenizerManager};

use super::error::SearchError;
use super::index::Tokenizer;
use super::layout::{LaidOut, Layout};
use super::live::Live;
use super::tokenizer;

/// The longest text, in bytes.
const LONGEST: usize = 1_024;
/// The most words.
const WORDS: usize = 64;
/// The most parentheses, and words and signs that turn a part into its opposite.
const DEEPEST: usize = 16;

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
pub(super) fn query(text: &str, manner: Manner, live: &Live) -> Result<Box<dyn Query>, SearchError> {
    let Live { layout, questions, .. } = live;
    bound(text)?;
    let other = (manner.any || manner.fuzzy > 0).then(|| parser(layout, questions, manner));
    let parser = other.as_ref().unwrap_or(&live.parser);
    let (ast, errors) = parse_query_lenient(text);
    if let Some(error) = errors.into_iter().next().filter(|_| !manner.lenient) {
        return Err(SearchError::Syntax { at: error.pos, reason: error.message });
    }
    let mut known = Known { text, layout, stops: stops(live), lenient: manner.lenient };
    let Some(ast) = known.part(ast)? else { return Ok(Box::new(EmptyQuery)) };
    if manner.lenient {
        return Ok(parser.build_query_from_user_input_ast_lenient(ast).0);
    }
    parser.build_query_from_user_input_ast(ast).map_err(|error| known.refused(&error.to_string(), ""))
}

/// What parses words that are taken so.
pub(super) fn parser(layout: &Layout, questions: &TokenizerManager, manner: Manner) -> QueryParser {
    let fields: Vec<_> = layout.fields.iter().filter_map(|field| Some((field.text?, field.info.text?))).collect();
    let defaults = fields.iter().map(|(field, _)| *field).collect();
    let mut parser = QueryParser::new(layout.schema.clone(), defaults, questions.clone());
    for (field, text) in &fields {
        parser.set_field_boost(*field, text.boost);
        if manner.fuzzy > 0 {
            parser.set_field_fuzzy(*field, false, manner.fuzzy.min(2), true);
        }
    }
    if !manner.any {
        parser.set_conjunction_by_default();
    }
    parser
}

/// The analyzer of the field whose language has words that nobody looks for.
fn stops(live: &Live) -> Option<TextAnalyzer> {
    live.info.language?;
    let is_words = |field: &LaidOut| field.info.text.is_some_and(|text| text.tokenizer == Tokenizer::Words);
    let has_words = live.layout.fields.iter().any(is_words);
    has_words.then(|| live.questions.get(&tokenizer::name(Tokenizer::Words, live.info.language))).flatten()
}

/// What of a text may be asked: words and phrases, in fields that are `text`.
struct Known<'a> {
    text: &'a str,
    layout: &'a Layout,
    stops: Option<TextAnalyzer>,
    lenient: bool,
}

impl Known<'_> {
    /// The part, without what is passed over; nothing where nothing is left of it.
    fn part(&mut self, part: UserInputAst) -> Result<Option<UserInputAst>, SearchError> {
        Ok(match part {
            UserInputAst::Clause(parts) => {
                let mut kept = Vec::with_capacity(parts.len());
                for (occur, part) in parts {
                    kept.extend(self.part(part)?.map(|part| (occur, part)));
                }
                (!kept.is_empty()).then_some(UserInputAst::Clause(kept))
            }
            UserInputAst::Boost(part, by) => self.part(*part)?.map(|part| UserInputAst::Boost(Box::new(part), by)),
            UserInputAst::Leaf(leaf) => match *leaf {
                UserInputLeaf::Literal(literal) => self.literal(literal)?,
                UserInputLeaf::All => Some(UserInputAst::Leaf(Box::new(UserInputLeaf::All))),
                UserInputLeaf::Range { .. } => self.pass_over("ranges are asked by `filter`", "[")?,
                UserInputLeaf::Set { .. } => self.pass_over("sets are asked by `filter`", "IN")?,
                UserInputLeaf::Exists { .. } => {
                    self.pass_over("whether there is a value is asked by `filter`", ":*")?
                }
                UserInputLeaf::Regex { .. } => self.pass_over("patterns are not looked for", "/")?,
            },
        })
    }

    fn literal(&mut self, literal: UserInputLiteral) -> Result<Option<UserInputAst>, SearchError> {
        if let Some(field) = &literal.field_name {
            if !self.layout.fields.iter().any(|known| known.text.is_some() && known.info.field == field) {
                return self.pass_over(&format!("there is no `#[text]` field `{field}`"), field);
            }
        } else if let Some(stops) = self.stops.as_mut().filter(|_| literal.delimiter == Delimiter::None) {
            // It is in no field of words: it need not be in the others.
            if !stops.token_stream(&literal.phrase).advance() {
                return Ok(None);
            }
        }
        Ok(Some(UserInputAst::Leaf(Box::new(UserInputLeaf::Literal(literal)))))
    }

    fn pass_over(&self, reason: &str, what: &str) -> Result<Option<UserInputAst>, SearchError> {
        if self.lenient { Ok(None) } else { Err(self.refused(reason, what)) }
    }

    /// With the place where this stands in the text, or its beginning.
    fn refused(&self, reason: &str, what: &str) -> SearchError {
        SearchError::Syntax { at: self.text.find(what).unwrap_or(0), reason: reason.to_owned() }
    }
}

fn bound(text: &str) -> Result<(), SearchError> {
    if text.len() > LONGEST {
        return Err(SearchError::TooMuch { what: "a text of too many bytes", most: LONGEST });
    }
    if text.split(|char: char| !char.is_alphanumeric()).filter(|word| !word.is_empty()).count() > WORDS {
        return Err(SearchError::TooMuch { what: "too many words", most: WORDS });
    }
    // All of them: what closes one is the parser's to say.
    let brackets = text.chars().filter(|char| matches!(char, '(' | '[' | '{')).count();
    // A chain of signs nests as parentheses do.
    let signs = text.split(|char: char| char.is_alphanumeric() || char.is_whitespace());
    let signs = signs.map(|signs| signs.chars().filter(|char| matches!(char, '+' | '-')).count()).max().unwrap_or(0);
    let nots = text.split_whitespace().filter(|word| *word == "NOT").count();
    if brackets.max(signs).max(nots) > DEEPEST {
        return Err(SearchError::TooMuch { what: "too many parentheses or negations", most: DEEPEST });
    }
    Ok(())
}
