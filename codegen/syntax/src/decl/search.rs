//! What a developer declared about a search index: which of a table's fields it holds, and how each is found.

use proc_macro2::Span;
use syn::{Ident, Path, Type};

use super::Spanned;

/// A search index: it stands beside a table, on the same struct.
#[derive(Clone, Debug)]
pub struct SearchIndex {
    /// The struct's name.
    pub ident: Ident,
    /// `name = "…"`; otherwise it is called as its table.
    pub name: Option<Spanned<String>>,
    /// `language = "…"`: whose words are stemmed.
    pub language: Option<Spanned<String>>,
    /// The runtime's path where it was renamed.
    pub krate: Option<Path>,
    /// The fields that it holds, in the order of the struct.
    pub fields: Vec<SearchField>,
    /// The fields of other tables' rows that it holds, in the order of the struct's references.
    pub includes: Vec<SearchInclude>,
}

/// A field of a search index.
#[derive(Clone, Debug)]
pub struct SearchField {
    /// Its name.
    pub ident: Ident,
    /// Its type, as written.
    pub ty: Type,
    /// Its place among the struct's fields that are columns.
    pub column: usize,
    /// How it is found.
    pub uses: SearchUses,
}

/// What a search does with a field: one of these at least.
#[derive(Clone, Debug, Default)]
pub struct SearchUses {
    /// `text(…)`: its words are found.
    pub text: Option<SearchText>,
    /// `filter`: it filters and orders what is found. Where it is written.
    pub filter: Option<Span>,
    /// `facet`: it filters and orders, and its values are counted. Where it is written.
    pub facet: Option<Span>,
}

/// `#[include(…)]` on a field with `#[references]`: fields of the row that it leads to.
#[derive(Clone, Debug)]
pub struct SearchInclude {
    /// The field.
    pub field: Ident,
    /// What the row is called that it leads to.
    pub relation: Ident,
    /// The other table's struct.
    pub target: Path,
    /// The other struct's fields, with how each is found, in the order in which they are written.
    pub fields: Vec<(Ident, SearchUses)>,
    /// Where it is written.
    pub span: Span,
}

/// How the words of a field are found.
#[derive(Clone, Debug)]
pub struct SearchText {
    /// `boost = …`: how much more than in others a word counts in this field. Above 0, at most 1000.
    pub boost: f32,
    /// `tokenizer = "…"`.
    pub tokenizer: Tokenizer,
    /// Where it is written.
    pub span: Span,
}

/// What becomes of a text before it is indexed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tokenizer {
    /// Its words.
    #[default]
    Words,
    /// The whole value is one term, its case folded.
    Exact,
    /// Its words, and the beginnings of words.
    Prefix,
}

impl Tokenizer {
    /// Every tokenizer.
    pub const ALL: [Self; 3] = [Self::Exact, Self::Prefix, Self::Words];

    /// How it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Words => "words",
            Self::Exact => "exact",
            Self::Prefix => "prefix",
        }
    }
}
