//! What `#[Search::index]` leaves in a program: the facts, the values of a row, and the answer whether a table has an index.
#![expect(missing_docs, reason = "each field is there for its type alone")]

use cell::db::{Model as _, Value};
use cell::prelude::*;
use cell::search::{FieldInfo, Given, IndexInfo, Indexed, Probe, TextInfo, Tokenizer, Unindexed as _};

#[Database::sqlite(file = "shop.db")]
pub struct Shop {
    pub products: Table<Product>,
    pub notes: Table<Note>,
    pub orders: Table<Order>,
}

#[Database::table]
#[Search::index(name = "goods", language = "en")]
#[derive(Clone, Debug)]
pub struct Product {
    #[key]
    pub id: i64,
    #[skip]
    pub seen: bool,
    #[text(boost = 2.0)]
    pub name: Title,
    #[text(tokenizer = "exact")]
    #[filter]
    pub sku: String,
    #[text(tokenizer = "prefix")]
    pub brand: Option<String>,
    #[filter]
    #[decimal(12, 2)]
    pub price: Decimal,
    #[facet]
    pub r#type: Option<Kind>,
    #[filter]
    #[column(name = "at")]
    pub created_at: DateTime<Utc>,
    pub stock: i64,
}

#[Database::value]
#[derive(Clone, Debug)]
pub struct Title(String);

#[Database::enumeration]
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Book,
    OutOfPrint,
}

/// The attributes stand in the other order, above and below a derive.
#[Search::index]
#[derive(Clone, Debug)]
#[Database::table(name = "remarks")]
#[key(product, position)]
pub struct Note {
    pub product: i64,
    pub position: i32,
    #[text]
    pub text: String,
}

#[Database::table]
pub struct Order {
    #[key]
    pub id: i64,
}

fn field(column: usize, field: &'static str) -> FieldInfo {
    FieldInfo::new(&Product::INFO[column], field)
}

#[test]
fn the_facts_are_as_they_are_declared() {
    let text = |boost, tokenizer| Some(TextInfo { boost, tokenizer });
    let IndexInfo { name, language, fields, includes } = Product::INDEX;
    assert!(includes.is_empty());
    assert_eq!((name, language), (Some("goods"), Some("en")));
    assert_eq!(
        fields,
        [
            FieldInfo { text: text(2.0, Tokenizer::Words), ..field(1, "name") },
            FieldInfo { text: text(1.0, Tokenizer::Exact), filter: true, ..field(2, "sku") },
            FieldInfo { text: text(1.0, Tokenizer::Prefix), ..field(3, "brand") },
            FieldInfo { filter: true, ..field(4, "price") },
            FieldInfo { filter: true, facet: true, ..field(5, "type") },
            FieldInfo { filter: true, ..field(6, "created_at") },
        ]
    );
    let columns: Vec<&str> = fields.iter().map(|field| field.column.name).collect();
    assert_eq!(columns, ["name", "sku", "brand", "price", "type", "at"]);
    let of_note = FieldInfo { text: text(1.0, Tokenizer::Words), ..FieldInfo::new(&Note::INFO[2], "text") };
    assert_eq!(Note::INDEX.fields, [of_note]);
}

#[test]
fn a_row_gives_the_values_of_its_indexed_fields_in_their_order() {
    let created_at: DateTime<Utc> = "2026-11-30T12:00:00Z".parse().expect("a time");
    let product = Product {
        id: 1,
        seen: true,
        name: Title("Atlas".to_owned()),
        sku: "A-1".to_owned(),
        brand: None,
        price: cell::dec!(9.50),
        r#type: Some(Kind::OutOfPrint),
        created_at,
        stock: 3,
    };
    let mut given = Given::default();
    product.give(&mut given);
    let expected = [
        Value::Text("Atlas".into()),
        Value::Text("A-1".into()),
        Value::Null,
        Value::Decimal(cell::dec!(9.50)),
        Value::Text("out_of_print".into()),
        Value::Instant(created_at),
    ];
    assert_eq!(given.take(), expected);
    assert!(given.take().is_empty(), "what was taken is not given to the next row");
}

#[test]
fn a_concrete_table_says_whether_it_has_an_index() {
    const FOUND: [Option<&IndexInfo>; 3] = [Probe::<Product>::INDEX, Probe::<Note>::INDEX, Probe::<Order>::INDEX];
    let fields = FOUND.map(|index| index.map(|index| index.fields));
    assert_eq!(fields, [Some(Product::INDEX.fields), Some(Note::INDEX.fields), None]);
}
