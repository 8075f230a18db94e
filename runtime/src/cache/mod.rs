//! Caches: what functions give and what tables hold, for as long as nothing that it was made of has changed.
//! In: the calls that `#[Cache::memoize]` wraps, the feed of a database. Out: results, computed or held. Absent: which tables a function
//! reads, which the compiler finds so that they are followed, and the triggers that write the feed, which are the migrations'.
//!
//! A change in this process is heard of before whoever made it goes on; one of another process a moment later, or nothing is given until it
//! is. What is held is never older than that.

mod clock;
mod counters;
mod flight;
mod held;
mod key;
mod memoize;
mod mode;
mod outcome;
mod place;
mod reading;
mod rows;
mod site;
mod sync;
mod versions;
mod watch;

#[doc(hidden)]
pub use held::{Key, Value};
#[doc(hidden)]
pub use key::{
    Instance, Named, Nameless, NoInstance, Part, Parts, Probe, instance, mixed, number, tells_calls_apart, type_of,
};
#[doc(hidden)]
pub use memoize::{AsSite, Ask, look};
pub use mode::{bypass, invalidate, refresh};
#[doc(hidden)]
pub use outcome::{NoResult, Outcome, Plain, ResultProbe};
#[cfg(feature = "search")]
pub(crate) use reading::searches;
pub(crate) use reading::{What, begins, is_computing, runs, runs_later, same};
pub(crate) use rows::Rows;
#[doc(hidden)]
pub use rows::{HeldRows, Hold, RowProbe, Unheld};
pub use site::{CacheStatus, invalidate_all, invalidate_tag, status};
#[doc(hidden)]
pub use site::{Options, Site};
pub(crate) use versions::Stamp;
pub(crate) use watch::{Watch, run};
