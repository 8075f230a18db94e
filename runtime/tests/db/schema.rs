//! The schema of [`super::shop::Shop`], as the compiler would lower it, and its history on disk.

use std::path::Path;
use std::sync::OnceLock;

use cell_schema::expr::{Binary, Expr, Expression, Function, Literal};
use cell_schema::hints::Hints;
use cell_schema::history::{self, History};
use cell_schema::names;
use cell_schema::schema::{Action, Check, Column, Default, Generated, Reference, Schema, Table, Type, Unique};
use tempfile::TempDir;

fn column(name: &str, ty: Type) -> Column {
    Column { name: name.into(), ty, nullable: false, automatic: false, default: None, generated: None }
}

fn optional(name: &str, ty: Type) -> Column {
    Column { nullable: true, ..column(name, ty) }
}

fn text() -> Type {
    Type::Text { max_len: None }
}

fn bytes() -> Type {
    Type::Bytes { max_len: None }
}

fn decimal(precision: u8, scale: u8) -> Type {
    Type::Decimal { precision, scale }
}

fn category() -> Type {
    Type::Enumeration { values: vec!["book".into(), "tool".into()] }
}

fn table(name: &str, columns: Vec<Column>, key: &[&str]) -> Table {
    Table {
        name: name.into(),
        columns,
        key: key.iter().map(ToString::to_string).collect(),
        uniques: Vec::new(),
        indexes: Vec::new(),
        references: Vec::new(),
        checks: Vec::new(),
        followed: false,
    }
}

fn reference(table: &str, column: &str, target: (&str, &str), on_delete: Action) -> Reference {
    Reference {
        name: names::constraint(table, &[column], "fkey"),
        columns: vec![column.into()],
        table: target.0.into(),
        target: vec![target.1.into()],
        on_delete,
    }
}

fn products() -> Table {
    let not_negative = Expr::Binary {
        op: Binary::GreaterOrEqual,
        left: Box::new(Expr::Column("price".into())),
        right: Box::new(Expr::Literal(Literal::Integer(0))),
    };
    let label = Expr::Call {
        function: Function::Concat,
        arguments: vec![
            Expr::Column("sku".into()),
            Expr::Literal(Literal::Text(": ".into())),
            Expr::Column("name".into()),
        ],
    };
    let columns = vec![
        Column { automatic: true, ..column("id", Type::I64) },
        column("sku", text()),
        column("name", Type::Text { max_len: Some(20) }),
        column("category", category()),
        column("price", decimal(12, 2)),
        Column { default: Some(Default::Value(Literal::Integer(0))), ..column("stock", Type::I32) },
        optional("note", text()),
        Column { default: Some(Default::Now), ..column("created_at", Type::Instant) },
        Column { generated: Some(Generated { expression: Expression::Portable(label) }), ..column("label", text()) },
    ];
    Table {
        uniques: vec![Unique { name: names::constraint("products", &["sku"], "key"), columns: vec!["sku".into()] }],
        checks: vec![Check {
            name: names::constraint("products", &["price"], "check"),
            expression: Expression::Portable(not_negative),
        }],
        ..table("products", columns, &["id"])
    }
}

fn samples() -> Table {
    let columns = vec![
        column("id", Type::I32),
        column("small", Type::I16),
        column("large", Type::I64),
        column("small_unsigned", Type::U16),
        column("unsigned", Type::U32),
        column("flag", Type::Bool),
        column("single", Type::F32),
        column("double", Type::F64),
        column("text", text()),
        column("bytes", bytes()),
        column("uuid", Type::Uuid),
        column("instant", Type::Instant),
        column("date", Type::Date),
        column("time", Type::Time),
        column("exact", decimal(18, 6)),
        column("document", Type::Json),
        optional("maybe_large", Type::I64),
        optional("maybe_flag", Type::Bool),
        optional("maybe_double", Type::F64),
        optional("maybe_text", text()),
        optional("maybe_bytes", bytes()),
        optional("maybe_uuid", Type::Uuid),
        optional("maybe_instant", Type::Instant),
        optional("maybe_exact", decimal(18, 6)),
        optional("maybe_document", Type::Json),
        optional("maybe_category", category()),
    ];
    table("samples", columns, &["id"])
}

/// The whole schema.
pub(crate) fn schema() -> Schema {
    let customers = table("customers", vec![column("code", text()), column("name", text())], &["code"]);
    let orders = vec![
        column("customer", text()),
        column("number", Type::I32),
        column("total", decimal(18, 4)),
        column("placed", Type::Date),
    ];
    let orders = Table {
        references: vec![reference("orders", "customer", ("customers", "code"), Action::Refuse)],
        ..table("orders", orders, &["customer", "number"])
    };
    let tags = Table {
        references: vec![reference("tags", "product", ("products", "id"), Action::Cascade)],
        ..table("tags", vec![column("product", Type::I64), column("tag", text())], &["product", "tag"])
    };
    Schema { database: "shop".into(), tables: vec![customers, orders, products(), samples(), tags] }
}

/// A folder that holds `cell/shop/`.
pub(crate) fn root() -> &'static Path {
    static ROOT: OnceLock<TempDir> = OnceLock::new();
    ROOT.get_or_init(|| write(&schema())).path()
}

/// The same for any schema of the shop.
pub(crate) fn write(schema: &Schema) -> TempDir {
    write_history(&history::next(None, schema, &Hints::default()).expect("the schema has a first migration"))
}

/// A folder with the history of a later release: everything sealed, and one more table.
pub(crate) fn write_later() -> TempDir {
    let mut schema = schema();
    let first =
        history::seal(&history::next(None, &schema, &Hints::default()).expect("the schema has a first migration"));
    schema.tables.push(table("zones", vec![column("id", Type::I64)], &["id"]));
    write_history(&history::seal(&history::next(Some(&first), &schema, &Hints::default()).expect("a second migration")))
}

fn write_history(history: &History) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (path, content) in history::write(history) {
        let path = folder.path().join("cell/shop").join(path);
        std::fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("a folder for the file");
        std::fs::write(path, content).expect("the file is written");
    }
    folder
}
