//! The facts of a search index, as its attribute says them. Absent: the key, which is in every index and is the table's to say, and
//! the database: one struct may be a table of several.

use std::marker::PhantomData;

use super::given::Given;
use super::searchable::{Facetable, Filterable, Searchable};
use crate::db::model::Facts;
use crate::db::{Column, ColumnInfo, DataError, Handle, Model, Referring};

/// A table that can be searched: what `#[Search::index]` implements.
#[diagnostic::on_unimplemented(
    message = "the table `{Self}` can't be searched",
    note = "put `#[Search::index]` on `{Self}`, and `#[text]` on the fields whose words are to be found"
)]
pub trait Indexed: Model {
    /// What its attribute says.
    const INDEX: IndexInfo;

    /// Gives the values of the fields of [`Indexed::INDEX`], in their order, without those of included rows.
    fn give<'row>(&'row self, values: &mut Given<'row>);

    /// Gives the keys of the rows that are included, in the order of [`IndexInfo::includes`].
    fn refer<'row>(&'row self, values: &mut Given<'row>);
}

/// A search index, as its attribute says it.
#[derive(Clone, Copy, Debug)]
pub struct IndexInfo {
    /// Its name where it says one; otherwise it is called as the table.
    pub name: Option<&'static str>,
    /// The language whose words are stemmed, by its code, such as `en`.
    pub language: Option<&'static str>,
    /// The fields that it holds, in the order of the struct.
    pub fields: &'static [FieldInfo],
    /// The rows of other tables of which it holds fields.
    pub includes: &'static [IncludeInfo],
}

/// A field of a search index.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FieldInfo {
    /// Its column.
    pub column: &'static ColumnInfo,
    /// The struct's field; of an included row, `brand.name`.
    pub field: &'static str,
    /// How its words are found; nothing where they are not.
    pub text: Option<TextInfo>,
    /// Whether it filters and orders what is found. Every facet does.
    pub filter: bool,
    /// Whether its values are counted.
    pub facet: bool,
}

/// The row that a field refers to, of which an index holds fields.
#[derive(Clone, Copy, Debug)]
pub struct IncludeInfo {
    /// Which row that is.
    pub reference: ReferenceInfo,
    /// Its fields that the index holds.
    pub fields: &'static [FieldInfo],
}

/// What a field refers to.
#[derive(Clone, Copy, Debug)]
pub struct ReferenceInfo {
    /// The column of the field.
    pub column: &'static ColumnInfo,
    /// What the row is called that it refers to.
    pub relation: &'static str,
    /// That row's table.
    pub(super) facts: fn(&Handle) -> Result<Facts, DataError>,
}

impl ReferenceInfo {
    /// The row of `U` that this column of `T` refers to.
    #[must_use]
    pub const fn new<T, V: Referring, U: Model>(column: &Column<T, V>, relation: &'static str) -> Self {
        Self { column: column.info, relation, facts: |handle| Ok(Facts::of::<U>(handle.table_of::<U>()?)) }
    }
}

impl FieldInfo {
    /// A field of which nothing is said yet.
    #[must_use]
    pub const fn new(column: &'static ColumnInfo, field: &'static str) -> Self {
        Self { column, field, text: None, filter: false, facet: false }
    }

    /// With words that are found, in a field of `V`.
    #[must_use]
    pub const fn text<V: Searchable>(mut self, boost: f32, tokenizer: Tokenizer) -> Self {
        self.text = Some(TextInfo { boost, tokenizer });
        self
    }

    /// With values of `V` by which what is found is filtered and ordered.
    #[must_use]
    pub const fn filter<V: Filterable>(mut self) -> Self {
        self.filter = true;
        self
    }

    /// With values of `V` that are counted, and by which what is found is filtered and ordered.
    #[must_use]
    pub const fn facet<V: Facetable>(mut self) -> Self {
        self.filter = true;
        self.facet = true;
        self
    }
}

/// A field of an included row, whose type only the compiler knows.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct FieldOf<V> {
    /// What is said of it.
    pub info: FieldInfo,
    values: PhantomData<fn() -> V>,
}

impl<V> FieldOf<V> {
    /// A field of which nothing is said yet.
    #[must_use]
    pub const fn new<T>(column: &Column<T, V>, field: &'static str) -> Self {
        Self { info: FieldInfo::new(column.info, field), values: PhantomData }
    }

    /// As [`FieldInfo::text`].
    #[must_use]
    pub const fn text(mut self, boost: f32, tokenizer: Tokenizer) -> Self
    where
        V: Searchable,
    {
        self.info = self.info.text::<V>(boost, tokenizer);
        self
    }

    /// As [`FieldInfo::filter`].
    #[must_use]
    pub const fn filter(mut self) -> Self
    where
        V: Filterable,
    {
        self.info = self.info.filter::<V>();
        self
    }

    /// As [`FieldInfo::facet`].
    #[must_use]
    pub const fn facet(mut self) -> Self
    where
        V: Facetable,
    {
        self.info = self.info.facet::<V>();
        self
    }
}

/// How the words of a field are found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TextInfo {
    /// How much more than in others a word counts in this field: above 0, at most 1000.
    pub boost: f32,
    /// What becomes of the text before it is indexed.
    pub tokenizer: Tokenizer,
}

/// What becomes of a text before it is indexed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tokenizer {
    /// Its words.
    Words,
    /// The whole value is one term, its case folded.
    Exact,
    /// Its words, and the beginnings of words of 2 to 12 characters.
    Prefix,
}
