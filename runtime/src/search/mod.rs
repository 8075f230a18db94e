//! Search indexes: what is known of each, and what a row gives to it.
//! In: the impls that `#[Search::index]` emits. Out: the facts ([`IndexInfo`]) and values ([`Given`]). Absent: an index on disk.

mod given;
mod index;
mod probe;
mod searchable;

pub use given::Given;
pub use index::{FieldInfo, IndexInfo, Indexed, TextInfo, Tokenizer};
#[doc(hidden)]
pub use probe::{Probe, Unindexed};
pub use searchable::{Facetable, Filterable, Searchable};
