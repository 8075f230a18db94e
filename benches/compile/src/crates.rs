//! The crate of many tables, as the users of each library write it. A table has a key, a reference's number, and columns of the usual
//! types; its query asks for some rows by two conditions, in an order.

use std::fmt::Write as _;

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

pub const LIBRARIES: [Library; 1] =
    [Library { name: "cell", manifest: "cell = { package = \"cell-runtime\", path = \"RUNTIME\" }", source: cell }];

/// The columns besides the key: name and type in Rust.
const COLUMNS: [(&str, &str); 14] = [
    ("owner_id", "i64"),
    ("sku", "String"),
    ("name", "String"),
    ("description", "Option<String>"),
    ("kind", "String"),
    ("stock", "i32"),
    ("weight", "f64"),
    ("rating", "Option<i32>"),
    ("is_active", "bool"),
    ("is_hidden", "bool"),
    ("price_cents", "i64"),
    ("created_at", "DateTime<Utc>"),
    ("updated_at", "DateTime<Utc>"),
    ("deleted_at", "Option<DateTime<Utc>>"),
];

/// The number in the query of a table: another after each edit of the first.
fn limit(table: usize, edits: usize) -> usize {
    if table == 0 { 10 + edits } else { 10 }
}

fn cell(edits: usize) -> String {
    let mut text = "use cell::prelude::*;\n\n#[Database::sqlite(file = \"shop.db\")]\npub struct Shop {\n".to_owned();
    for at in 0..TABLES {
        let _ = writeln!(text, "    pub items{at}: Table<Item{at}>,");
    }
    text.push_str("}\n");
    for at in 0..TABLES {
        let _ = writeln!(text, "\n#[Database::table]\n#[derive(Clone, Debug)]\npub struct Item{at} {{\n    #[key]\n    pub id: i64,");
        for (name, ty) in COLUMNS {
            let _ = writeln!(text, "    pub {name}: {ty},");
        }
        let _ = writeln!(
            text,
            "}}\n\npub async fn query{at}(shop: &Shop, owner: i64) -> Result<Vec<Item{at}>> {{\n    \
             Ok(shop.items{at}.filter(|i| i.owner_id.eq(owner) & i.stock.gt(5)).order_by(|i| i.name.asc()).limit({}).all().await?)\n}}",
            limit(at, edits)
        );
    }
    text
}
