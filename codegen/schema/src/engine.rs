//! The database engines Cell writes SQL for. What differs between them lives in [`crate::dialect`].

use serde::{Deserialize, Serialize};

/// A database engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// SQLite 3.38 or newer (the linked library is newer).
    Sqlite,
    /// PostgreSQL 13 or newer.
    Postgres,
}

impl Engine {
    /// Every engine, in the order in which they are shown.
    pub const ALL: [Self; 2] = [Self::Sqlite, Self::Postgres];

    /// The word for it in file names, attributes and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }

    /// How its makers write it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }

    /// The engine of this [`Engine::name`].
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|engine| engine.name() == name)
    }
}
