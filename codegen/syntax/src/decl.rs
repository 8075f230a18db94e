//! What a developer declared: one value for each item under one of Cell's attributes, as written, with places.
//! Absent: what names mean. A type is still syntax; `references(Customer)` still a path.

mod cache;
mod cell;
mod search;

use proc_macro2::Span;
use syn::{Expr, Ident, Path, Type};

pub use cache::{KeyArgument, Memoize, Memoized, MemoizedFunction};
pub use cell::{Argument, Handler, Handlers, Http, Method, Placement, Service, ServiceField, Task};
pub use search::{SearchField, SearchInclude, SearchIndex, SearchText, SearchUses, Tokenizer};

/// A declaration.
#[derive(Clone, Debug)]
pub enum Decl {
    /// `#[Database::sqlite]` or `#[Database::postgres]` on a struct.
    Database(Database),
    /// `#[Database::table]` on a struct.
    Table(Table),
    /// `#[Database::enumeration]` on an enum.
    Enumeration(Enumeration),
    /// `#[Database::value]` on a newtype.
    Value(Value),
    /// `#[Database::row]` on a struct.
    Row(Row),
    /// `#[message]` on a struct or enum.
    Message(Message),
    /// `#[service]` on a struct.
    Service(Service),
    /// `#[handler]` on an impl.
    Handlers(Handlers),
    /// `#[Placement]` on the struct of a cell.
    Placement(Placement),
    /// `#[Search::index]` on the struct of a table.
    SearchIndex(SearchIndex),
    /// `#[Cache::memoize]` on a function, a handler or the struct of a table.
    Memoize(Memoize),
}

/// A value with its place.
#[derive(Clone, Debug)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it is written.
    pub span: Span,
}

/// A database: a struct of tables.
#[derive(Clone, Debug)]
pub struct Database {
    /// The struct's name.
    pub ident: Ident,
    /// Which engine holds it, and where.
    pub engine: Engine,
    /// The largest number of connections.
    pub pool: Option<Spanned<u32>>,
    /// How many statements each connection keeps prepared.
    pub statements: Option<Spanned<u32>>,
    /// A statement that takes longer is told in the log, in milliseconds.
    pub slow: Option<Spanned<u64>>,
    /// How long things may take.
    pub timeouts: Timeouts,
    /// The path of the runtime where the dependency was renamed (`crate = name`).
    pub krate: Option<Path>,
    /// In the order of the struct's fields.
    pub tables: Vec<DatabaseField>,
}

/// An engine with its settings.
#[derive(Clone, Debug)]
pub enum Engine {
    /// A file; relative to the state's folder.
    Sqlite {
        /// Its path.
        file: Spanned<String>,
    },
    /// A server.
    Postgres {
        /// The environment variable that holds its URL.
        url: Spanned<String>,
        /// The region of the primary.
        primary: Option<Spanned<String>>,
        /// The regions of its replicas, each once.
        replicas: Vec<Spanned<String>>,
    },
}

/// A database's timeouts, in milliseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timeouts {
    /// To get a connection from the pool.
    pub acquire: Option<u64>,
    /// For one statement.
    pub statement: Option<u64>,
    /// To get a lock.
    pub lock: Option<u64>,
    /// After which an unused connection is closed.
    pub idle: Option<u64>,
    /// For a replica to catch up with what its reader wrote.
    pub replica: Option<u64>,
    /// By which a replica may be behind at most.
    pub behind: Option<u64>,
}

/// A field `products: Table<Product>` of a database.
#[derive(Clone, Debug)]
pub struct DatabaseField {
    /// The field's name.
    pub ident: Ident,
    /// The row's type: the argument of `Table<…>`.
    pub row: Type,
    /// The field's whole type, whose last segment was `Table`.
    pub ty: Type,
}

/// A table: a struct of columns.
#[derive(Clone, Debug)]
pub struct Table {
    /// The struct's name.
    pub ident: Ident,
    /// `name = "…"`: the SQL name.
    pub name: Option<Spanned<String>>,
    /// `renamed_from = "…"`.
    pub renamed_from: Option<Spanned<String>>,
    /// `new = Name`: how the type for inserts is called.
    pub new: Option<Ident>,
    /// The runtime's path where it was renamed.
    pub krate: Option<Path>,
    /// In the order of the struct's fields, without skipped ones.
    pub columns: Vec<Column>,
    /// Fields with `#[skip]`: not stored, filled by `Default`.
    pub skipped: Vec<Ident>,
    /// The fields of the key, in order: those with `#[key]`, or those of `#[key(a, b)]` on the struct.
    pub key: Vec<Ident>,
    /// Whether the engine numbers the key.
    pub numbering: Numbering,
    /// `#[unique(a, b)]` on the struct, and `#[unique]` on fields.
    pub uniques: Vec<Spanned<Vec<Ident>>>,
    /// `#[index(a, b desc, where = …)]` on the struct, and `#[index]` on fields.
    pub indexes: Vec<Index>,
    /// `#[references(T, a, b)]` on the struct, and `#[references(T)]` on fields.
    pub references: Vec<Reference>,
    /// `#[many(lines: Line)]` on the struct.
    pub many: Vec<Many>,
    /// `#[check(…)]` on the struct and on fields.
    pub checks: Vec<Spanned<Rule>>,
    /// The helpers of `#[Search::index]`, by name: whether that stands beside it, a table does not see.
    pub searched: Vec<Spanned<String>>,
}

/// Rows of another table that refer to this one's.
#[derive(Clone, Debug)]
pub struct Many {
    /// What they are called here.
    pub ident: Ident,
    /// The other table's struct.
    pub row: Path,
}

/// Who makes the values of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbering {
    /// The application: every key but those below, and `#[key(assigned)]`.
    Assigned,
    /// The engine: a single key field written `i64` that is no reference and has no default, or any single field with
    /// `#[key(automatic)]` (which must then be a `Database::value` over `i64`). Left out of the type for inserts.
    Automatic,
}

/// A column: a field of a table.
#[derive(Clone, Debug)]
pub struct Column {
    /// The field's name.
    pub ident: Ident,
    /// The field's type, as written.
    pub ty: Type,
    /// `name = "…"`: the SQL name.
    pub name: Option<Spanned<String>>,
    /// `default = …`.
    pub default: Option<Spanned<DefaultValue>>,
    /// `renamed_from = "…"`.
    pub renamed_from: Option<Spanned<String>>,
    /// `backfill = …`: what rows hold that were there before the column.
    pub backfill: Option<Spanned<Rule>>,
    /// `max_len = 100`.
    pub max_len: Option<Spanned<u32>>,
    /// `zone = "…"`: the time zone of instants that were stored without one.
    pub zone: Option<Spanned<String>>,
    /// `allow(lossy_cast, …)`: hazards that may happen to this column.
    pub allow: Vec<Ident>,
    /// `#[decimal(precision, scale)]`.
    pub decimal: Option<Spanned<(u8, u8)>>,
    /// `#[generated(…)]`.
    pub generated: Option<Spanned<Rule>>,
}

/// What `default = …` says.
#[derive(Clone, Debug)]
pub enum DefaultValue {
    /// `now`
    Now,
    /// `uuid`
    Uuid,
    /// A literal, or the path of an enumeration's value (`Category::Book`, or `Book`).
    Value(Expr),
}

/// A condition or a value over the columns.
#[derive(Clone, Debug)]
pub enum Rule {
    /// Rust syntax over the fields' names, within what the portable language knows (checked by [`crate::parse()`]).
    Portable(Expr),
    /// `sqlite = "…", postgres = "…"`.
    Raw {
        /// SQLite's text.
        sqlite: Option<Spanned<String>>,
        /// PostgreSQL's text.
        postgres: Option<Spanned<String>>,
    },
}

/// An index.
#[derive(Clone, Debug)]
pub struct Index {
    /// The fields, each with whether it is descending.
    pub columns: Vec<(Ident, bool)>,
    /// `where = …`.
    pub predicate: Option<Rule>,
    /// Where it is written.
    pub span: Span,
}

/// A reference to another table.
#[derive(Clone, Debug)]
pub struct Reference {
    /// The other table's struct.
    pub target: Path,
    /// This table's fields.
    pub columns: Vec<Ident>,
    /// `on_delete = …`.
    pub on_delete: Option<OnDelete>,
    /// Where it is written.
    pub span: Span,
}

/// What becomes of a row whose target is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDelete {
    /// `refuse`, also where nothing is said.
    Refuse,
    /// `cascade`
    Cascade,
    /// `set_null`
    SetNull,
}

/// An enumeration: an enum without fields, stored as text.
#[derive(Clone, Debug)]
pub struct Enumeration {
    /// The enum's name.
    pub ident: Ident,
    /// The runtime's path where it was renamed.
    pub krate: Option<Path>,
    /// In the order of the enum.
    pub values: Vec<EnumerationValue>,
}

/// One value of an enumeration.
#[derive(Clone, Debug)]
pub struct EnumerationValue {
    /// The variant's name.
    pub ident: Ident,
    /// The stored text: the variant's name in snake case.
    pub text: String,
    /// `#[renamed_from = "…"]`.
    pub renamed_from: Option<Spanned<String>>,
    /// `#[removed(to = Other)]`: no longer stored, `Other` is stored instead. It is still read.
    pub removed_to: Option<Ident>,
}

/// A newtype that is stored as what it wraps.
#[derive(Clone, Debug)]
pub struct Value {
    /// The struct's name.
    pub ident: Ident,
    /// The runtime's path where it was renamed.
    pub krate: Option<Path>,
    /// The wrapped type.
    pub inner: Type,
}

/// A type that may cross a synapse or an HTTP door.
#[derive(Clone, Debug)]
pub struct Message {
    /// The type's name.
    pub ident: Ident,
    /// The runtime's path where it was renamed.
    pub krate: Option<Path>,
    /// Its shape's syntax.
    pub body: MessageBody,
}

/// What a message holds.
#[derive(Clone, Debug)]
pub enum MessageBody {
    /// `struct M { a: A }`
    Struct(Vec<MessageField>),
    /// `struct M(A);`: carried as its one field.
    Newtype(Type),
    /// `enum M { A, B(X), C { x: X } }`
    Enum(Vec<MessageVariant>),
}

/// A named field of a message.
#[derive(Clone, Debug)]
pub struct MessageField {
    /// Its name.
    pub ident: Ident,
    /// Its type.
    pub ty: Type,
}

/// A variant of a message.
#[derive(Clone, Debug)]
pub struct MessageVariant {
    /// Its name.
    pub ident: Ident,
    /// What it holds.
    pub body: VariantBody,
}

/// What a variant holds.
#[derive(Clone, Debug)]
pub enum VariantBody {
    /// Nothing.
    Unit,
    /// One unnamed value.
    Newtype(Type),
    /// Named fields.
    Struct(Vec<MessageField>),
}

/// A row of a query's own: a struct of what is selected.
#[derive(Clone, Debug)]
pub struct Row {
    /// The struct's name.
    pub ident: Ident,
    /// `select = Name`: how the type that `select` takes is called.
    pub select: Option<Ident>,
    /// The runtime's path where it was renamed.
    pub krate: Option<Path>,
    /// In the order of the struct's fields.
    pub fields: Vec<RowField>,
}

/// A field of a row.
#[derive(Clone, Debug)]
pub struct RowField {
    /// Its name.
    pub ident: Ident,
    /// Its type, as written.
    pub ty: Type,
    /// `#[column(name = "…")]`: the column's name, where it is another.
    pub name: Option<Spanned<String>>,
    /// `#[decimal(precision, scale)]`.
    pub decimal: Option<Spanned<(u8, u8)>>,
}
