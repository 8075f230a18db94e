//! The crate for Diesel on SQLite: a schema as its command writes it, and structs of rows that are read and of rows that are new.
//! Absent: `allow_tables_to_appear_in_same_query!`, which no table without a reference needs.

use std::fmt::Write as _;

use super::{COLUMNS, Library, TABLES, Type, fields, limit};

pub(super) const LIBRARY: Library = Library {
    name: "diesel",
    manifest: "chrono = \"0.4\"\ndiesel = { version = \"2.3\", features = [\"chrono\", \"sqlite\"] }\n\
               libsqlite3-sys = { version = \"0.37\", features = [\"bundled\"] }",
    source,
};

fn source(edits: usize) -> String {
    let columns = columns();
    let mut schema = String::new();
    let mut text = "use chrono::{DateTime, Utc};\nuse diesel::prelude::*;\n".to_owned();
    for at in 0..TABLES {
        let _ = write!(
            schema,
            "
    diesel::table! {{
        item{at} (id) {{
            id -> BigInt,
{columns}        }}
    }}
"
        );
        let (fields, limit) = (fields("    ", "DateTime<Utc>"), limit(at, edits));
        let _ = write!(
            text,
            "
#[derive(Clone, Debug, Queryable, Selectable, Identifiable, AsChangeset)]
#[diesel(table_name = schema::item{at}, check_for_backend(diesel::sqlite::Sqlite))]
pub struct Item{at} {{
    pub id: i64,
{fields}}}

#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = schema::item{at})]
pub struct NewItem{at} {{
{fields}}}

pub fn query{at}(connection: &mut SqliteConnection, owner: i64) -> QueryResult<Vec<Item{at}>> {{
    use schema::item{at}::dsl;
    let found = dsl::item{at}.filter(dsl::owner_id.eq(owner).and(dsl::stock.gt(5)));
    found.order(dsl::name.asc()).limit({limit}).select(Item{at}::as_select()).load(connection)
}}
"
        );
    }
    format!("{text}\npub mod schema {{{schema}}}\n")
}

/// The lines of a table for the columns besides the key.
fn columns() -> String {
    let column = |(name, ty, nullable)| {
        let ty = match ty {
            Type::Bool => "Bool",
            Type::Float => "Double",
            Type::Instant => "TimestamptzSqlite",
            Type::Int => "Integer",
            Type::Long => "BigInt",
            Type::Text => "Text",
        };
        let ty = if nullable { format!("Nullable<{ty}>") } else { ty.to_owned() };
        format!("            {name} -> {ty},\n")
    };
    COLUMNS.into_iter().map(column).collect()
}
