//! The crate for Toasty. Its instants are those of `jiff`.

use std::fmt::Write as _;

use super::{Library, TABLES, fields, limit};

pub(super) const LIBRARY: Library = Library {
    name: "toasty",
    manifest: "jiff = \"0.2\"\ntoasty = { version = \"0.11\", features = [\"jiff\", \"postgresql\", \"sqlite\"] }",
    source,
};

fn source(edits: usize) -> String {
    let mut text = "pub fn models() -> toasty::ModelSet {\n    toasty::models!(crate::*)\n}\n".to_owned();
    for at in 0..TABLES {
        let (fields, limit) = (fields("    ", "jiff::Timestamp"), limit(at, edits));
        let _ = write!(
            text,
            "
#[derive(Clone, Debug, toasty::Model)]
pub struct Item{at} {{
    #[key]
    #[auto]
    pub id: u64,
{fields}}}

pub async fn query{at}(db: &mut toasty::Db, owner: i64) -> toasty::Result<Vec<Item{at}>> {{
    let found = Item{at}::filter(Item{at}::fields().owner_id().eq(owner).and(Item{at}::fields().stock().gt(5)));
    found.order_by(Item{at}::fields().name().asc()).limit({limit}).exec(db).await
}}
"
        );
    }
    text
}
