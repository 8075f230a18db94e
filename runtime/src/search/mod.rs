//! Search: full-text indexes that follow their tables, and what is found in them.
//! In: the impls that `#[Search::index]` emits, the feed of a database. Out: rows with scores, highlights and counts. Absent: the
//! triggers that write the feed, which are the migrations'.

mod asked;
mod changed;
mod collect;
mod condition;
mod error;
mod found;
mod given;
mod included;
mod index;
mod indexer;
mod layout;
mod live;
mod position;
mod predicate;
mod probe;
mod query;
mod searchable;
mod store;
mod tokenizer;
mod verify;
mod words;
mod writing;

pub use error::SearchError;
pub use found::{Found, Highlight, Hit};
pub use given::Given;
#[doc(hidden)]
pub use index::FieldOf;
pub use index::{FieldInfo, IncludeInfo, IndexInfo, Indexed, ReferenceInfo, TextInfo, Tokenizer};
pub(crate) use live::{Indexes, Live, folder_of};
pub use position::{After, LastWrite, Position, Searched};
#[doc(hidden)]
pub use probe::{Follow, Probe, Unindexed};
pub use query::Search;
pub use searchable::{Facetable, Filterable, Searchable};
pub use verify::Verified;
pub(crate) use verify::verify;
