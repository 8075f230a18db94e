//! What the tests share: schemas in few words, histories of them, an empty database on each engine.
#![allow(dead_code, missing_docs, unreachable_pub, unused_imports, reason = "each test file uses its own part of this")]

mod child;
mod everything;

pub use child::*;
pub use everything::*;

use cell_migrate::throwaway::{Cluster, SqliteFile, sqlite};
use cell_migrate::{Applied, MigrateError, Options, Target, apply};
use cell_schema::expr::{Binary, Expr, Expression, Function, Literal};
use cell_schema::hints::Hints;
use cell_schema::history::{History, next, seal};
use cell_schema::names;
use cell_schema::schema::{
    Action, Check, Column, Default, Generated, Index, IndexColumn, Reference, Schema, Table, Type, Unique,
};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row, SqliteConnection};

pub fn schema(tables: Vec<Table>) -> Schema {
    let mut schema = Schema { database: "shop".to_owned(), tables };
    schema.tables.sort_by(|a, b| a.name.cmp(&b.name));
    schema
}

/// A table with an automatic key `id` and further columns.
pub fn table(name: &str, columns: Vec<Column>) -> Table {
    let mut all = vec![Column { automatic: true, ..column("id", Type::I64) }];
    all.extend(columns);
    Table {
        name: name.to_owned(),
        columns: all,
        key: vec!["id".to_owned()],
        uniques: Vec::new(),
        indexes: Vec::new(),
        references: Vec::new(),
        checks: Vec::new(),
        followed: false,
    }
}

pub fn column(name: &str, ty: Type) -> Column {
    Column { name: name.to_owned(), ty, nullable: false, automatic: false, default: None, generated: None }
}

pub fn nullable(name: &str, ty: Type) -> Column {
    Column { nullable: true, ..column(name, ty) }
}

pub fn defaulted(name: &str, ty: Type, literal: Literal) -> Column {
    Column { default: Some(Default::Value(literal)), ..column(name, ty) }
}

pub fn generated(name: &str, ty: Type, expr: Expr) -> Column {
    Column { generated: Some(Generated { expression: Expression::Portable(expr) }), ..column(name, ty) }
}

pub const TEXT: Type = Type::Text { max_len: None };

/// Every type as far as nothing is said of its size or its values.
pub const UNBOUNDED: [Type; 15] = [
    Type::I64,
    Type::I16,
    Type::I32,
    Type::U16,
    Type::U32,
    Type::Bool,
    Type::F32,
    Type::F64,
    TEXT,
    Type::Bytes { max_len: None },
    Type::Uuid,
    Type::Instant,
    Type::Date,
    Type::Time,
    Type::Json,
];

pub fn text(max_len: u32) -> Type {
    Type::Text { max_len: Some(max_len) }
}

/// Parts of a table, named as the compiler names them.
pub trait Parts {
    fn with_unique(self, columns: &[&str]) -> Self;
    fn with_index(self, columns: &[(&str, bool)], predicate: Option<Expr>) -> Self;
    fn with_reference(self, columns: &[&str], table: &str, target: &[&str], on_delete: Action) -> Self;
    fn with_check(self, name: &str, expr: Expr) -> Self;
    fn with_key(self, columns: &[&str]) -> Self;
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

impl Parts for Table {
    fn with_unique(mut self, columns: &[&str]) -> Self {
        let name = names::constraint(&self.name, columns, "key");
        self.uniques.push(Unique { name, columns: owned(columns) });
        self.uniques.sort_by(|a, b| a.name.cmp(&b.name));
        self
    }

    fn with_index(mut self, columns: &[(&str, bool)], predicate: Option<Expr>) -> Self {
        let plain: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let column =
            |(name, descending): &(&str, bool)| IndexColumn { column: (*name).to_owned(), descending: *descending };
        self.indexes.push(Index {
            name: names::constraint(&self.name, &plain, "idx"),
            columns: columns.iter().map(column).collect(),
            predicate: predicate.map(Expression::Portable),
        });
        self.indexes.sort_by(|a, b| a.name.cmp(&b.name));
        self
    }

    fn with_reference(mut self, columns: &[&str], table: &str, target: &[&str], on_delete: Action) -> Self {
        let name = names::constraint(&self.name, columns, "fkey");
        let (columns, target) = (owned(columns), owned(target));
        self.references.push(Reference { name, columns, table: table.to_owned(), target, on_delete });
        self.references.sort_by(|a, b| a.name.cmp(&b.name));
        self
    }

    fn with_check(mut self, name: &str, expr: Expr) -> Self {
        let name = names::constraint(&self.name, &[name], "check");
        self.checks.push(Check { name, expression: Expression::Portable(expr) });
        self.checks.sort_by(|a, b| a.name.cmp(&b.name));
        self
    }

    fn with_key(mut self, columns: &[&str]) -> Self {
        self.columns.retain(|column| !column.automatic);
        self.key = owned(columns);
        self
    }
}

pub fn col(name: &str) -> Expr {
    Expr::Column(name.to_owned())
}

pub fn int(value: i64) -> Expr {
    Expr::Literal(Literal::Integer(value))
}

pub fn number(digits: &str) -> Expr {
    Expr::Literal(Literal::Number(digits.to_owned()))
}

pub fn string(text: &str) -> Expr {
    Expr::Literal(Literal::Text(text.to_owned()))
}

pub fn op(left: Expr, op: Binary, right: Expr) -> Expr {
    Expr::Binary { op, left: Box::new(left), right: Box::new(right) }
}

pub fn call(function: Function, arguments: Vec<Expr>) -> Expr {
    Expr::Call { function, arguments }
}

/// A history with a migration for each model: all are sealed but the last.
pub fn history(models: &[&Schema]) -> History {
    let mut history: Option<History> = None;
    for model in models {
        let sealed = history.as_ref().map(seal);
        history = Some(next(sealed.as_ref(), model, &Hints::default()).expect("a history"));
    }
    history.expect("a model")
}

/// An empty database.
pub struct Place {
    pub target: Target,
    _file: Option<SqliteFile>,
}

/// An empty database on each engine.
pub async fn places() -> Vec<Place> {
    vec![on_sqlite(), on_postgres().await]
}

pub fn on_sqlite() -> Place {
    let file = sqlite().unwrap();
    Place { target: Target::new(file.url()).unwrap(), _file: Some(file) }
}

pub async fn on_postgres() -> Place {
    let url = Cluster::shared().await.unwrap().create_database("test").await.unwrap();
    Place { target: Target::new(url).unwrap(), _file: None }
}

pub async fn applied(target: &Target, history: &History) -> Result<Applied, MigrateError> {
    apply(target, history, &Options::default()).await
}

/// `migration: title` of each step.
pub fn titles(applied: &Applied) -> Vec<String> {
    applied.steps.iter().map(|step| format!("{}: {}", step.migration, step.title)).collect()
}

/// The code, the message and the help, as a person reads them, without this run's place.
pub fn shown(error: &MigrateError, target: &Target) -> String {
    let help = error.help().map(|help| format!("\nhelp: {help}")).unwrap_or_default();
    format!("error[{}]: {error}{help}\n", error.code()).replace(&target.to_string(), "TARGET")
}

pub async fn run(target: &Target, sql: &str) {
    let sql = AssertSqlSafe(sql.to_owned());
    if target.url().as_str().starts_with("sqlite:") {
        let mut connection = SqliteConnection::connect(target.url().as_str()).await.unwrap();
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    } else {
        let mut connection = PgConnection::connect(target.url().as_str()).await.unwrap();
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }
}

/// The first column of every row: text.
pub async fn texts(target: &Target, sql: &str) -> Vec<String> {
    let sql = AssertSqlSafe(sql.to_owned());
    if target.url().as_str().starts_with("sqlite:") {
        let mut connection = SqliteConnection::connect(target.url().as_str()).await.unwrap();
        let rows = sqlx::query(sql).fetch_all(&mut connection).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    } else {
        let mut connection = PgConnection::connect(target.url().as_str()).await.unwrap();
        let rows = sqlx::query(sql).fetch_all(&mut connection).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }
}

/// The program of an example of this package, which cargo builds with the tests.
pub fn example(name: &str) -> std::path::PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(2).unwrap().join("examples").join(name)
}

/// What [`story`] begins with.
pub fn first() -> Schema {
    schema(vec![table("a", vec![column("x", Type::I32)]), table("b", vec![])])
}

/// Two migrations of two steps each.
pub fn story() -> History {
    let first = first();
    let mut second = first.clone();
    second.tables[0].columns.push(nullable("y", TEXT));
    second.tables.push(table("c", vec![]));
    history(&[&first, &second])
}

/// Runs SQL that may be refused.
pub async fn try_run(target: &Target, sql: &str) -> Result<(), sqlx::Error> {
    let sql = AssertSqlSafe(sql.to_owned());
    if target.url().as_str().starts_with("sqlite:") {
        let mut connection = SqliteConnection::connect(target.url().as_str()).await?;
        sqlx::raw_sql(sql).execute(&mut connection).await.map(drop)
    } else {
        let mut connection = PgConnection::connect(target.url().as_str()).await?;
        sqlx::raw_sql(sql).execute(&mut connection).await.map(drop)
    }
}
