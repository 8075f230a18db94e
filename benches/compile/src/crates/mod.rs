//! The crate of many tables, as the users of each library write it. A table has a key, a reference's number, and columns of the usual
//! types; its query asks for some rows by two conditions, in an order. In: how often it was edited. Out: the text of `lib.rs`.
//! Absent: relations and writing, of which each library makes another amount of code.

mod cell;
mod diesel;
mod seaorm;
mod toasty;

const TABLES: usize = 100;

/// A library.
pub struct Library {
    pub name: &'static str,
    manifest: &'static str,
    /// The source of the crate after so many edits.
    pub source: fn(usize) -> String,
}

impl Library {
    /// What stands under `[dependencies]`.
    pub fn dependencies(&self) -> String {
        self.manifest.replace("RUNTIME", &format!("{}/../../runtime", env!("CARGO_MANIFEST_DIR")))
    }
}

pub const LIBRARIES: [Library; 4] = [cell::LIBRARY, seaorm::LIBRARY, toasty::LIBRARY, diesel::LIBRARY];

/// A column's type, which each library calls otherwise.
#[derive(Clone, Copy)]
enum Type {
    Bool,
    Float,
    Instant,
    Int,
    Long,
    Text,
}

/// The columns besides the key: name, type, and whether it may be null.
const COLUMNS: [(&str, Type, bool); 14] = [
    ("owner_id", Type::Long, false),
    ("sku", Type::Text, false),
    ("name", Type::Text, false),
    ("description", Type::Text, true),
    ("kind", Type::Text, false),
    ("stock", Type::Int, false),
    ("weight", Type::Float, false),
    ("rating", Type::Int, true),
    ("is_active", Type::Bool, false),
    ("is_hidden", Type::Bool, false),
    ("price_cents", Type::Long, false),
    ("created_at", Type::Instant, false),
    ("updated_at", Type::Instant, false),
    ("deleted_at", Type::Instant, true),
];

/// The lines of a struct for the columns besides the key.
fn fields(indent: &str, instant: &str) -> String {
    let field = |(name, ty, nullable)| {
        let ty = match ty {
            Type::Bool => "bool",
            Type::Float => "f64",
            Type::Instant => instant,
            Type::Int => "i32",
            Type::Long => "i64",
            Type::Text => "String",
        };
        let ty = if nullable { format!("Option<{ty}>") } else { ty.to_owned() };
        format!("{indent}pub {name}: {ty},\n")
    };
    COLUMNS.into_iter().map(field).collect()
}

/// The number in the query of a table: another after each edit of the first.
fn limit(table: usize, edits: usize) -> usize {
    if table == 0 { 10 + edits } else { 10 }
}
