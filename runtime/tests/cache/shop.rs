//! A shop of which much is held, on each engine: its tables are made by migrations, with the triggers that caches follow.

use cell::db::Database as _;
use cell::prelude::*;
use cell_migrate::throwaway::{Cluster, SqliteFile, sqlite};
use cell_migrate::{Options, Target, apply};
use cell_schema::hints::Hints;
use cell_schema::history::next;
use cell_schema::schema::{Action, Column, Reference, Schema, Table as TableOf, Type};
use sqlx::{AssertSqlSafe, Connection as _};

#[Database::sqlite(file = "shop.db")]
pub struct Shop {
    pub makers: Table<Maker>,
    pub products: Table<Product>,
    #[allow(dead_code, reason = "nobody follows it")]
    pub audits: Table<Audit>,
    pub labels: Table<Label>,
}

#[Database::table]
#[derive(Clone, Debug, PartialEq)]
pub struct Maker {
    #[key]
    pub id: i64,
    pub name: String,
}

#[Database::table]
#[derive(Clone, Debug, PartialEq)]
pub struct Product {
    #[key]
    pub id: i64,
    #[references(Maker, on_delete = cascade)]
    pub maker: i64,
    pub name: String,
    pub stock: i64,
}

#[Database::table]
#[derive(Clone, Debug, PartialEq)]
pub struct Audit {
    #[key]
    pub id: i64,
    pub text: String,
}

/// Rows that are held by their keys; the table is called otherwise than its field.
#[Database::table(name = "tags")]
#[Cache::memoize]
#[key(product, language)]
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    pub product: i64,
    pub language: String,
    pub text: String,
}

fn column(name: &str, ty: Type) -> Column {
    Column { name: name.to_owned(), ty, nullable: false, automatic: false, default: None, generated: None }
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
fn schema() -> Schema {
    let id = || Column { automatic: true, ..column("id", Type::I64) };
    let audits = TableOf { followed: false, ..table("audits", &["id"], vec![id(), column("text", TEXT)]) };
    let makers = table("makers", &["id"], vec![id(), column("name", TEXT)]);
    let mut products = table(
        "products",
        &["id"],
        vec![id(), column("maker", Type::I64), column("name", TEXT), column("stock", Type::I64)],
    );
    products.references.push(Reference {
        name: "products_maker_fkey".to_owned(),
        columns: vec!["maker".to_owned()],
        table: "makers".to_owned(),
        target: vec!["id".to_owned()],
        on_delete: Action::Cascade,
    });
    let tags = table(
        "tags",
        &["product", "language"],
        vec![column("product", Type::I64), column("language", TEXT), column("text", TEXT)],
    );
    Schema { database: "shop".to_owned(), tables: vec![audits, makers, products, tags] }
}

/// A shop with a maker, the first, and products of it, 1 to 3.
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
    at(cluster.create_database("cache").await.expect("a database").as_str()).await
}

async fn at(url: &str) -> Place {
    let history = next(None, &schema(), &Hints::default()).expect("a history");
    let target = Target::new(cell_migrate::Url::new(url)).expect("a target");
    apply(&target, &history, &Options::default()).await.expect("tables");
    let shop = Shop::open_at(url).await.expect("a shop");
    shop.makers.insert(NewMaker { name: "Ann".to_owned() }).await.expect("a maker");
    for name in ["boots", "hat", "coat"] {
        shop.products.insert(product(1, name)).await.expect("a product");
    }
    Place { shop, url: url.to_owned(), _file: None }
}

pub async fn places() -> Vec<Place> {
    vec![on_sqlite().await, on_postgres().await]
}

pub fn product(maker: i64, name: &str) -> NewProduct {
    NewProduct { maker, name: name.to_owned(), stock: 1 }
}

impl Place {
    /// Runs SQL by this process's own connections.
    pub async fn script(&self, sql: &str) {
        self.shop.handle().script(sql).await.expect("SQL");
    }

    /// Runs SQL as somebody else: what `sqlite3` or `psql` would do.
    pub async fn elsewhere(&self, sql: &str) {
        if self.url.starts_with("sqlite:") {
            let mut connection = sqlx::SqliteConnection::connect(&self.url).await.expect("a connection");
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.expect("SQL");
            connection.close().await.expect("an end");
        } else {
            let mut connection = sqlx::PgConnection::connect(&self.url).await.expect("a connection");
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.expect("SQL");
            connection.close().await.expect("an end");
        }
    }
}

/// How many products there are.
#[Cache::memoize]
pub async fn count(shop: &Shop) -> Result<u64> {
    Ok(shop.products.count().await?)
}

/// What a product is called.
#[Cache::memoize]
pub async fn name(shop: &Shop, id: i64) -> Result<Option<String>> {
    Ok(shop.products.get(id).await?.map(|product| product.name))
}

/// The cache of a function of this module, or of a table.
pub fn status(of: &str) -> cell::cache::CacheStatus {
    let all = cell::cache::status();
    let is = |name: &str| name == of || name.ends_with(&format!("::{of}"));
    all.into_iter().find(|status| is(&status.name)).unwrap_or_default()
}
