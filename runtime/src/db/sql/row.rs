//! The rows of a statement: tuples by their places, structs by their names.

use std::sync::{Arc, OnceLock};

use crate::db::column::ColumnInfo;
use crate::db::error::DataError;
use crate::db::field::Field;
use crate::db::model::Model;
use crate::db::reader::Reader;

/// What a row of a statement can be read as: a tuple of fields, by their places; a struct with `#[Database::row]` or a table's, by the
/// names of its fields.
#[diagnostic::on_unimplemented(
    message = "a row of `sql!` can't be read as `{Self}`",
    note = "take a tuple, `(i64, String)` or `(i64,)`, a table's struct, or a struct with `#[Database::row]`"
)]
pub trait FromRow: Sized + Send + 'static {
    /// Its columns.
    const COLUMNS: &'static [ColumnInfo];
    /// Whether they are found by their names.
    const NAMED: bool;

    /// Reads every column of [`FromRow::COLUMNS`], in its order.
    ///
    /// # Errors
    /// [`DataError::Decode`] where a column holds something else than its field's type.
    fn read(row: &mut Reader<'_>) -> Result<Self, DataError>;
}

impl<M: Model> FromRow for M {
    const COLUMNS: &'static [ColumnInfo] = M::INFO;
    const NAMED: bool = true;

    fn read(row: &mut Reader<'_>) -> Result<Self, DataError> {
        M::read(row)
    }
}

macro_rules! tuples {
    ($(($($name:ident $at:literal),+))+) => {$(
        impl<$($name: Field),+> FromRow for ($($name,)+) {
            const COLUMNS: &'static [ColumnInfo] = &[$(ColumnInfo::of::<$name>($at)),+];
            const NAMED: bool = false;

            fn read(row: &mut Reader<'_>) -> Result<Self, DataError> {
                row.all()
            }
        }
    )+};
}

tuples! {
    (A "1")
    (A "1", B "2")
    (A "1", B "2", C "3")
    (A "1", B "2", C "3", D "4")
    (A "1", B "2", C "3", D "4", E "5")
    (A "1", B "2", C "3", D "4", E "5", F "6")
    (A "1", B "2", C "3", D "4", E "5", F "6", G "7")
    (A "1", B "2", C "3", D "4", E "5", F "6", G "7", H "8")
}

/// How rows are read: where their columns are is the same in each.
pub(super) fn read<R: FromRow>() -> impl Fn(&mut Reader<'_>) -> Result<R, DataError> + Clone + Send + Sync + 'static {
    let places: Arc<OnceLock<Vec<usize>>> = Arc::default();
    move |row: &mut Reader<'_>| {
        let known = match places.get() {
            Some(places) => places,
            None => {
                let found = row.places(R::COLUMNS, R::NAMED)?;
                places.get_or_init(|| found)
            }
        };
        R::read(&mut row.placed(known))
    }
}
