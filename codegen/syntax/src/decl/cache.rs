//! What a developer declared about a cache: of which function's results, or of which table's rows, and for how long.

use proc_macro2::Span;
use syn::{Expr, Ident, Path, Type};

use super::Spanned;

/// A cache.
#[derive(Clone, Debug)]
pub struct Memoize {
    /// What it holds.
    pub of: Memoized,
    /// `ttl = "10m"`: for so many milliseconds at most.
    pub ttl: Option<Spanned<u64>>,
    /// `idle = "10m"`: what nobody asked for in so many milliseconds goes.
    pub idle: Option<Spanned<u64>>,
    /// `none_ttl = "10s"`: for so many milliseconds where what is held is `None`.
    pub none_ttl: Option<Spanned<u64>>,
    /// `capacity = 100_000`: so many entries at most.
    pub capacity: Option<Spanned<u32>>,
    /// `tag = "…"`, or `tags("…", "…")`: by which entries are invalidated.
    pub tags: Vec<Spanned<String>>,
    /// The runtime's path where it was renamed.
    pub krate: Option<Path>,
}

/// What a cache holds.
#[derive(Clone, Debug)]
pub enum Memoized {
    /// The results of a function.
    Function(Box<MemoizedFunction>),
    /// The rows of a table, by their keys: the struct's name.
    Table(Ident),
}

/// A function whose results are held.
#[derive(Clone, Debug)]
pub struct MemoizedFunction {
    /// Its name.
    pub ident: Ident,
    /// Where it takes `self`, if it does.
    pub receiver: Option<Span>,
    /// Its arguments behind `self`.
    pub arguments: Vec<KeyArgument>,
    /// What it returns, as written.
    pub output: Type,
    /// `key = "…"`: what tells calls apart, in place of all arguments.
    pub key: Option<Spanned<Expr>>,
    /// `reads(Product)`: tables that it reads beside those that are seen.
    pub reads: Vec<Path>,
    /// `ignores(AuditLog)`: tables whose changes do not concern what it gives.
    pub ignores: Vec<Path>,
}

/// An argument by which calls are told apart.
#[derive(Clone, Debug)]
pub struct KeyArgument {
    /// Its name.
    pub ident: Ident,
    /// Its type without the reference.
    pub ty: Type,
    /// Whether it is taken by `&`.
    pub borrowed: bool,
}

impl Memoize {
    /// The name of the function or the struct.
    #[must_use]
    pub fn ident(&self) -> &Ident {
        match &self.of {
            Memoized::Function(function) => &function.ident,
            Memoized::Table(ident) => ident,
        }
    }
}
