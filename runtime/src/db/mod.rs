//! Databases: typed tables over SQLite and PostgreSQL that mean the same on both.
//! In: the impls that `#[Database::table]` and its kin emit. Out: rows, and [`DataError`] where there are none. Absent:
//! changes of the schema (`cell-migrate` makes them) and decisions about it (the compiler's).

pub mod decimal;

mod assign;
mod binder;
mod bulk;
mod call;
mod caller;
mod column;
mod computed;
mod condition;
mod dialect;
mod error;
mod execute;
#[cfg(any(feature = "cache", feature = "search"))]
pub(crate) mod feed;
mod field;
pub(crate) mod filter;
mod group;
mod handle;
pub(crate) mod key;
mod migrate;
pub(crate) mod migrated;
pub(crate) mod model;
mod newtype;
pub(crate) mod open;
pub(crate) mod operand;
pub(crate) mod page;
mod parts;
pub(crate) mod query;
mod reader;
mod relation;
#[cfg(feature = "postgres")]
mod replica;
pub(crate) mod select;
mod selected;
mod selection;
mod session;
mod settings;
mod shape;
pub(crate) mod sort;
mod sql;
mod stale;
mod statement;
mod table;
pub(crate) mod term;
#[cfg(test)]
mod texts;
mod transaction;
mod value;
mod with;

pub use crate::{dec, sql};
pub use assign::{Assignment, Set};
pub use binder::{Binder, NewBinder};
#[doc(hidden)]
pub use call::Reads;
pub(crate) use caller::alone;
#[cfg(feature = "http")]
pub(crate) use caller::as_sender;
pub use caller::{Positions, as_caller, same_caller};
pub use column::{Column, ColumnInfo, Type};
pub use computed::{Arithmetic, Computed};
pub use error::DataError;
pub use field::{Field, Json, Scalar, Sortable, Text};
pub use filter::Filter;
pub use group::{Group, Grouped};
pub use handle::Handle;
#[cfg(any(feature = "cache", feature = "search"))]
pub(crate) use handle::WeakHandle;
pub use key::{Key, KeyOperand};
pub use migrate::{SchemaError, check, check_from, migrate, migrate_from, open_current};
pub use model::{Database, DatabaseInfo, Engine, EngineInfo, Has, Model, New, ReplicaInfo, TableInfo, Timeouts};
pub use newtype::Newtype;
pub use open::{open, open_at, open_replicated};
pub use operand::Operand;
pub use page::{Cursor, Page};
#[doc(hidden)]
pub use parts::{BindParts, GiveParts, Gives, OrDefault, ReadParts, Skip};
pub use query::{Query, Rows};
pub use reader::{Reader, Slot, Unreadable};
pub use relation::{Many, Nested, One, Referring, Refers, Related, Relation};
#[doc(hidden)]
pub use relation::{many, one};
#[cfg(feature = "postgres")]
pub use replica::ReplicaStatus;
pub use selected::Select;
#[doc(hidden)]
pub use selection::Terms;
pub use selection::{Average, Count, Max, Min, Number, Ranked, Selection, Sum};
pub use session::Isolation;
pub use sort::{Sort, Sorting};
#[doc(hidden)]
pub use sql::{AnyDatabase, Bound, Kind, Learnt, LearntColumn, Statement, bound, bound_decimal};
pub use sql::{DecimalParameter, FromRow, Parameter, Runs, Sql};
pub use stale::Staleness;
pub use table::{Table, table};
pub use transaction::{Tx, snapshot, transaction, transaction_at, try_snapshot, try_transaction, try_transaction_at};
#[cfg(feature = "cache")]
pub(crate) use transaction::{is_inside_any, is_inside_of};
pub use value::Value;
pub use with::With;
