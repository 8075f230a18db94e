//! What of a table is copied, and what its values are.

use cell_schema::ddl;
use cell_schema::schema::{Schema, Type};
use futures_util::stream::BoxStream;

use super::cell::Cell;

/// Rows of a table as they come.
pub(super) type Rows<'c> = BoxStream<'c, Result<Vec<Cell>, sqlx::Error>>;

/// A table as one engine has it.
pub(super) struct Layout {
    pub(super) name: String,
    /// All but those that the engine computes.
    pub(super) columns: Vec<Column>,
    /// The places of the key's columns, in the key's order.
    pub(super) key: Vec<usize>,
    /// The column that the engine numbers.
    pub(super) automatic: Option<String>,
}

/// A column.
pub(super) struct Column {
    pub(super) name: String,
    /// Its type, in the engine's words.
    pub(super) ty: String,
    pub(super) kind: Kind,
}

/// What a column's values are, as far as engines store it in forms of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Integer,
    /// Of 32 bits, which SQLite does not know.
    Single,
    Real,
    Text,
    Bytes,
    Uuid,
    Instant,
    Date,
    Time,
    Decimal {
        scale: u8,
    },
    Json,
}

impl Layout {
    /// Every table of a schema that an engine holds in these.
    pub(super) fn all(schema: &Schema, lowered: &ddl::Database) -> Vec<Self> {
        let tables = schema.tables.iter().filter_map(|table| {
            let held = lowered.tables.iter().find(|held| held.name == table.name)?;
            let columns: Vec<Column> = table
                .columns
                .iter()
                .filter(|column| column.generated.is_none())
                .filter_map(|column| {
                    let ty = held.column(&column.name)?.ty.clone();
                    Some(Column { name: column.name.clone(), ty, kind: kind(&column.ty) })
                })
                .collect();
            let place = |name: &String| columns.iter().position(|column| column.name == *name);
            let key = table.key.iter().filter_map(place).collect();
            let automatic = table.columns.iter().find(|column| column.automatic).map(|column| column.name.clone());
            Some(Self { name: table.name.clone(), columns, key, automatic })
        });
        tables.collect()
    }

    /// The key of a row.
    pub(super) fn key_of(&self, row: &[Cell]) -> Vec<Cell> {
        self.key.iter().filter_map(|at| row.get(*at).cloned()).collect()
    }

    /// The key's columns.
    pub(super) fn key_columns(&self) -> impl Iterator<Item = &Column> {
        self.key.iter().filter_map(|at| self.columns.get(*at))
    }
}

fn kind(ty: &Type) -> Kind {
    match ty {
        Type::Bool => Kind::Bool,
        Type::I16 | Type::I32 | Type::I64 | Type::U16 | Type::U32 => Kind::Integer,
        Type::F32 => Kind::Single,
        Type::F64 => Kind::Real,
        Type::Text { .. } | Type::Enumeration { .. } => Kind::Text,
        Type::Bytes { .. } => Kind::Bytes,
        Type::Uuid => Kind::Uuid,
        Type::Instant => Kind::Instant,
        Type::Date => Kind::Date,
        Type::Time => Kind::Time,
        Type::Decimal { scale, .. } => Kind::Decimal { scale: *scale },
        Type::Json => Kind::Json,
    }
}
