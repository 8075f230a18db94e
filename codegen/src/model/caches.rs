//! Caches: of which function or table, and what each depends on. Absent: what is in one, which the running application knows.

use cell_syntax::diagnostic::Diagnostic;

use super::{DatabaseId, Model, Place};
use crate::program::{DeclId, Located};

/// The code of what is said about a handle that is not followed to its end: a remark, no error.
pub const UNFOLLOWED: &str = "memoize-whole-database";

/// A cache.
#[derive(Clone, Debug)]
pub struct Cache {
    /// Its name, unique in the application: `shop::goods::best`, or `shop.products`.
    pub name: String,
    /// What it holds.
    pub of: CacheOf,
    /// The attribute's declaration.
    pub decl: DeclId,
    /// Where the name of the function or of the struct is.
    pub place: Place,
    /// For so many milliseconds at most.
    pub ttl: Option<u64>,
    /// What nobody asked for in so many milliseconds goes.
    pub idle: Option<u64>,
    /// For so many milliseconds where what is held is `None`.
    pub none_ttl: Option<u64>,
    /// So many entries at most.
    pub capacity: Option<u32>,
    /// By which entries are invalidated, in the order of the source.
    pub tags: Vec<String>,
    /// What it depends on, by database and table. A whole database stands alone.
    pub depends: Vec<Dependency>,
    /// What its function writes, in the order of the walk through it.
    pub writes: Vec<Write>,
    /// Where handles leave what the compiler can follow.
    pub unfollowed: Vec<Unfollowed>,
}

/// What a cache holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheOf {
    /// The results of a function.
    Function,
    /// The rows of a table.
    Rows,
}

/// What a cache depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// The database.
    pub database: DatabaseId,
    /// The table's SQL name; nothing where it is the whole database.
    pub table: Option<String>,
    /// The functions on the way, and the expression.
    pub because: String,
}

/// What a function writes.
#[derive(Clone, Debug)]
pub struct Write {
    /// `shop.products`, or the database's name where it may be any table.
    pub what: Vec<String>,
    /// Where.
    pub place: Place,
    /// The functions on the way, and the expression.
    pub because: String,
}

/// A place where a handle leaves what can be followed.
#[derive(Clone, Debug)]
pub struct Unfollowed {
    /// Whose handle.
    pub database: DatabaseId,
    /// Where.
    pub place: Place,
    /// How, in words that follow the handle.
    pub how: String,
}

impl Dependency {
    /// `shop.products`, or `shop` where it is the whole database.
    #[must_use]
    pub fn on(&self, model: &Model) -> String {
        let database = &model.database(self.database).name;
        self.table.as_ref().map_or_else(|| database.clone(), |table| format!("{database}.{table}"))
    }
}

impl Cache {
    /// Why it depends on more than it may have to, at each place.
    #[must_use]
    pub fn notes(&self, model: &Model) -> Vec<Located> {
        let note = |unfollowed: &Unfollowed| {
            let database = &model.database(unfollowed.database).name;
            let how = &unfollowed.how;
            let message =
                format!("a handle of `{database}` {how}, so the cache `{}` depends on all its tables", self.name);
            let diagnostic = Diagnostic::new(UNFOLLOWED, unfollowed.place.span, message)
                .help("`ignores(…)` says which tables do not concern it; a handle can be followed through functions of the workspace");
            unfollowed.place.locate(diagnostic)
        };
        let whole = |unfollowed: &&Unfollowed| self.depends.iter().any(|on| on.database == unfollowed.database);
        self.unfollowed.iter().filter(whole).map(note).collect()
    }
}
