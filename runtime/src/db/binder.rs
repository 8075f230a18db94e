//! Values on their way into a statement: [`Binder`] for rows and keys, [`NewBinder`] for rows to insert.
//! In: fields, in the order of the table's columns. Out: the driver's arguments, or the first value that was refused.
//! Absent: the text, which [`super::statement`] makes for the same columns in the same order.

use super::column::ColumnInfo;
use super::dialect::Arguments;
use super::error::DataError;
use super::field::Field;
use super::model::{Engine, Facts};
use super::parts::{BindParts, GiveParts};
use super::value::Value;

/// Collects the values of a row, or of a key, as a statement wants them.
pub struct Binder {
    target: Target,
    part: Part,
    at: usize,
    /// The values of a key, as they were given.
    #[cfg(feature = "cache")]
    noted: Option<Vec<Value<'static>>>,
}

/// Which of a row's columns a statement takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// All that are not generated.
    Written,
    /// Those of [`Part::Written`] that are not of the key.
    Rest,
    /// Those of the key, in the order of the table's columns.
    KeyOfRow,
    /// Those of the key, in the key's order.
    Key,
}

impl Part {
    /// Whether a row's column belongs to it.
    pub(crate) fn takes(self, facts: Facts, at: usize, info: &ColumnInfo) -> bool {
        match self {
            Self::Written => !info.generated,
            Self::Rest => !info.generated && !facts.is_key(at),
            Self::KeyOfRow | Self::Key => facts.is_key(at),
        }
    }
}

impl Binder {
    pub(crate) fn new(engine: Engine, facts: Facts) -> Self {
        Self {
            target: Target::new(engine, facts),
            part: Part::Written,
            at: 0,
            #[cfg(feature = "cache")]
            noted: None,
        }
    }

    /// Notes the values of a key.
    #[cfg(feature = "cache")]
    pub(crate) fn noting(engine: Engine, facts: Facts) -> Self {
        Self { noted: Some(Vec::new()), ..Self::new(engine, facts) }
    }

    /// The values of a key.
    #[cfg(feature = "cache")]
    pub(crate) fn noted(self) -> Vec<Value<'static>> {
        self.noted.unwrap_or_default()
    }

    /// From here on the columns of `part`, from the first.
    pub(crate) fn part(&mut self, part: Part) -> &mut Self {
        self.part = part;
        self.at = 0;
        self
    }

    pub(crate) fn finish(self) -> Result<Arguments, DataError> {
        self.target.finish()
    }

    /// The next column's value.
    pub fn push<F: Field>(&mut self, field: &F) {
        let at = self.at;
        self.at += 1;
        let Some(info) = self.target.facts.columns.get(at) else { return self.target.too_many() };
        if self.part.takes(self.target.facts, at, info) {
            self.target.bind(info, field.value());
        }
    }

    /// The next columns' values.
    #[doc(hidden)]
    pub fn all(&mut self, parts: impl BindParts) {
        parts.bind(self);
    }

    /// The next value of a key.
    pub(crate) fn value(&mut self, value: Value<'_>) {
        #[cfg(feature = "cache")]
        if let Some(noted) = &mut self.noted {
            noted.push(value.into_owned());
            return;
        }
        let at = self.at;
        self.at += 1;
        match self.target.facts.key_columns().nth(at) {
            Some(info) => self.target.bind(info, value),
            None => self.target.too_many(),
        }
    }
}

/// Collects the values of rows to insert, and which columns are given.
pub struct NewBinder {
    target: Target,
    given: Given,
    at: usize,
    /// Whether only to learn which columns are given.
    asking: bool,
}

impl NewBinder {
    /// Asks which columns a row gives.
    pub(crate) fn asking(engine: Engine, facts: Facts) -> Self {
        let target = Target { facts, arguments: Arguments::new(engine, 0), refused: None };
        Self { target, given: Given::default(), at: 0, asking: true }
    }

    pub(crate) fn new(engine: Engine, facts: Facts) -> Self {
        Self { target: Target::new(engine, facts), given: Given::default(), at: 0, asking: false }
    }

    /// For rows that are copied, where the engine does.
    #[cfg(feature = "postgres")]
    pub(crate) fn copying(engine: Engine, facts: Facts) -> Option<Self> {
        let arguments = Arguments::copied(engine)?;
        let target = Target { facts, arguments, refused: None };
        Some(Self { target, given: Given::default(), at: 0, asking: false })
    }

    /// From here on another row.
    pub(crate) fn next_row(&mut self) -> &mut Self {
        self.target.arguments.end_row();
        self.at = 0;
        self.given = Given::default();
        self
    }

    pub(crate) fn given(self) -> Given {
        self.given
    }

    pub(crate) fn finish(mut self) -> Result<(Given, Arguments), DataError> {
        self.target.arguments.end_row();
        Ok((self.given, self.target.finish()?))
    }

    /// The next column has this value.
    pub fn push<F: Field>(&mut self, field: &F) {
        let at = self.at;
        self.at += 1;
        self.given.add(at);
        match self.target.facts.columns.get(at) {
            Some(_) if self.asking => {}
            Some(info) => self.target.bind(info, field.value()),
            None => self.target.too_many(),
        }
    }

    /// What the next columns have.
    #[doc(hidden)]
    pub fn all(&mut self, parts: impl GiveParts) {
        parts.give(self);
    }

    /// The next column has this value; `None`: its default.
    pub fn optional<F: Field>(&mut self, field: &Option<F>) {
        match field {
            Some(field) => self.push(field),
            None => self.skip(),
        }
    }

    /// The next column is the engine's to fill.
    pub fn skip(&mut self) {
        self.at += 1;
    }
}

/// Which of a table's columns an insert gives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Given(Vec<u64>);

impl Given {
    fn add(&mut self, at: usize) {
        let word = at / 64;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        if let Some(bits) = self.0.get_mut(word) {
            *bits |= 1 << (at % 64);
        }
    }

    pub(crate) fn has(&self, at: usize) -> bool {
        self.0.get(at / 64).is_some_and(|bits| bits & (1 << (at % 64)) != 0)
    }

    pub(crate) fn count(&self) -> usize {
        self.0.iter().map(|bits| bits.count_ones() as usize).sum()
    }
}

struct Target {
    facts: Facts,
    arguments: Arguments,
    refused: Option<DataError>,
}

impl Target {
    fn new(engine: Engine, facts: Facts) -> Self {
        Self { facts, arguments: Arguments::new(engine, facts.columns.len()), refused: None }
    }

    fn bind(&mut self, info: &'static ColumnInfo, value: Value<'_>) {
        if self.refused.is_some() {
            return;
        }
        let bound = value.fit(info.ty).and_then(|value| self.arguments.push(value, info.ty));
        if let Err(reason) = bound {
            self.refused =
                Some(DataError::OutOfRange { table: self.facts.table, column: info.name.to_owned(), reason });
        }
    }

    fn too_many(&mut self) {
        self.refused.get_or_insert_with(|| DataError::other("more values are given than the table has columns"));
    }

    fn finish(self) -> Result<Arguments, DataError> {
        self.refused.map_or(Ok(self.arguments), Err)
    }
}
