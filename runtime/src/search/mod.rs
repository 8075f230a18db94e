//! Search: full-text indexes that follow their tables, and what is found in them.
//! In: the impls that `#[Search::index]` emits, the feed of a database. Out: rows with scores, highlights and counts. Absent: the
//! triggers that write the feed, which are the migrations'.

mod aside;
mod asked;
mod building;
mod changed;
mod collect;
mod condition;
mod error;
mod follow;
mod found;
mod given;
mod included;
mod index;
mod indexer;
mod lag;
mod layout;
mod live;
mod looker;
mod position;
mod predicate;
mod probe;
mod query;
mod searchable;
mod standing;
mod status;
mod store;
mod tend;
mod tended;
mod tokenizer;
mod verify;
mod words;
mod writing;

pub use cell_manifest::{SearchRows, SearchTrouble, SetAside, SetAsideRow};
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
pub use status::IndexStatus;
pub(crate) use status::status;
#[doc(hidden)]
pub use tended::Linked;
pub(crate) use tended::indexes;
pub use verify::Verified;
pub(crate) use verify::verify;
