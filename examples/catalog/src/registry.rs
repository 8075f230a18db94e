//! The tables: crates, their versions, what each version depends on, the crates' keywords, and their readmes, which are searched.

use cell::prelude::*;

/// One line decides the engine; nothing else in the application changes.
#[Database::sqlite(file = "registry.db")]
// #[Database::postgres(url = env("DATABASE_URL"))]
pub struct Registry {
    /// One row a crate.
    pub crates: Table<Crate>,
    /// One row a version whose source is on this machine.
    pub versions: Table<Version>,
    /// One row a dependency of a version.
    pub dependencies: Table<Dependency>,
    /// One row a keyword of a crate.
    pub keywords: Table<Keyword>,
    /// One row a crate, also where it has no readme.
    pub readmes: Table<Readme>,
}

/// A crate, as its newest version describes it. Who asks for one by its name gets what is held, until it is written.
#[Database::table]
#[Cache::memoize]
#[derive(Clone, Debug, PartialEq)]
pub struct Crate {
    /// The name on the registry.
    #[key]
    #[column(max_len = 64)]
    pub name: String,
    /// What it is for, in its author's words; empty where they say nothing.
    #[column(backfill = "")]
    pub description: String,
    /// Its licence, as an SPDX expression.
    pub license: Option<String>,
    /// Where its sources live.
    #[column(renamed_from = "repository")]
    pub source_url: Option<String>,
    /// When it was first seen here.
    #[column(default = now)]
    pub seen_at: DateTime<Utc>,
}

/// A version whose source is on this machine.
#[Database::table]
#[unique(crate_name, number)]
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// Numbered by the database.
    #[key]
    pub id: i64,
    /// The crate.
    #[references(Crate, on_delete = cascade)]
    pub crate_name: String,
    /// The version's number, such as `1.0.219`.
    pub number: String,
    /// The edition its source is written in.
    #[column(default = Edition::E2015)]
    pub edition: Edition,
    /// The oldest Rust that it says it builds with.
    pub rust_version: Option<String>,
    /// The size of its Rust sources in KiB.
    #[decimal(15, 3)]
    #[check(size_kib >= 0)]
    pub size_kib: Decimal,
    /// When it was imported.
    #[column(default = now)]
    #[index]
    pub imported_at: DateTime<Utc>,
}

/// An edition of Rust.
#[Database::enumeration]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edition {
    /// 2015, also where a manifest says nothing.
    E2015,
    /// 2018
    E2018,
    /// 2021
    E2021,
    /// 2024
    E2024,
}

/// That a version depends on a crate, which need not be on this machine.
#[Database::table]
#[index(name, version_id)]
#[derive(Clone, Debug, PartialEq)]
pub struct Dependency {
    /// Numbered by the database.
    #[key]
    pub id: i64,
    /// The version that depends.
    #[references(Version, on_delete = cascade)]
    pub version_id: i64,
    /// The crate it depends on.
    pub name: String,
    /// Which versions of it will do.
    pub requirement: String,
    /// What it is needed for.
    pub kind: DependencyKind,
    /// Whether a feature must ask for it.
    pub optional: bool,
}

/// What a dependency is needed for.
#[Database::enumeration]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DependencyKind {
    /// The library or program itself.
    Normal,
    /// Its build script.
    Build,
    /// Its tests, examples and benchmarks.
    Dev,
}

/// A keyword of a crate.
#[Database::table]
#[key(crate_name, word)]
#[index(word)]
#[derive(Clone, Debug, PartialEq)]
pub struct Keyword {
    /// The crate.
    #[references(Crate, on_delete = cascade)]
    pub crate_name: String,
    /// The keyword.
    pub word: String,
}

/// What a crate says of itself, and all by which it is found: a crate without a readme has an empty one.
#[Database::table]
#[Search::index(language = "en")]
#[derive(Clone, Debug, PartialEq)]
pub struct Readme {
    /// The crate. Its whole name finds it first, and the beginnings of the name's words find it too.
    #[key]
    #[references(Crate, on_delete = cascade)]
    #[include(name(text(boost = 4.0, tokenizer = "prefix")), description(text(boost = 2.0)), license(facet))]
    #[text(boost = 8.0, tokenizer = "exact")]
    pub package: String,
    /// Its words, without their markup.
    #[column(max_len = 262144)]
    #[text]
    pub text: String,
}
