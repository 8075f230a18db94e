//! A shop whose products are searched, on each engine: its tables are made by migrations, with the triggers that search follows.

use cell::db::Database as _;
use cell::prelude::*;
use cell_migrate::throwaway::{Cluster, SqliteFile, sqlite};
use cell_migrate::{Options, Target, apply};
use cell_schema::hints::Hints;
use cell_schema::history::next;
use cell_schema::schema::{Action, Column, Reference, Schema, Table as TableOf, Type, Unique};

#[Database::sqlite(file = "shop.db")]
pub struct Shop {
    pub makers: Table<Maker>,
    pub products: Table<Product>,
    pub notes: Table<Note>,
}

#[Database::table]
#[derive(Clone, Debug, PartialEq)]
pub struct Maker {
    #[key]
    pub id: i64,
    pub name: String,
    pub country: Option<String>,
}

#[Database::table]
#[Search::index(language = "en")]
#[derive(Clone, Debug, PartialEq)]
pub struct Product {
    #[key]
    pub id: i64,
    #[references(Maker, on_delete = cascade)]
    #[include(name(text, filter), country(facet))]
    pub maker: Option<i64>,
    #[text(tokenizer = "exact")]
    #[filter]
    pub sku: String,
    #[text(boost = 2.0)]
    #[filter]
    pub name: String,
    #[text]
    pub about: Option<String>,
    #[filter]
    #[decimal(12, 2)]
    pub price: Decimal,
    #[facet]
    pub kind: Option<Kind>,
    #[filter]
    pub made_at: DateTime<Utc>,
    #[filter]
    pub stock: Option<i32>,
}

#[Database::enumeration]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Shoes,
    Hats,
}

/// A key of several columns, none of which is a number alone.
#[Database::table]
#[Search::index]
#[key(product, language)]
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    pub product: i64,
    pub language: String,
    #[text(tokenizer = "prefix")]
    pub text: String,
}

fn column(name: &str, ty: Type) -> Column {
    Column { name: name.to_owned(), ty, nullable: false, automatic: false, default: None, generated: None }
}

fn nullable(name: &str, ty: Type) -> Column {
    Column { nullable: true, ..column(name, ty) }
}

fn table(name: &str, key: &[&str], columns: Vec<Column>) -> TableOf {
    TableOf {
        name: name.to_owned(),
        columns,
        key: key.iter().map(|name| (*name).to_owned()).collect(),
        uniques: Vec::new(),
        indexes: Vec::new(),
        references: Vec::new(),
        checks: Vec::new(),
        followed: true,
    }
}

const TEXT: Type = Type::Text { max_len: None };

/// The schema that the compiler makes of these structs.
pub fn schema() -> Schema {
    let id = || Column { automatic: true, ..column("id", Type::I64) };
    let kinds = Type::Enumeration { values: vec!["shoes".to_owned(), "hats".to_owned()] };
    let makers = table("makers", &["id"], vec![id(), column("name", TEXT), nullable("country", TEXT)]);
    let mut products = table(
        "products",
        &["id"],
        vec![
            id(),
            nullable("maker", Type::I64),
            column("sku", TEXT),
            column("name", TEXT),
            nullable("about", TEXT),
            column("price", Type::Decimal { precision: 12, scale: 2 }),
            nullable("kind", kinds),
            column("made_at", Type::Instant),
            nullable("stock", Type::I32),
        ],
    );
    products.uniques.push(Unique { name: "products_sku_key".to_owned(), columns: vec!["sku".to_owned()] });
    products.references.push(Reference {
        name: "products_maker_fkey".to_owned(),
        columns: vec!["maker".to_owned()],
        table: "makers".to_owned(),
        target: vec!["id".to_owned()],
        on_delete: Action::Cascade,
    });
    let notes = table(
        "notes",
        &["product", "language"],
        vec![column("product", Type::I64), column("language", TEXT), column("text", TEXT)],
    );
    Schema { database: "shop".to_owned(), tables: vec![makers, notes, products] }
}

/// The same tables, none of which this process searches.
#[Database::sqlite(file = "shop.db")]
pub struct Plain {
    pub makers: Table<Maker>,
}

pub async fn plain(url: &str) -> Plain {
    Plain::open_at(url).await.expect("a shop")
}

/// An empty shop, and what keeps it there.
pub struct Place {
    pub shop: Shop,
    pub url: String,
    _file: Option<SqliteFile>,
}

pub async fn on_sqlite() -> Place {
    let file = sqlite().expect("a folder");
    let place = at(file.url().as_str()).await;
    Place { _file: Some(file), ..place }
}

pub async fn on_postgres() -> Place {
    let cluster = Cluster::shared().await.expect("a server");
    at(cluster.create_database("search").await.expect("a database").as_str()).await
}

/// A shop whose tables are made at a place of one's own.
pub async fn at(url: &str) -> Place {
    let history = next(None, &schema(), &Hints::default()).expect("a history");
    let target = Target::new(cell_migrate::Url::new(url)).expect("a target");
    apply(&target, &history, &Options::default()).await.expect("tables");
    Place { shop: Shop::open_at(url).await.expect("a shop"), url: url.to_owned(), _file: None }
}

pub async fn places() -> Vec<Place> {
    vec![on_sqlite().await, on_postgres().await]
}

/// A product in few words.
pub fn product(sku: &str, name: &str, price: Decimal) -> NewProduct {
    NewProduct {
        maker: None,
        sku: sku.to_owned(),
        name: name.to_owned(),
        about: None,
        price,
        kind: Some(Kind::Shoes),
        made_at: DateTime::from_timestamp(1_700_000_000, 0).expect("a time"),
        stock: Some(1),
    }
}

impl Place {
    /// The shop, opened once more.
    pub async fn shop_again(&self) -> Shop {
        Shop::open_at(&self.url).await.expect("a shop")
    }

    /// Runs SQL as anyone may who is no application of ours.
    pub async fn raw(&self, sql: &str) {
        self.shop.handle().script(sql).await.expect("SQL");
    }

    /// The names that are found, in the order of the keys.
    pub async fn found(&self, words: &str) -> Vec<String> {
        let search = self.shop.products.search(words).after(self.shop.last_write()).limit(1_000);
        let mut hits = search.await.expect("an answer").hits;
        hits.sort_by_key(|hit| hit.row.id);
        hits.into_iter().map(|hit| hit.row.name).collect()
    }
}
