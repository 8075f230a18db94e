//! Cell's attribute grammar, in the one place where it is parsed: the macros and the compiler both call [`parse()`].
//! In: a syntax tree of an item under one of Cell's attributes. Out: a [`decl::Decl`] and diagnostics, each with its place.
//! Absent: names' resolution, types, files; whatever needs more than the one item.

pub mod attribute;
pub mod decl;
pub mod diagnostic;
pub mod fingerprint;
pub mod name;
pub mod parse;
pub mod rule;
pub mod sql;
pub mod suggest;

pub use attribute::Attribute;
pub use fingerprint::fingerprint;
pub use parse::parse;
