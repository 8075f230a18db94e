//! The crate for Cell.

use std::fmt::Write as _;

use super::{Library, TABLES, fields, limit};

pub(super) const LIBRARY: Library =
    Library { name: "cell", manifest: r#"cell = { package = "cell-runtime", path = "RUNTIME" }"#, source };

fn source(edits: usize) -> String {
    let mut text = "use cell::prelude::*;\n\n#[Database::sqlite(file = \"shop.db\")]\npub struct Shop {\n".to_owned();
    for at in 0..TABLES {
        let _ = writeln!(text, "    pub items{at}: Table<Item{at}>,");
    }
    text.push_str("}\n");
    for at in 0..TABLES {
        let (fields, limit) = (fields("    ", "DateTime<Utc>"), limit(at, edits));
        let _ = write!(
            text,
            "
#[Database::table]
#[derive(Clone, Debug)]
pub struct Item{at} {{
    #[key]
    pub id: i64,
{fields}}}

pub async fn query{at}(shop: &Shop, owner: i64) -> Result<Vec<Item{at}>> {{
    Ok(shop.items{at}.filter(|i| i.owner_id.eq(owner) & i.stock.gt(5)).order_by(|i| i.name.asc()).limit({limit}).all().await?)
}}
"
        );
    }
    text
}
