//! A table whose rows are read and held, as an application declares it.

use cell::prelude::*;
use cell_migrate::{Options, Target, Url, apply};
use cell_schema::hints::Hints;
use cell_schema::history::next;
use cell_schema::schema::{Column, Schema, Table as TableOf, Type};

#[Database::sqlite(file = "bench.db")]
pub struct Shop {
    pub numbers: Table<Number>,
}

#[Database::table]
#[derive(Clone, Debug)]
pub struct Number {
    #[key(assigned)]
    pub id: i64,
    pub number: i64,
}

/// Makes the table, which the feed follows, and so many rows.
pub async fn open(url: &str, rows: u64) -> Result<Shop> {
    let column = |name: &str| Column {
        name: name.to_owned(),
        ty: Type::I64,
        nullable: false,
        automatic: false,
        default: None,
        generated: None,
    };
    let table = TableOf {
        name: "numbers".to_owned(),
        columns: vec![column("id"), column("number")],
        key: vec!["id".to_owned()],
        uniques: Vec::new(),
        indexes: Vec::new(),
        references: Vec::new(),
        checks: Vec::new(),
        followed: true,
    };
    let schema = Schema { database: "bench".to_owned(), tables: vec![table] };
    let history = next(None, &schema, &Hints::default()).expect("tables of one column are planned");
    apply(&Target::new(Url::new(url))?, &history, &Options::default()).await?;
    let shop = Shop::open_at(url).await?;
    shop.numbers.insert_many((0..rows as i64).map(|id| NewNumber { id, number: id }).collect::<Vec<_>>()).await?;
    Ok(shop)
}
