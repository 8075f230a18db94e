//! What is known of a value: whether it is a handle of a database, a table, rows, or something that may hold handles. Absent: how it came
//! about. Wrappers that only pass on what they hold (`&`, `Arc`, `Box`) do not count: a value stands for what is in it. Of lists and options it is known that they are some.

use std::collections::BTreeSet;

use crate::program::DeclId;

/// What is known of a value.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Value {
    /// It holds no handle.
    #[default]
    Plain,
    /// Nothing is known of it, not even whether it is a handle: its type or what makes it is a macro's, or an associated one.
    Unknown,
    /// A handle of a database, or a transaction in it.
    Database(DeclId),
    /// A handle of one of these databases, of which is known only that it has tables of these structs.
    Has { rows: BTreeSet<DeclId>, databases: BTreeSet<DeclId> },
    /// A table, or a question to it.
    Asked(Asked),
    /// Rows of a struct, or one.
    Rows(DeclId),
    /// Of a type of the workspace, by its item's path.
    Typed(String),
    /// Of a type of which only these traits of the workspace are known.
    Traits(BTreeSet<String>),
    /// A statement of `sql!`.
    Statement(Statement),
    /// Something that may hold handles of these databases.
    Carrier(BTreeSet<DeclId>),
    /// A list of such values, an option or a result. One that is several of them is so several times.
    Some(Box<Value>),
    /// Several.
    Tuple(Vec<Value>),
}

/// A table, or a question to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Asked {
    /// The struct.
    pub(super) row: DeclId,
    /// The tables that it may be, each with its database.
    pub(super) tables: BTreeSet<(DeclId, String)>,
    pub(super) kind: Kind,
    /// Whether it is one: the field of something unknown may only be called as a table is.
    pub(super) sure: bool,
    /// What it gives in the end.
    pub(super) gives: Box<Value>,
}

/// How far a question has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Table,
    Query,
    Search,
}

/// A statement of `sql!`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Statement {
    /// The database that it names.
    pub(super) database: Option<DeclId>,
    pub(super) writes: bool,
}

impl Value {
    /// Something that may hold handles of these databases; plain where there is none.
    pub(super) fn carrier(databases: BTreeSet<DeclId>) -> Self {
        if databases.is_empty() { Self::Plain } else { Self::Carrier(databases) }
    }

    /// A list or an option of such values, where it matters whose methods are called.
    pub(super) fn some(self) -> Self {
        match self {
            Self::Typed(_) | Self::Traits(_) | Self::Database(_) | Self::Has { .. } | Self::Some(_) => {
                Self::Some(Box::new(self))
            }
            other => other,
        }
    }

    /// What lists and options hold in the end.
    pub(super) fn innermost(self) -> Self {
        match self {
            Self::Some(inner) => inner.innermost(),
            other => other,
        }
    }

    /// What is in a list or an option; a value that is none is itself.
    pub(super) fn inner(self) -> Self {
        match self {
            Self::Some(inner) => *inner,
            other => other,
        }
    }

    /// How deep lists and tuples are in each other.
    pub(super) fn nesting(&self) -> usize {
        match self {
            Self::Some(inner) => 1 + inner.nesting(),
            Self::Tuple(values) => 1 + values.iter().map(Self::nesting).max().unwrap_or_default(),
            _ => 0,
        }
    }

    /// How many values it is made of.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Some(inner) => inner.size(),
            Self::Asked(asked) => 1 + asked.gives.size(),
            Self::Tuple(values) => values.iter().map(Self::size).sum(),
            _ => 1,
        }
    }

    /// Whether something in it may be anything.
    pub(super) fn has_unknown(&self) -> bool {
        match self {
            Self::Some(inner) => inner.has_unknown(),
            Self::Tuple(values) => values.iter().any(Self::has_unknown),
            other => *other == Self::Unknown,
        }
    }

    /// Whether nothing is known that a method could be found by.
    pub(super) fn is_bare(&self) -> bool {
        matches!(self, Self::Plain | Self::Unknown)
    }

    /// Whether the type is not what decides: a generic function's argument may be more.
    pub(super) fn is_open(&self) -> bool {
        match self {
            Self::Some(inner) => inner.is_open(),
            other => matches!(other, Self::Plain | Self::Unknown | Self::Has { .. } | Self::Traits(_)),
        }
    }
}
