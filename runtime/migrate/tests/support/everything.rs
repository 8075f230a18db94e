//! A history whose second migration has every kind of step, and rows for it to keep.

use std::collections::BTreeMap;

use cell_migrate::Target;
use cell_schema::expr::{Binary, Expression, Literal};
use cell_schema::hazard::{Allowed, HazardKind};
use cell_schema::hints::{ColumnHints, Hints, TableHints};
use cell_schema::history::{History, next, seal};
use cell_schema::schema::{Action, Type};

use super::*;

fn doubled(of: &str) -> Column {
    generated("doubled", Type::I64, op(col(of), Binary::Multiply, int(2)))
}

/// A table is made, one goes, one is renamed; columns come, go, get other names, types and values; whatever binds them comes.
pub fn everything() -> History {
    let makers = table("makers", vec![column("name", TEXT)]).with_unique(&["name"]);
    let products = table(
        "products",
        vec![
            column("name", TEXT),
            column("price", Type::I32),
            column("maker", Type::I64),
            nullable("note", TEXT),
            nullable("gone", Type::I32),
            doubled("price"),
        ],
    )
    .with_index(&[("name", false)], None);
    let tags = table("tags", vec![column("word", TEXT)]).with_index(&[("word", false)], None);
    let first = schema(vec![makers, products, tags, table("logs", vec![column("line", TEXT)])]);

    let accounts = table("accounts", vec![column("name", TEXT)]).with_unique(&["name"]);
    let products = table(
        "products",
        vec![
            column("title", TEXT),
            column("price", Type::I64),
            column("maker", Type::I64),
            column("note", TEXT),
            column("slug", text(40)),
            nullable("rating", Type::I16),
            doubled("price"),
        ],
    )
    .with_unique(&["title"])
    .with_index(&[("price", true)], Some(op(col("price"), Binary::Greater, int(0))))
    .with_check("price", op(col("price"), Binary::GreaterOrEqual, int(0)))
    .with_reference(&["maker"], "accounts", &["id"], Action::Cascade);
    let stock = table("stock", vec![column("product", Type::I64)])
        .with_index(&[("product", false)], None)
        .with_reference(&["product"], "products", &["id"], Action::Cascade);
    let tags = table("tags", vec![column("word", TEXT), defaulted("weight", Type::I32, Literal::Integer(1))])
        .with_index(&[("weight", false)], None);
    let second = schema(vec![accounts, products, stock, tags]);

    let renamed = |from: &str| ColumnHints { renamed_from: Some(from.to_owned()), ..ColumnHints::default() };
    let filled = |with| ColumnHints { backfill: Some(Expression::Portable(with)), ..ColumnHints::default() };
    let columns = [("title", renamed("name")), ("note", filled(string("none"))), ("slug", filled(col("title")))];
    let columns = columns.into_iter().map(|(name, said)| (name.to_owned(), said)).collect();
    let tables = [
        ("accounts", TableHints { renamed_from: Some("makers".to_owned()), ..TableHints::default() }),
        ("products", TableHints { renamed_from: None, columns }),
    ];
    let allowed = [(HazardKind::RowsDeleted, "shop.logs"), (HazardKind::ValuesDeleted, "shop.products.gone")];
    let said = Hints {
        tables: tables.into_iter().map(|(name, said)| (name.to_owned(), said)).collect::<BTreeMap<_, _>>(),
        allowed: allowed.into_iter().map(|(hazard, object)| Allowed { hazard, object: object.to_owned() }).collect(),
        data: None,
    };
    let first = seal(&next(None, &first, &Hints::default()).expect("a history"));
    next(Some(&first), &second, &said).unwrap_or_else(|refusals| panic!("{refusals:#?}"))
}

/// The first migration of [`everything`].
pub fn beginning(everything: &History) -> History {
    let migrations = everything.migrations[..1].to_vec();
    let empty = Schema { database: "shop".to_owned(), tables: Vec::new() };
    let snapshot = cell_schema::plan::replay(&empty, &migrations[0].changes).expect("a schema");
    History { snapshot, migrations, sealed: 1 }
}

/// Rows for what is there after [`beginning`].
pub async fn insert_rows(target: &Target) {
    run(
        target,
        "INSERT INTO makers (name) VALUES ('north'), ('south'); \
         INSERT INTO products (name, price, maker, note, gone) VALUES \
             ('axe', 5, 1, NULL, 7), ('bow', 0, 2, 'long', NULL), ('cup', 2147483647, 2, NULL, 1); \
         INSERT INTO tags (word) VALUES ('old'), ('old'); \
         INSERT INTO logs (line) VALUES ('begun');",
    )
    .await;
}

/// The rows after all of it, as far as they can be told from those before.
pub async fn kept_rows(target: &Target) -> Vec<String> {
    let mut rows = Vec::new();
    for sql in [
        "SELECT CAST(id AS text) || ' ' || name FROM accounts ORDER BY id",
        "SELECT CAST(id AS text) || ' ' || title || ' ' || CAST(price AS text) || ' ' || CAST(maker AS text) || ' ' || note || ' ' \
         || slug || ' ' || coalesce(CAST(rating AS text), '-') || ' ' || CAST(doubled AS text) FROM products ORDER BY id",
        "SELECT word || ' ' || CAST(weight AS text) FROM tags ORDER BY id",
        "SELECT CAST(id AS text) FROM stock",
    ] {
        rows.extend(texts(target, sql).await);
    }
    rows
}

/// What [`kept_rows`] finds where nothing is lost.
pub const KEPT: [&str; 7] = [
    "1 north",
    "2 south",
    "1 axe 5 1 none axe - 10",
    "2 bow 0 2 long bow - 0",
    "3 cup 2147483647 2 none cup - 4294967294",
    "old 1",
    "old 1",
];
