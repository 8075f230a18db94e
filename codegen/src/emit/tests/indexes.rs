//! The definitions of search indexes: their files, when their hash is another, and which files go.

use std::collections::BTreeMap;

use cell_manifest::{Index, IndexDefinition, Manifest};
use expect_test::expect;

use super::super::{MANIFEST, Previous, indexes};
use super::{compiled, listed};

const SHOP: &str = "use cell::prelude::*;
#[Database::enumeration] pub enum Category { Book, Map }
#[Database::value] pub struct ProductId(i64);
#[Database::table] #[Search::index(language = \"en\")] pub struct Product {
    #[key] pub id: ProductId,
    #[skip] pub seen: bool,
    #[text(boost = 2.5)] #[column(name = \"title\", max_len = 80)] pub name: String,
    #[text(tokenizer = \"exact\")] #[filter] pub sku: Option<String>,
    #[filter] #[decimal(12, 2)] pub price: Decimal,
    #[facet] pub category: Category,
    pub stock: i64,
}
#[Database::sqlite(file = \"shop.db\")] pub struct Shop { pub products: Table<Product> }
";

const FILE: &str = "cell/search/shop.products.json";

fn definition(source: &str) -> IndexDefinition {
    let files = compiled(source, &Previous::default()).files;
    IndexDefinition::from_json(&String::from_utf8_lossy(&files[FILE])).expect("a definition")
}

#[test]
fn an_index_has_a_file_and_a_line_in_the_manifest() {
    let files = compiled(SHOP, &Previous::default()).files;
    expect![[r#"
        {
          "format": 1,
          "database": "shop",
          "table": "products",
          "name": "shop.products",
          "language": "en",
          "key": [
            {
              "column": "id",
              "type": "i64"
            }
          ],
          "fields": [
            {
              "column": "title",
              "type": "text",
              "text": {
                "boost": 2.5,
                "tokenizer": "words"
              }
            },
            {
              "column": "sku",
              "type": "text",
              "text": {
                "boost": 1.0,
                "tokenizer": "exact"
              },
              "filter": true
            },
            {
              "column": "price",
              "type": "decimal(12, 2)",
              "filter": true
            },
            {
              "column": "category",
              "type": "enumeration",
              "filter": true,
              "facet": true
            }
          ],
          "hash": "c57796a483bc049f59ccd4a49df397af1df066e8a78967393332dde1b5dc536a"
        }
    "#]]
    .assert_eq(&String::from_utf8_lossy(&files[FILE]));
    let manifest = Manifest::from_json(&String::from_utf8_lossy(&files[MANIFEST])).expect("a manifest");
    assert_eq!(manifest.indexes, [definition(SHOP).entry()]);
}

#[test]
fn what_decides_what_is_in_an_index_changes_its_hash_and_nothing_else_does() {
    let hash = |from: &str, to: &str| {
        assert!(SHOP.contains(from), "{from}");
        definition(&SHOP.replace(from, to)).hash
    };
    let previous = definition(SHOP).hash;
    for (from, to) in [
        ("boost = 2.5", "boost = 3"),
        ("max_len = 80", "max_len = 90"),
        ("Book, Map", "Book, Map, Globe"),
        ("pub stock: i64", "pub stock: i64, pub more: bool"),
        ("pub name: String", "pub heading: String"),
    ] {
        assert_eq!(hash(from, to), previous, "{to}");
    }
    for (from, to) in [
        ("(language = \"en\")", ""),
        ("language = \"en\"", "language = \"de\""),
        ("tokenizer = \"exact\"", "tokenizer = \"prefix\""),
        ("name = \"title\"", "name = \"heading\""),
        ("ProductId(i64)", "ProductId(i32)"),
        ("(12, 2)", "(12, 3)"),
        ("#[facet]", "#[filter]"),
        ("pub stock", "#[filter] pub stock"),
    ] {
        assert_ne!(hash(from, to), previous, "{to}");
    }
}

#[test]
fn the_file_of_an_index_that_is_gone_goes_and_a_strangers_stays() {
    let mut files = compiled(SHOP, &Previous::default()).files;
    let ours = String::from_utf8_lossy(&files[FILE]).into_owned();
    files.insert("cell/search/notes.json".to_owned(), b"{}".to_vec());
    files.insert("cell/search/copy.json".to_owned(), ours.into_bytes());
    let previous = Previous::new(files);
    assert_eq!(indexes::known(&previous), [definition(SHOP).entry()]);
    let next = compiled(&SHOP.replace("(language", "(name = \"goods\", language"), &previous);
    assert!(next.files.contains_key("cell/search/shop.goods.json"), "{}", listed(&next));
    assert_eq!(next.removals.into_iter().collect::<Vec<_>>(), [FILE]);
}

#[test]
fn a_database_may_be_called_as_the_folder() {
    let source = SHOP.replace("struct Shop", "struct Search").replace("#[Search", "#[cell::Search");
    let mut files: BTreeMap<String, Vec<u8>> = compiled(&source, &Previous::default()).files;
    // A checkout in which the history is not there yet.
    files.retain(|path, _| path.starts_with("cell/search/search."));
    assert_eq!(files.len(), 1);
    let again = compiled(&source, &Previous::new(files.clone()));
    assert!(again.removals.is_empty(), "{}", listed(&again));
    let known: Vec<Index> = indexes::known(&Previous::new(again.files));
    assert_eq!(known.iter().map(|index| index.name.as_str()).collect::<Vec<_>>(), ["search.products"]);
}
