//! What a search found: rows with their scores and highlights, and counts. In: rows, and what the index says of them. Out: what an
//! application sees.

use std::collections::HashMap;
use std::ops::Range;

use tantivy::Searcher;
use tantivy::query::Query;
use tantivy::snippet::SnippetGenerator;

use super::collect;
use super::error::SearchError;
use super::index::Indexed;
use super::layout::Of;
use super::live::Live;
use super::query::of;
use crate::db::{Column, ColumnInfo, DataError, Field, Model, One, Related, Slot, Type, Value};

/// The longest piece of a text that is shown around what was found, in characters.
const PIECE: usize = 160;

/// What a search found.
#[derive(Clone, Debug)]
pub struct Found<T> {
    /// The rows, in order.
    pub hits: Vec<Hit<T>>,
    /// How many there are in all, with those before and behind.
    pub count: u64,
    facets: Vec<(Whose, Counts)>,
}

/// A column, and whose it is.
pub(super) type Whose = (Of, &'static ColumnInfo);

/// Values of a column, with how many rows have each.
pub(super) type Counts = Vec<(collect::Value, u64)>;

impl<T: Indexed> Found<T> {
    pub(super) fn new(hits: Vec<Hit<T>>, count: u64, facets: Vec<(Whose, Counts)>) -> Self {
        Self { hits, count, facets }
    }

    /// How many rows have each value of a column that [`super::Search::facet`] named, the most frequent first.
    ///
    /// # Errors
    /// [`DataError::Decode`] where the index has a value that is none of its type.
    pub fn facet<V: Field>(
        &self,
        column: impl FnOnce(&'static T::Columns) -> Column<T, V>,
    ) -> Result<Vec<(V, u64)>, DataError> {
        self.counted((None, column(T::COLUMNS).info))
    }

    /// How many rows refer to one with each value of a column that [`super::Search::facet_of`] named, the most frequent first.
    ///
    /// # Errors
    /// As [`Found::facet`].
    pub fn facet_of<V, U: Model, W: Field>(
        &self,
        relation: impl FnOnce(&'static T::Relations) -> One<T, V, U>,
        column: impl FnOnce(&'static U::Columns) -> Column<U, W>,
    ) -> Result<Vec<(W, u64)>, DataError>
    where
        T: Related,
    {
        self.counted((of(relation(T::RELATIONS)), column(U::COLUMNS).info))
    }

    fn counted<V: Field>(&self, (of, info): Whose) -> Result<Vec<(V, u64)>, DataError> {
        let counted = self.facets.iter().find(|((whose, column), _)| *whose == of && column.name == info.name);
        let counts = counted.into_iter().flat_map(|(_, counts)| counts).map(|(value, count)| {
            let value = match value {
                collect::Value::Integer(number) if info.ty == Type::Bool => Value::Bool(*number != 0),
                collect::Value::Integer(number) => Value::Int(*number),
                collect::Value::Text(text) => Value::Text(text.clone().into()),
            };
            let read = V::read(&Slot::of_value(&value, info)).map_err(|error| error.of(T::STRUCT, info));
            read.map(|value| (value, *count))
        });
        // A row that can't be read is set aside; one that is referred to is not this table's.
        counts.filter(|count| of.is_none() || count.is_ok()).collect()
    }
}

/// A row that was found.
#[derive(Clone, Debug)]
pub struct Hit<T> {
    /// The row, as it is in the table.
    pub row: T,
    /// How well it fits; comparable within one search.
    pub score: f32,
    highlights: Highlights,
}

/// By the column, and whose it is.
pub(super) type Highlights = HashMap<(Of, &'static str), Highlight>;

impl<T: Indexed> Hit<T> {
    pub(super) fn new(row: T, score: f32, highlights: Highlights) -> Self {
        Self { row, score, highlights }
    }

    /// Where in a column that [`super::Search::highlight`] named the words are; nothing where they are elsewhere.
    pub fn highlight<V>(&self, column: impl FnOnce(&'static T::Columns) -> Column<T, V>) -> Option<&Highlight> {
        self.highlights.get(&(None, column(T::COLUMNS).info.name))
    }

    /// Where in a column that [`super::Search::highlight_of`] named the words are; nothing where they are elsewhere.
    pub fn highlight_of<V, U: Model, W>(
        &self,
        relation: impl FnOnce(&'static T::Relations) -> One<T, V, U>,
        column: impl FnOnce(&'static U::Columns) -> Column<U, W>,
    ) -> Option<&Highlight>
    where
        T: Related,
    {
        self.highlights.get(&(of(relation(T::RELATIONS)), column(U::COLUMNS).info.name))
    }
}

/// A piece of a text with what was found in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Highlight {
    /// The piece.
    pub text: String,
    /// What was found, in bytes of the piece, in order.
    pub found: Vec<Range<usize>>,
}

impl Highlight {
    /// As HTML: what was found is in `<mark>`, and the text is escaped.
    #[must_use]
    pub fn to_html(&self) -> String {
        let mut html = String::new();
        let mut at = 0;
        for range in &self.found {
            let (before, found) = (self.text.get(at..range.start), self.text.get(range.clone()));
            let (Some(before), Some(found)) = (before, found) else { continue };
            escape(before, &mut html);
            html.push_str("<mark>");
            escape(found, &mut html);
            html.push_str("</mark>");
            at = range.end;
        }
        escape(self.text.get(at..).unwrap_or_default(), &mut html);
        html
    }
}

fn escape(text: &str, html: &mut String) {
    for char in text.chars() {
        match char {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            char => html.push(char),
        }
    }
}

/// What shows where words are.
pub(super) struct Snippets {
    /// With the column, and its place among the indexed fields.
    generators: Vec<(Whose, usize, SnippetGenerator)>,
}

impl Snippets {
    pub(super) fn of(
        live: &Live,
        searcher: &Searcher,
        words: &dyn Query,
        columns: &[Whose],
    ) -> Result<Self, SearchError> {
        let generators = columns.iter().map(|(of, column)| {
            let place = live.layout.place_of(*of, column);
            let text = |place: usize| Some((live.layout.fields.get(place)?.text?, place));
            let (field, place) = place
                .and_then(text)
                .ok_or_else(|| SearchError::NotText { table: live.table, column: live.called(*of, column) })?;
            let mut generator = SnippetGenerator::create(searcher, words, field)
                .map_err(|error| SearchError::index(live.table, &error))?;
            generator.set_max_num_chars(PIECE);
            Ok(((*of, *column), place, generator))
        });
        Ok(Self { generators: generators.collect::<Result<_, SearchError>>()? })
    }

    /// In the values of a row.
    pub(super) fn show(&self, values: &[Value<'_>]) -> Highlights {
        let shown = self.generators.iter().filter_map(|((of, column), place, generator)| {
            let Some(Value::Text(text)) = values.get(*place) else { return None };
            let snippet = generator.snippet(text);
            let found = snippet.highlighted().to_vec();
            (!found.is_empty()).then(|| ((*of, column.name), Highlight { text: snippet.fragment().to_owned(), found }))
        });
        shown.collect()
    }
}
