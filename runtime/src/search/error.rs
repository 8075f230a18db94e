//! Why a search found nothing to say.

use tantivy::TantivyError;

use crate::db::DataError;

/// Why a search has no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SearchError {
    /// What is searched for is not well formed, at this byte.
    #[error("what is searched for is not well formed at byte {at}: {reason}")]
    Syntax {
        /// The place, in bytes from the beginning.
        at: usize,
        /// What is wrong there.
        reason: String,
    },
    /// What is searched for is longer, deeper or more than is searched for at once.
    #[error("{what}: at most {most} are searched for at once")]
    TooMuch {
        /// What is too much.
        what: &'static str,
        /// As much may be.
        most: usize,
    },
    /// A filter, an order or a facet is over a column of which the index knows nothing.
    #[error(
        "the search index of `{table}` can't {what} `{column}`: put `#[filter]` or `#[facet]` on its field, or say so where it is included"
    )]
    NotIndexed {
        /// The table.
        table: &'static str,
        /// The column.
        column: String,
        /// What was to be done.
        what: &'static str,
    },
    /// A column whose words the index does not know is to be highlighted.
    #[error(
        "the search index of `{table}` has no words of `{column}`: put `#[text]` on its field, or say so where it is included"
    )]
    NotText {
        /// The table.
        table: &'static str,
        /// The column.
        column: String,
    },
    /// The index is being built, and was not there in time.
    #[error("the search index of `{table}` is being built")]
    Building {
        /// The table.
        table: &'static str,
    },
    /// The index has not come as far as was asked for in time.
    #[error("the search index of `{table}` has not come as far as was asked for")]
    Behind {
        /// The table.
        table: &'static str,
    },
    /// The index can't be read or written.
    #[error("the search index of `{table}`: {reason}")]
    Index {
        /// The table.
        table: &'static str,
        /// Why.
        reason: String,
    },
    /// The rows could not be had.
    #[error(transparent)]
    Data(#[from] DataError),
}

impl SearchError {
    pub(super) fn index(table: &'static str, error: &TantivyError) -> Self {
        Self::Index { table, reason: error.to_string() }
    }
}
