//! What a row gives to its search index. In: fields, in the index's order. Out: their values, borrowed from the row.

use crate::db::{Field, Value};

/// Collects the values of a row's indexed fields. One may serve many rows: [`Given::take`] leaves it empty.
#[derive(Debug, Default)]
pub struct Given<'row> {
    values: Vec<Value<'row>>,
}

impl<'row> Given<'row> {
    /// The next field's value.
    pub fn push<V: Field>(&mut self, field: &'row V) {
        self.values.push(field.value());
    }

    /// The values so far, in the order of [`super::IndexInfo::fields`].
    #[must_use]
    pub fn take(&mut self) -> Vec<Value<'row>> {
        std::mem::take(&mut self.values)
    }
}
