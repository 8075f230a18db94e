//! What of a table is copied, and what its values are.

use cell_schema::schema::{Schema, Type};
use cell_schema::{Engine, ddl, dialect};
use futures_util::stream::BoxStream;

use super::cell::Cell;

/// Rows of a table as they come.
pub(super) type Rows<'c> = BoxStream<'c, Result<Vec<Cell>, sqlx::Error>>;

/// Which rows of a table are read.
#[derive(Clone, Copy)]
pub(super) enum Part<'a> {
    /// All, in the order of their keys.
    All,
    /// Those behind a key.
    After(&'a [Cell]),
    /// The one with the greatest key.
    Last,
}

impl<'a> Part<'a> {
    /// The values that its question takes.
    pub(super) fn values(self) -> &'a [Cell] {
        match self {
            Self::After(key) => key,
            Self::All | Self::Last => &[],
        }
    }
}

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

    /// Asks for a part of the rows, in the order of their keys: `column` as what is given of each, `place` as a value of the key.
    pub(super) fn select(
        &self,
        engine: Engine,
        part: Part<'_>,
        column: impl Fn(&Column) -> String,
        place: impl Fn(usize, &Column) -> String,
    ) -> String {
        let quote = |name: &str| dialect::quote(engine, name);
        let columns: Vec<String> = self.columns.iter().map(column).collect();
        let key: Vec<String> = self.key_columns().map(|column| quote(&column.name)).collect();
        let (condition, order) = match part {
            Part::All => (String::new(), key.join(", ")),
            Part::After(_) => {
                let places: Vec<String> = (1..).zip(self.key_columns()).map(|(at, column)| place(at, column)).collect();
                (format!(" WHERE ({}) > ({})", key.join(", "), places.join(", ")), key.join(", "))
            }
            Part::Last => (String::new(), format!("{} DESC LIMIT 1", key.join(" DESC, "))),
        };
        format!("SELECT {} FROM {}{condition} ORDER BY {order}", columns.join(", "), quote(&self.name))
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
