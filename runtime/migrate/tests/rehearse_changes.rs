//! Rehearsals of changes to tables that hold rows, on both engines: every value that has to survive does.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use cell_migrate::rehearse;
use cell_schema::Engine;
use cell_schema::expr::{Binary, Expression, Function, Literal};
use cell_schema::hazard::{Allowed, HazardKind};
use cell_schema::hints::{ColumnHints, Hints, TableHints};
use cell_schema::history::{History, next, seal};
use cell_schema::schema::{Action, Schema, Type};
use support::*;

fn hints(table: &str, columns: &[(&str, ColumnHints)]) -> Hints {
    let columns = columns.iter().map(|(name, said)| ((*name).to_owned(), said.clone())).collect();
    let said = TableHints { renamed_from: None, columns };
    Hints { tables: BTreeMap::from([(table.to_owned(), said)]), ..Hints::default() }
}

fn renamed(from: &str) -> ColumnHints {
    ColumnHints { renamed_from: Some(from.to_owned()), ..ColumnHints::default() }
}

fn allow(mut hints: Hints, allowed: &[(HazardKind, &str)]) -> Hints {
    let allowed = allowed.iter().map(|(hazard, object)| Allowed { hazard: *hazard, object: (*object).to_owned() });
    hints.allowed = allowed.collect::<BTreeSet<_>>();
    hints
}

fn story(models: &[(Schema, Hints)]) -> History {
    let mut history: Option<History> = None;
    for (model, hints) in models {
        let sealed = history.as_ref().map(seal);
        history = Some(next(sealed.as_ref(), model, hints).unwrap_or_else(|refusals| panic!("{refusals:#?}")));
    }
    history.expect("a model")
}

async fn rehearsed(history: &History) {
    for engine in Engine::ALL {
        let report = rehearse(engine, history).await;
        let report = report.unwrap_or_else(|error| panic!("{}: {error}\n{}", engine.name(), scripts(history, engine)));
        assert_eq!(report.notes, Vec::<String>::new(), "{}", engine.name());
        assert!(report.rows > 0);
    }
}

fn scripts(history: &History, engine: Engine) -> String {
    let scripts = history.migrations.iter().flat_map(|migration| &migration.scripts);
    scripts.filter(|script| script.engine == engine).map(|script| script.text.as_str()).collect()
}

#[tokio::test]
async fn renames_backfills_and_new_types_keep_every_value() {
    let makers = table("makers", vec![column("name", TEXT)]).with_unique(&["name"]);
    let products = table(
        "products",
        vec![
            column("title", text(40)),
            nullable("stock", Type::I32),
            column("code", TEXT),
            column("price", Type::Decimal { precision: 9, scale: 2 }),
            nullable("maker", Type::I64),
        ],
    )
    .with_unique(&["title"])
    .with_index(&[("stock", true)], Some(op(col("stock"), Binary::Greater, int(3))))
    .with_check("stock", op(col("stock"), Binary::GreaterOrEqual, int(0)))
    .with_reference(&["maker"], "makers", &["id"], Action::Cascade);
    let first = schema(vec![makers.clone(), products]);

    let products = table(
        "products",
        vec![
            column("name", text(60)),
            column("stock", Type::I64),
            column("code", Type::I32),
            column("price", Type::Decimal { precision: 12, scale: 4 }),
            nullable("maker", Type::I64),
            column("label", TEXT),
        ],
    )
    .with_unique(&["name"])
    .with_unique(&["code"])
    .with_index(&[("stock", true)], Some(op(col("stock"), Binary::Greater, int(3))))
    .with_check("stock", op(col("stock"), Binary::GreaterOrEqual, int(0)))
    .with_reference(&["maker"], "makers", &["id"], Action::Cascade);
    let second = schema(vec![makers, products]);
    let fill = |expr| ColumnHints { backfill: Some(Expression::Portable(expr)), ..ColumnHints::default() };
    let said = hints(
        "products",
        &[
            ("name", renamed("title")),
            ("stock", fill(int(30))),
            ("label", fill(call(Function::Concat, vec![col("name"), string("!")]))),
        ],
    );
    let said = allow(said, &[(HazardKind::CastMayFail, "shop.products.code")]);
    rehearsed(&story(&[(first, Hints::default()), (second, said)])).await;
}

#[tokio::test]
async fn constraints_over_rows_are_met_by_the_rows_that_are_rehearsed() {
    let t = |columns| table("t", columns);
    let columns = || vec![nullable("a", Type::I32), nullable("b", TEXT), nullable("parent", Type::I64)];
    let first = schema(vec![t(columns()), table("parents", vec![])]);
    let bound = t(vec![column("a", Type::I32), nullable("b", TEXT), nullable("parent", Type::I64)])
        .with_unique(&["a", "b"])
        .with_check("a", op(col("a"), Binary::Greater, int(4711)))
        .with_check("b", call(Function::StartsWith, vec![col("b"), string("sku-")]))
        .with_reference(&["parent"], "parents", &["id"], Action::SetNull);
    let second = schema(vec![bound, table("parents", vec![])]);
    rehearsed(&story(&[(first, Hints::default()), (second, Hints::default())])).await;
}

#[tokio::test]
async fn what_is_dropped_takes_nothing_else_with_it() {
    let parents =
        table("parents", vec![column("name", TEXT), column("old", Type::I16)]).with_index(&[("old", false)], None);
    let children = table("children", vec![column("parent", Type::I64)]).with_reference(
        &["parent"],
        "parents",
        &["id"],
        Action::Cascade,
    );
    let gone = table("gone", vec![nullable("child", Type::I64)]).with_reference(
        &["child"],
        "children",
        &["id"],
        Action::SetNull,
    );
    let first = schema(vec![parents, children.clone(), gone]);
    let second = schema(vec![table("parents", vec![column("name", TEXT)]), children]);
    let said = allow(
        Hints::default(),
        &[(HazardKind::RowsDeleted, "shop.gone"), (HazardKind::ValuesDeleted, "shop.parents.old")],
    );
    rehearsed(&story(&[(first, Hints::default()), (second, said)])).await;
}

#[tokio::test]
async fn tables_and_columns_change_their_names_together() {
    let users = table(
        "users",
        vec![column("mail", TEXT), column("a", Type::I32), column("b", Type::I32), nullable("boss", Type::I64)],
    )
    .with_unique(&["mail"])
    .with_reference(&["boss"], "users", &["id"], Action::SetNull);
    let posts = table("posts", vec![column("author", Type::I64)]).with_reference(
        &["author"],
        "users",
        &["id"],
        Action::Cascade,
    );
    let first = schema(vec![users, posts]);
    let accounts = table(
        "accounts",
        vec![column("email", TEXT), column("b", Type::I32), column("a", Type::I32), nullable("boss", Type::I64)],
    )
    .with_unique(&["email"])
    .with_reference(&["boss"], "accounts", &["id"], Action::SetNull);
    let posts = table("posts", vec![column("writer", Type::I64)]).with_reference(
        &["writer"],
        "accounts",
        &["id"],
        Action::Cascade,
    );
    let second = schema(vec![accounts, posts]);
    let mut said = hints("accounts", &[("email", renamed("mail")), ("a", renamed("b")), ("b", renamed("a"))]);
    if let Some(accounts) = said.tables.get_mut("accounts") {
        accounts.renamed_from = Some("users".to_owned());
    }
    said.tables.extend(hints("posts", &[("writer", renamed("author"))]).tables);
    let once = story(&[(first.clone(), Hints::default()), (second.clone(), said.clone())]);
    rehearsed(&once).await;
    // What was said stays in the source, and says nothing more.
    let again = next(Some(&seal(&once)), &second, &said).expect("a history");
    assert_eq!(again.migrations.len(), 2);
}

#[tokio::test]
async fn keys_and_their_types_change_with_what_refers_to_them() {
    let columns = || vec![column("id", Type::I32), column("a", Type::I16), column("b", TEXT)];
    let mut keyed = table("keyed", columns()[1..].to_vec());
    keyed.columns[0].automatic = false;
    let keyed = keyed.with_unique(&["a", "b"]);
    let child =
        table("child", vec![column("keyed", Type::I64)]).with_reference(&["keyed"], "keyed", &["id"], Action::Refuse);
    let first = schema(vec![keyed.clone(), child.clone()]);
    let mut retyped = keyed.clone();
    retyped.columns[0].ty = TEXT;
    let mut retyped_child = child.clone();
    retyped_child.columns[1].ty = TEXT;
    let second = schema(vec![retyped, retyped_child]);
    let mut third_keyed = keyed;
    third_keyed.uniques.clear();
    third_keyed.key = vec!["a".to_owned(), "b".to_owned()];
    third_keyed.columns[0].ty = TEXT;
    third_keyed.columns[0].nullable = true;
    let third = schema(vec![third_keyed, table("child", vec![column("keyed", TEXT)])]);
    rehearsed(&story(&[(first, Hints::default()), (second, Hints::default()), (third, Hints::default())])).await;
}

#[tokio::test]
async fn an_enumeration_changes_its_values() {
    let kind = |values: &[&str]| Type::Enumeration { values: values.iter().map(|value| (*value).to_owned()).collect() };
    let t = |ty: Type, default: &str| {
        table("t", vec![defaulted("kind", ty, Literal::Text(default.to_owned()))])
            .with_index(&[("id", false)], Some(op(col("kind"), Binary::Equal, string(default))))
    };
    let first = schema(vec![t(kind(&["tome", "film", "disc"]), "film")]);
    let second = schema(vec![t(kind(&["book", "film", "stream"]), "film")]);
    let values = BTreeMap::from([("tome".to_owned(), "book".to_owned()), ("disc".to_owned(), "film".to_owned())]);
    let said = hints("t", &[("kind", ColumnHints { values, ..ColumnHints::default() })]);
    rehearsed(&story(&[(first, Hints::default()), (second, said)])).await;
}

#[tokio::test]
async fn what_is_computed_is_computed_anew() {
    let doubled = |ty| generated("doubled", ty, op(col("n"), Binary::Multiply, int(2)));
    let first = schema(vec![
        table("t", vec![column("n", Type::I16), doubled(Type::I64)]).with_index(&[("doubled", false)], None),
    ]);
    let second = schema(vec![
        table(
            "t",
            vec![column("m", Type::I32), generated("doubled", Type::I64, op(col("m"), Binary::Multiply, int(3)))],
        )
        .with_index(&[("doubled", false)], None),
    ]);
    let third = schema(vec![table("t", vec![column("m", Type::I32), column("doubled", Type::I64)])]);
    let said = hints("t", &[("m", renamed("n"))]);
    rehearsed(&story(&[(first, Hints::default()), (second, said), (third, Hints::default())])).await;
}
