//! What of a database is neither a table's nor the model's: what a bridge is made of. Absent: SQL.

use std::fmt;

/// Something with a name, in the words in which a database that is read back names what the model does not know.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Object {
    /// A table.
    Table(String),
    /// A view.
    View(String),
    /// A function.
    Function(String),
    /// A trigger.
    Trigger {
        /// Its name.
        name: String,
        /// The table that it is on.
        table: String,
    },
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table(name) => write!(f, "table `{name}`"),
            Self::View(name) => write!(f, "view `{name}`"),
            Self::Function(name) => write!(f, "function `{name}`"),
            Self::Trigger { name, table } => write!(f, "trigger `{name}` on table `{table}`"),
        }
    }
}
