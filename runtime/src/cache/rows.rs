//! The rows of a table, held by their keys. In: a table with `#[Cache::memoize]`, keys. Out: rows, or that there is none. Absent: rows that
//! are asked for in another way than by their key.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::memoize::{Ask, look};
use super::site::{Options, Site};
use crate::db::key::Mark;
use crate::db::{DataError, Model};

/// A row, or that there is none.
type Row<T> = Result<Option<T>, DataError>;

/// A table whose rows are held: what `#[Cache::memoize]` implements.
pub trait HeldRows {
    /// What the attribute says.
    const OPTIONS: Options;
}

/// Asks whether the rows of a table are held, of its concrete type: an inherent constant goes before a trait's of the same name.
#[derive(Debug)]
pub struct RowProbe<T>(PhantomData<T>);

impl<T: HeldRows + Model + Clone> RowProbe<T> {
    /// How they are.
    pub const HOLD: Option<Hold> = Some(Hold {
        of: |name| {
            let rows: Arc<dyn Rows<T>> =
                Arc::new(Of { site: Site::of_rows(name, T::OPTIONS), row: PhantomData::<fn() -> T> });
            Box::new(rows)
        },
    });
}

/// The answer where they are not.
pub trait Unheld {
    /// Not at all.
    const HOLD: Option<Hold> = None;
}

impl<T> Unheld for RowProbe<T> {}

/// How the rows of a table are held, where nobody knows their type.
#[derive(Clone, Copy)]
pub struct Hold {
    /// Makes an `Arc<dyn Rows<T>>`, of this name.
    of: fn(String) -> Box<dyn Any + Send + Sync>,
}

impl fmt::Debug for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hold")
    }
}

impl Hold {
    /// What holds the rows of a table.
    pub(crate) fn rows<T: 'static>(&self, database: &str, table: &str) -> Option<Arc<dyn Rows<T>>> {
        let rows = (self.of)([database, ".", table].concat());
        rows.downcast::<Arc<dyn Rows<T>>>().ok().map(|rows| *rows)
    }
}

/// The rows that are held of one table of one opened database.
pub(crate) trait Rows<T>: Send + Sync {
    /// The row of this key, or who is to ask for it.
    fn look(&self, key: Vec<Mark>) -> Result<Option<T>, Box<dyn Asks<T>>>;
}

/// Asks for a row.
pub(crate) trait Asks<T>: Send + Sync {
    /// The row, as it is loaded or as another loads it meanwhile.
    fn loaded<'a>(self: Box<Self>, load: BoxFuture<'a, Row<T>>) -> BoxFuture<'a, Row<T>>;
}

struct Of<T> {
    site: Arc<Site>,
    row: PhantomData<fn() -> T>,
}

impl<T: Clone + Send + Sync + 'static> Rows<T> for Of<T> {
    fn look(&self, key: Vec<Mark>) -> Result<Option<T>, Box<dyn Asks<T>>> {
        match look::<_, _, Row<T>>(Arc::clone(&self.site), (&key,), Some(Option::is_none)) {
            // What is held is no error.
            Ok(held) => Ok(held.ok().flatten()),
            Err(ask) => Err(Box::new(ask)),
        }
    }
}

impl<T: Clone + Send + Sync + 'static> Asks<T> for Ask<Arc<Site>, (Vec<Mark>,), Row<T>> {
    fn loaded<'a>(self: Box<Self>, load: BoxFuture<'a, Row<T>>) -> BoxFuture<'a, Row<T>> {
        Box::pin(self.computed(load))
    }
}
