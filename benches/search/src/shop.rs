//! The table, as an application declares it, on an engine.

use cell::prelude::*;
use cell_migrate::{Options, Target, Url, apply};
use cell_schema::hints::Hints;
use cell_schema::history::next;
use cell_schema::schema::{Column, Schema, Table as TableOf, Type};

#[Database::sqlite(file = "bench.db")]
pub struct Shelf {
    pub documents: Table<Document>,
}

#[Database::table]
#[Search::index]
#[derive(Clone, Debug)]
pub struct Document {
    #[key(assigned)]
    pub id: i64,
    #[text(boost = 2.0)]
    pub name: String,
    #[text]
    pub body: String,
}

/// The same table, which this process does not search.
#[Database::sqlite(file = "bench.db")]
pub struct Plain {
    pub documents: Table<PlainDocument>,
}

#[Database::table(name = "documents", new = NewPlainDocument)]
#[derive(Clone, Debug)]
pub struct PlainDocument {
    #[key(assigned)]
    pub id: i64,
    pub name: String,
    pub body: String,
}

/// Makes the table, which the feed follows.
pub async fn migrate(url: &str) -> Result<()> {
    let column = |name: &str, ty| Column {
        name: name.to_owned(),
        ty,
        nullable: false,
        automatic: false,
        default: None,
        generated: None,
    };
    let text = || Type::Text { max_len: None };
    let table = TableOf {
        name: "documents".to_owned(),
        columns: vec![column("id", Type::I64), column("name", text()), column("body", text())],
        key: vec!["id".to_owned()],
        uniques: Vec::new(),
        indexes: Vec::new(),
        references: Vec::new(),
        checks: Vec::new(),
        followed: true,
    };
    let schema = Schema { database: "shelf".to_owned(), tables: vec![table] };
    let history =
        next(None, &schema, &Hints::default()).map_err(|refusals| std::io::Error::other(format!("{refusals:?}")))?;
    apply(&Target::new(Url::new(url))?, &history, &Options::default()).await?;
    Ok(())
}
