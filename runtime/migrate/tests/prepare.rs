//! What the engines say of statements, asked on throwaway databases.

mod support;

use cell_migrate::prepare;
use cell_schema::Engine;
use cell_schema::schema::{Schema, Type};
use expect_test::expect;
use support::*;

fn model() -> Schema {
    schema(vec![table(
        "products",
        vec![
            column("name", TEXT),
            nullable("note", TEXT),
            column("price", Type::Decimal { precision: 12, scale: 2 }),
            column("at", Type::Instant),
        ],
    )])
}

#[tokio::test]
async fn names_and_types_of_values_and_columns_are_said() {
    let statements = ["select id, note, price, at, count(*) over () as all from products where name = $1 and id > $2"];
    let statements = [statements[0].replace(" as all", " as of_all"), "delete from products where id = $1".to_owned()];
    let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
    let mut said = String::new();
    for engine in Engine::ALL {
        for answer in prepare(engine, &model(), &statements).await.unwrap() {
            let prepared = answer.unwrap();
            let column = |column: &cell_migrate::PreparedColumn| {
                let ty = column.ty.as_deref().unwrap_or("-");
                format!("{}: {ty}{}", column.name, if column.nullable { "?" } else { "" })
            };
            let columns: Vec<String> = prepared.columns.iter().map(column).collect();
            said.push_str(&format!(
                "{} ({}) -> {}\n",
                engine.name(),
                prepared.parameters.join(", "),
                columns.join(", ")
            ));
        }
    }
    expect![[r#"
        sqlite () -> id: -, note: -, price: -, at: -, of_all: -
        sqlite () -> 
        postgres (TEXT, INT8) -> id: INT8, note: TEXT?, price: NUMERIC, at: TIMESTAMPTZ, of_all: INT8
        postgres (INT8) -> 
    "#]]
    .assert_eq(&said);
}

#[tokio::test]
async fn what_is_refused_has_its_place() {
    let statements = [
        "select nme from products",
        "select 'é', p.nme from products as p",
        "select name form products where",
        "select name from prodcts",
        "select nothing(name) from products",
        "select name from products group by id + name",
        "insert into products (name) values (1, 2)",
    ];
    let mut said = String::new();
    for engine in Engine::ALL {
        for (statement, answer) in statements.iter().zip(prepare(engine, &model(), &statements).await.unwrap()) {
            let said_of = match answer {
                Ok(_) => "runs".to_owned(),
                Err(unprepared) => format!("{} at `{}`", unprepared.message, statement.get(unprepared.place).unwrap()),
            };
            said.push_str(&format!("{}: {said_of}\n", engine.name()));
        }
    }
    expect![[r#"
        sqlite: no such column: nme at `nme`
        sqlite: no such column: p.nme at `p.nme`
        sqlite: near "products": syntax error at `products`
        sqlite: no such table: prodcts at `prodcts`
        sqlite: near "nothing": syntax error at `nothing`
        sqlite: runs
        sqlite: 2 values for 1 columns at `insert into products (name) values (1, 2)`
        postgres: column "nme" does not exist at `nme`
        postgres: column p.nme does not exist at `p.nme`
        postgres: syntax error at or near "products" at `products`
        postgres: relation "prodcts" does not exist at `prodcts`
        postgres: function nothing(text) does not exist at `nothing`
        postgres: operator does not exist: bigint + text at `+`
        postgres: INSERT has more expressions than target columns at `2`
    "#]]
    .assert_eq(&said);
}
