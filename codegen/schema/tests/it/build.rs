//! Short ways to say schemas and expressions.

use cell_schema::Refusal;
use cell_schema::expr::{Binary, Expr, Expression, Function, Literal, Unary};
use cell_schema::schema::{
    Action, Check, Column, Default, Generated, Index, IndexColumn, Reference, Schema, Table, Type, Unique,
};

pub(crate) const TEXT: Type = Type::Text { max_len: None };
pub(crate) const PRICE: Type = Type::Decimal { precision: 12, scale: 2 };

pub(crate) fn schema(tables: impl IntoIterator<Item = Table>) -> Schema {
    Schema { database: "shop".to_owned(), tables: tables.into_iter().collect() }.sorted()
}

/// A table with an automatic key `id`.
pub(crate) fn table(name: &str, columns: impl IntoIterator<Item = Column>) -> Table {
    let id = Column { automatic: true, ..column("id", Type::I64) };
    Table {
        name: name.to_owned(),
        columns: std::iter::once(id).chain(columns).collect(),
        key: vec!["id".to_owned()],
        uniques: Vec::new(),
        indexes: Vec::new(),
        references: Vec::new(),
        checks: Vec::new(),
        followed: false,
    }
}

pub(crate) fn column(name: &str, ty: Type) -> Column {
    Column { name: name.to_owned(), ty, nullable: false, automatic: false, default: None, generated: None }
}

pub(crate) fn nullable(name: &str, ty: Type) -> Column {
    Column { nullable: true, ..column(name, ty) }
}

pub(crate) fn with_default(name: &str, ty: Type, default: Default) -> Column {
    Column { default: Some(default), ..column(name, ty) }
}

pub(crate) fn generated(name: &str, ty: Type, expr: Expr) -> Column {
    Column { generated: Some(Generated { expression: Expression::Portable(expr) }), ..column(name, ty) }
}

pub(crate) fn enumeration(values: &[&str]) -> Type {
    Type::Enumeration { values: values.iter().map(ToString::to_string).collect() }
}

pub(crate) trait TableExt {
    fn unique(self, name: &str, columns: &[&str]) -> Self;
    fn index(self, name: &str, columns: &[&str], predicate: Option<Expr>) -> Self;
    fn references(self, name: &str, column: &str, table: &str, on_delete: Action) -> Self;
    fn check(self, name: &str, expr: Expr) -> Self;
    fn raw_check(self, name: &str, sqlite: Option<&str>, postgres: Option<&str>) -> Self;
}

impl TableExt for Table {
    fn unique(mut self, name: &str, columns: &[&str]) -> Self {
        self.uniques.push(Unique { name: name.to_owned(), columns: owned(columns) });
        self
    }

    fn index(mut self, name: &str, columns: &[&str], predicate: Option<Expr>) -> Self {
        let columns = columns.iter().map(|column| match column.strip_suffix(" desc") {
            Some(column) => IndexColumn { column: column.to_owned(), descending: true },
            None => IndexColumn { column: column.to_string(), descending: false },
        });
        let predicate = predicate.map(Expression::Portable);
        self.indexes.push(Index { name: name.to_owned(), columns: columns.collect(), predicate });
        self
    }

    fn references(mut self, name: &str, column: &str, table: &str, on_delete: Action) -> Self {
        self.references.push(Reference {
            name: name.to_owned(),
            columns: owned(&[column]),
            table: table.to_owned(),
            target: owned(&["id"]),
            on_delete,
        });
        self
    }

    fn check(mut self, name: &str, expr: Expr) -> Self {
        self.checks.push(Check { name: name.to_owned(), expression: Expression::Portable(expr) });
        self
    }

    fn raw_check(mut self, name: &str, sqlite: Option<&str>, postgres: Option<&str>) -> Self {
        let expression =
            Expression::Raw { sqlite: sqlite.map(ToOwned::to_owned), postgres: postgres.map(ToOwned::to_owned) };
        self.checks.push(Check { name: name.to_owned(), expression });
        self
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

pub(crate) fn c(name: &str) -> Expr {
    Expr::Column(name.to_owned())
}

pub(crate) fn int(value: i64) -> Expr {
    Expr::Literal(Literal::Integer(value))
}

pub(crate) fn num(digits: &str) -> Expr {
    Expr::Literal(Literal::Number(digits.to_owned()))
}

pub(crate) fn text(text: &str) -> Expr {
    Expr::Literal(Literal::Text(text.to_owned()))
}

pub(crate) fn not(operand: Expr) -> Expr {
    Expr::Unary { op: Unary::Not, operand: Box::new(operand) }
}

pub(crate) fn negate(operand: Expr) -> Expr {
    Expr::Unary { op: Unary::Negate, operand: Box::new(operand) }
}

/// `left op right`, with the operator as it is written.
pub(crate) fn op(left: Expr, symbol: &str, right: Expr) -> Expr {
    let op = match symbol {
        "&&" => Binary::And,
        "||" => Binary::Or,
        "==" => Binary::Equal,
        "!=" => Binary::NotEqual,
        "<" => Binary::Less,
        "<=" => Binary::LessOrEqual,
        ">" => Binary::Greater,
        ">=" => Binary::GreaterOrEqual,
        "+" => Binary::Add,
        "-" => Binary::Subtract,
        "*" => Binary::Multiply,
        "/" => Binary::Divide,
        "%" => Binary::Remainder,
        other => panic!("no operator {other}"),
    };
    Expr::Binary { op, left: Box::new(left), right: Box::new(right) }
}

/// `name(arguments)`.
pub(crate) fn call(name: &str, arguments: impl IntoIterator<Item = Expr>) -> Expr {
    let (_, function) = Function::ALL.into_iter().find(|(known, _)| *known == name).expect("a known function");
    Expr::Call { function, arguments: arguments.into_iter().collect() }
}

pub(crate) fn value(literal: Literal) -> Default {
    Default::Value(literal)
}

/// Refusals, one a line.
pub(crate) fn shown(refusals: &[Refusal]) -> String {
    refusals.iter().map(|refusal| format!("{refusal}\n")).collect()
}
