//! What differs between the engines, a folder each: the stored forms, connections and how statements run on them, what an error
//! means. Everything outside asks these functions; nothing outside knows an engine's driver.

#[cfg(any(feature = "cache", feature = "search"))]
pub(crate) mod feed;
#[cfg(feature = "postgres")]
pub(crate) mod postgres;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;

use std::sync::Arc;

use super::column::Type;
use super::model::Engine;
use super::value::Value;

/// A statement's values in the driver's own form.
#[derive(Clone, Debug)]
pub(crate) enum Arguments {
    #[cfg(feature = "sqlite")]
    Sqlite(Vec<rusqlite::types::Value>),
    #[cfg(feature = "postgres")]
    Postgres(sqlx::postgres::PgArguments),
    /// Of many rows, for PostgreSQL's `COPY`.
    #[cfg(feature = "postgres")]
    Copied(postgres::copy::Rows),
}

impl Arguments {
    /// None yet; `columns` is how many there may be.
    ///
    /// An engine that is not compiled in never gets here: a handle of it can't be opened.
    pub(crate) fn new(engine: Engine, columns: usize) -> Self {
        match engine {
            #[cfg(feature = "sqlite")]
            Engine::Sqlite => Self::Sqlite(Vec::with_capacity(columns)),
            #[cfg(feature = "postgres")]
            _ => {
                use sqlx::Arguments as _;

                let mut arguments = sqlx::postgres::PgArguments::default();
                arguments.reserve(columns, columns * 12);
                Self::Postgres(arguments)
            }
            #[cfg(not(feature = "postgres"))]
            _ => Self::Sqlite(Vec::new()),
        }
    }

    /// Those of rows that come in by other means than a statement, where the engine has such.
    #[cfg(feature = "postgres")]
    pub(crate) fn copied(engine: Engine) -> Option<Self> {
        match engine {
            Engine::Postgres => Some(Self::Copied(postgres::copy::Rows::default())),
            _ => None,
        }
    }

    /// Adds a value that [`Value::fit`] let through, for a column of `ty`.
    pub(crate) fn push(&mut self, value: Value<'_>, ty: Type) -> Result<(), String> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(arguments) => sqlite::bind(value, ty).map(|value| arguments.push(value)),
            #[cfg(feature = "postgres")]
            Self::Postgres(arguments) => postgres::bind(arguments, value, ty),
            #[cfg(feature = "postgres")]
            Self::Copied(rows) => rows.push(&value),
        }
    }

    /// Ends a row: only what is copied has an end of each.
    pub(crate) fn end_row(&mut self) {
        #[cfg(feature = "postgres")]
        if let Self::Copied(rows) = self {
            rows.end_row();
        }
    }
}

/// A statement's text, which may be there with values of other types, too. PostgreSQL's driver knows a prepared statement by its text
/// alone, and it is prepared for these types.
pub(crate) fn told_apart(engine: Engine, text: &str, types: &str) -> Arc<str> {
    match engine {
        Engine::Postgres if !types.is_empty() => Arc::from([text, "\n/*", types, "*/"].concat()),
        _ => Arc::from(text),
    }
}

/// A name as an identifier, on every engine.
pub(crate) fn identifier(name: &str) -> String {
    ["\"", &name.replace('"', "\"\""), "\""].concat()
}
