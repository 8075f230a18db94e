//! What becomes of a text before it is indexed, and of the words that are searched for. In: a tokenizer, a language. Out: tantivy's
//! analyzers, under names. Words are what letters and digits are together; case and accents do not count.

use tantivy::tokenizer::{
    AsciiFoldingFilter, Language, LowerCaser, RawTokenizer, RemoveLongFilter, SimpleTokenizer, Stemmer, StopWordFilter,
    TextAnalyzer, Token, TokenStream, TokenizerManager,
};

use super::index::Tokenizer;

/// The longest word, in bytes.
const LONGEST: usize = 255;

/// The beginnings of words that [`Tokenizer::Prefix`] finds, in characters.
const BEGINNINGS: std::ops::RangeInclusive<usize> = 2..=12;

const LANGUAGES: &[(&str, Language)] = &[
    ("ar", Language::Arabic),
    ("da", Language::Danish),
    ("nl", Language::Dutch),
    ("en", Language::English),
    ("fi", Language::Finnish),
    ("fr", Language::French),
    ("de", Language::German),
    ("el", Language::Greek),
    ("hu", Language::Hungarian),
    ("it", Language::Italian),
    ("no", Language::Norwegian),
    ("pt", Language::Portuguese),
    ("ro", Language::Romanian),
    ("ru", Language::Russian),
    ("es", Language::Spanish),
    ("sv", Language::Swedish),
    ("ta", Language::Tamil),
    ("tr", Language::Turkish),
];

/// The name of an analyzer.
pub(super) fn name(tokenizer: Tokenizer, language: Option<&str>) -> String {
    let kind = match tokenizer {
        Tokenizer::Words => "words",
        Tokenizer::Exact => return "exact".to_owned(),
        Tokenizer::Prefix => return "prefix".to_owned(),
    };
    format!("{kind}-{}", language.unwrap_or("any"))
}

/// The analyzers of texts that are indexed.
pub(super) fn of_texts(language: Option<&str>) -> TokenizerManager {
    let manager = of_questions(language);
    manager.register("prefix", TextAnalyzer::builder(Beginnings(words())).build());
    manager
}

/// The analyzers of what is searched for: the beginning of a word stands for itself.
pub(super) fn of_questions(language: Option<&str>) -> TokenizerManager {
    let manager = TokenizerManager::default();
    manager.register("exact", TextAnalyzer::builder(RawTokenizer::default()).filter(LowerCaser).build());
    manager.register("prefix", words());
    let known = language.and_then(|code| LANGUAGES.iter().find(|(known, _)| *known == code));
    let analyzer = match known {
        None => words(),
        Some((_, language)) => {
            let words = plain();
            match StopWordFilter::new(*language) {
                Some(stops) => words.filter(stops).filter(Stemmer::new(*language)).filter(AsciiFoldingFilter).build(),
                None => words.filter(Stemmer::new(*language)).filter(AsciiFoldingFilter).build(),
            }
        }
    };
    manager.register(&name(Tokenizer::Words, language), analyzer);
    manager
}

type Plain = tantivy::tokenizer::TextAnalyzerBuilder<
    <LowerCaser as tantivy::tokenizer::TokenFilter>::Tokenizer<
        <RemoveLongFilter as tantivy::tokenizer::TokenFilter>::Tokenizer<SimpleTokenizer>,
    >,
>;

fn plain() -> Plain {
    TextAnalyzer::builder(SimpleTokenizer::default()).filter(RemoveLongFilter::limit(LONGEST)).filter(LowerCaser)
}

fn words() -> TextAnalyzer {
    plain().filter(AsciiFoldingFilter).build()
}

/// The words of another analyzer, and their beginnings at the same places.
#[derive(Clone)]
struct Beginnings(TextAnalyzer);

impl tantivy::tokenizer::Tokenizer for Beginnings {
    type TokenStream<'a> = Tokens;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Tokens {
        let mut tokens = Vec::new();
        self.0.token_stream(text).process(&mut |word| {
            let ends = word.text.char_indices().map(|(at, _)| at).chain([word.text.len()]).enumerate();
            let ends = ends.filter(|(characters, end)| BEGINNINGS.contains(characters) && *end < word.text.len());
            for (_, end) in ends {
                tokens.push(Token { text: word.text[..end].to_owned(), ..word.clone() });
            }
            tokens.push(word.clone());
        });
        Tokens { tokens, next: 0 }
    }
}

/// Tokens that are there.
struct Tokens {
    tokens: Vec<Token>,
    next: usize,
}

impl TokenStream for Tokens {
    fn advance(&mut self) -> bool {
        self.next += 1;
        self.next <= self.tokens.len()
    }

    fn token(&self) -> &Token {
        &self.tokens[self.next - 1]
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.tokens[self.next - 1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(manager: &TokenizerManager, name: &str, text: &str) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        let mut analyzer = manager.get(name).expect("an analyzer");
        analyzer.token_stream(text).process(&mut |token| found.push((token.position, token.text.clone())));
        found
    }

    #[test]
    fn words_lose_case_accents_and_in_a_language_their_endings() {
        let plain = name(Tokenizer::Words, None);
        let found = tokens(&of_texts(None), &plain, "Crème-BRÛLÉE, 2 boots!");
        assert_eq!(found, [(0, "creme".into()), (1, "brulee".into()), (2, "2".into()), (3, "boots".into())]);
        let english = name(Tokenizer::Words, Some("en"));
        let found = tokens(&of_texts(Some("en")), &english, "The boots were running");
        assert_eq!(found, [(1, "boot".into()), (2, "were".into()), (3, "run".into())]);
    }

    #[test]
    fn beginnings_are_indexed_and_not_searched_for() {
        let found = tokens(&of_texts(None), "prefix", "Große a");
        let expected = [(0, "gr"), (0, "gro"), (0, "gros"), (0, "gross"), (0, "grosse"), (1, "a")];
        assert_eq!(found, expected.map(|(at, text)| (at, text.to_owned())));
        assert_eq!(tokens(&of_questions(None), "prefix", "Gro"), [(0, "gro".to_owned())]);
    }

    #[test]
    fn every_language_that_the_attribute_knows_has_an_analyzer() {
        for (code, _) in LANGUAGES {
            assert!(of_texts(Some(code)).get(&name(Tokenizer::Words, Some(code))).is_some(), "{code}");
        }
    }
}
