//! How each engine holds a schema and writes its statements.
//! In: a [`Schema`]. Out: a [`ddl::Database`] with the engine's own types, defaults and expressions, and SQL text.

use crate::ddl;
use crate::engine::Engine;
pub use crate::refusal::Refusal;
use crate::schema::Schema;

/// The schema as `engine` holds it.
///
/// # Errors
/// Everything wrong with the schema, and what this engine cannot hold.
pub fn lower(_engine: Engine, _schema: &Schema) -> Result<ddl::Database, Vec<Refusal>> {
    Ok(ddl::Database::default())
}

/// A statement's SQL: one or more statements, each with its semicolon, without a line end behind the last.
#[must_use]
pub fn render(_engine: Engine, _statement: &ddl::Statement) -> String {
    String::new()
}

/// A name as an identifier of `engine`.
#[must_use]
pub fn quote(_engine: Engine, name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
