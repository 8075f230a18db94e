//! How each engine holds a schema and writes its statements.
//! In: a [`crate::schema::Schema`]. Out: a [`ddl::Database`] with the engine's own types, defaults and expressions, and SQL text.
//! Whatever differs between engines is in `sqlite.rs` or `postgres.rs`; the rest asks them through the trait `Dialect`.

mod bridge;
pub(crate) mod convert;
mod expression;
mod feed;
mod lower;
mod mirror;
mod postgres;
mod render;
mod sqlite;

pub(crate) use bridge::objects as bridge_objects;
pub use feed::triggers as feed_triggers;
pub use lower::lower;
pub(crate) use lower::{RULES, held, lenient, rule_name, text_of};
pub(crate) use mirror::objects as mirror_objects;

use crate::constant::Constant;
use crate::ddl;
use crate::engine::Engine;
use crate::expr::Function;
pub use crate::refusal::Refusal;
use crate::schema::{Column, Type};
use crate::typed::Typed;
use expression::Sql;

/// A statement's SQL: one statement with its semicolon, without a line end behind it.
#[must_use]
pub fn render(engine: Engine, statement: &ddl::Statement) -> String {
    render::statement(of(engine), statement)
}

/// A constant text as a literal of any engine.
pub(crate) fn literal(value: &str) -> String {
    text(value)
}

/// A name as an identifier of `engine`: always in quotes, so that keywords, upper case and any character are fine.
#[must_use]
pub fn quote(engine: Engine, name: &str) -> String {
    of(engine).quote(name)
}

/// What an engine can do, as data.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Capability {
    /// A table that is there can be altered in every part; else all but the simplest changes copy it to a new one.
    pub(crate) alters: bool,
    /// `ADD COLUMN` may compute its default for each row (`now`, a random UUID).
    pub(crate) adds_computed_defaults: bool,
    /// `ADD COLUMN` may add a stored generated column.
    pub(crate) adds_generated_columns: bool,
    /// `ADD COLUMN` may add a reference whose default is a value.
    pub(crate) adds_references_with_values: bool,
    /// A default that is no literal stands in parentheses.
    pub(crate) wraps_computed_defaults: bool,
    /// The words that make the engine number a column.
    pub(crate) identity: &'static str,
    /// Whether those words stand inside the primary key's clause, in the column.
    pub(crate) identity_is_key: bool,
    /// A view of one table's columns can be written as that table can, with all that an application may say.
    pub(crate) writes_views: bool,
    /// What stands behind the closing parenthesis of a strict table.
    pub(crate) strict: &'static str,
}

pub(crate) fn capability(engine: Engine) -> Capability {
    of(engine).capability()
}

fn of(engine: Engine) -> &'static dyn Dialect {
    match engine {
        Engine::Sqlite => &sqlite::Sqlite,
        Engine::Postgres => &postgres::Postgres,
    }
}

/// How a column's values are stored.
#[derive(Debug)]
struct Storage {
    ty: String,
    collation: Option<&'static str>,
    /// A condition that keeps other values out, with the last part of its constraint's name.
    rule: Option<(&'static str, String)>,
}

/// One engine's answers. Everything is a pure function of the arguments.
trait Dialect: Sync {
    fn engine(&self) -> Engine;

    fn capability(&self) -> Capability;

    fn quote(&self, name: &str) -> String {
        let mut quoted = String::with_capacity(name.len() + 2);
        quoted.push('"');
        for (place, part) in name.split('"').enumerate() {
            quoted.push_str(if place == 0 { "" } else { "\"\"" });
            quoted.push_str(part);
        }
        quoted.push('"');
        quoted
    }

    fn storage(&self, column: &Column) -> Storage;

    /// A constant in the stored form.
    fn constant(&self, constant: &Constant) -> Sql;

    /// The time of the statement as a column of this type stores it.
    fn now(&self, ty: &Type) -> Option<&'static str>;

    /// A random UUID of version 4.
    fn random_uuid(&self) -> &'static str;

    fn call(&self, function: Function, arguments: &[(Sql, &Typed)]) -> Sql;

    /// The type to cast an operand to where arithmetic with nothing but such operands would be computed too narrowly.
    fn narrow(&self, typed: &Typed) -> Option<&'static str>;

    /// A divisor that may be zero: the result is null then.
    fn divisor(&self, sql: Sql) -> Sql;

    /// The same number with more digits behind the point.
    fn rescale(&self, sql: Sql, digits: u8) -> Sql;

    /// The left side of `<` and its like between texts, compared by code point.
    fn ordered(&self, sql: Sql, typed: &Typed) -> Sql;
}

/// Text as a literal. Both engines take everything but the quote as it stands.
#[must_use]
pub fn text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// SQLite: whether a row of the table that a trigger writes is the one that fired it, as it is (`NEW`) or was (`OLD`). By itself
/// `NEW` would be the table, where that is called so.
fn written(dialect: &dyn Dialect, key: &[String], row: &str) -> String {
    let parts =
        key.iter().map(|column| dialect.quote(column)).map(|column| format!("{column} = (SELECT {row}.{column})"));
    parts.collect::<Vec<_>>().join(" AND ")
}

/// Texts as the list behind `IN`.
fn list(values: &[String]) -> String {
    values.iter().map(|value| text(value)).collect::<Vec<_>>().join(", ")
}
