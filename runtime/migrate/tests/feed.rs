//! What the triggers of the feed write, on both engines, whoever writes the rows: each change of a row, by its key.

mod support;

use cell_migrate::{Options, Target, apply, copy, verify};
use cell_schema::Engine;
use cell_schema::hints::{Hints, TableHints};
use cell_schema::history::{History, next, seal};
use cell_schema::schema::{Action, Schema, Table, Type};
use expect_test::expect;
use support::*;

fn followed(table: Table) -> Table {
    Table { followed: true, ..table }
}

fn model() -> Schema {
    schema(vec![
        followed(table("owners", vec![column("name", TEXT)]).with_unique(&["name"])),
        followed(
            table("goods", vec![column("owner", Type::I64), nullable("sku", TEXT), column("stock", Type::I32)])
                .with_unique(&["sku"])
                .with_reference(&["owner"], "owners", &["id"], Action::Cascade),
        ),
        table("notes", vec![column("text", TEXT)]),
    ])
}

const ROWS: &str = "INSERT INTO owners (name) VALUES ('ann'), ('ben'); \
    INSERT INTO goods (owner, sku, stock) VALUES (1, 'a', 1), (1, 'b', 2), (2, NULL, 3);";

async fn place(target: &Target, model: &Schema) {
    applied(target, &history(&[model])).await.unwrap();
}

/// What the feed holds, in order, and forgets it.
async fn feed(target: &Target) -> Vec<String> {
    let lines = "SELECT operation || ' ' || table_name || coalesce(' ' || replace(key, ' ', ''), '') FROM cell_feed";
    let order = match target.engine() {
        Engine::Sqlite => "position",
        Engine::Postgres => "xid, position",
    };
    let found = texts(target, &format!("{lines} ORDER BY {order}")).await;
    run(target, "DELETE FROM cell_feed").await;
    found
}

#[tokio::test]
async fn what_a_copy_brings_is_in_the_feed_and_so_is_what_comes_later() {
    for (from, into) in places().await.into_iter().zip(places().await.into_iter().rev()) {
        let (from, into, model) = (&from.target, &into.target, model());
        place(from, &model).await;
        run(from, ROWS).await;
        place(into, &model).await;
        feed(into).await;
        copy(from, into, &history(&[&model]), &mut |_| {}).await.unwrap();
        let expected: &[&str] = match into.engine() {
            Engine::Sqlite => {
                &["insert goods [1]", "insert goods [2]", "insert goods [3]", "insert owners [1]", "insert owners [2]"]
            }
            Engine::Postgres => &["reset goods", "reset owners"],
        };
        assert_eq!(feed(into).await, expected);
        run(into, "UPDATE goods SET stock = 7 WHERE id = 1").await;
        assert_eq!(feed(into).await, ["update goods [1]"]);
    }
}

#[tokio::test]
async fn each_change_of_a_row_is_written_by_its_key() {
    for place in places().await {
        let target = &place.target;
        self::place(target, &model()).await;
        assert_eq!(feed(target).await, ["reset goods", "reset owners"], "a table is followed from here on");
        run(target, ROWS).await;
        let five =
            ["insert owners [1]", "insert owners [2]", "insert goods [1]", "insert goods [2]", "insert goods [3]"];
        assert_eq!(feed(target).await, five);
        run(target, "UPDATE goods SET stock = stock + 1 WHERE owner = 1; INSERT INTO notes (text) VALUES ('x');").await;
        assert_eq!(feed(target).await, ["update goods [1]", "update goods [2]"], "nobody follows notes");
        run(target, "UPDATE goods SET stock = 7 WHERE id = 99; DELETE FROM goods WHERE id = 99;").await;
        assert_eq!(feed(target).await, Vec::<String>::new());
        run(target, "BEGIN; DELETE FROM goods; UPDATE owners SET name = name || '!'; ROLLBACK;").await;
        assert_eq!(feed(target).await, Vec::<String>::new(), "what is rolled back was never there");
    }
}

#[tokio::test]
async fn a_key_that_changes_is_written_as_it_was_and_as_it_is() {
    for place in places().await {
        let target = &place.target;
        self::place(target, &model()).await;
        run(target, ROWS).await;
        feed(target).await;
        run(target, "UPDATE goods SET id = 30 WHERE id = 3").await;
        let mut found = feed(target).await;
        found.sort();
        let was = if target.engine() == Engine::Sqlite { "delete goods [3]" } else { "update goods [3]" };
        let mut expected = [was, "update goods [30]"];
        expected.sort_unstable();
        assert_eq!(found, expected);
        run(target, "BEGIN; DELETE FROM goods WHERE id = 1; INSERT INTO goods (id, owner, sku, stock) VALUES (1, 2, 'z', 0); COMMIT;").await;
        assert_eq!(feed(target).await, ["delete goods [1]", "insert goods [1]"]);
    }
}

#[tokio::test]
async fn what_a_reference_takes_along_is_written() {
    for place in places().await {
        let target = &place.target;
        self::place(target, &model()).await;
        run(target, ROWS).await;
        feed(target).await;
        run(
            target,
            "PRAGMA foreign_keys = ON; DELETE FROM owners WHERE id = 1".trim_start_matches(
                if target.engine() == Engine::Postgres { "PRAGMA foreign_keys = ON; " } else { "" },
            ),
        )
        .await;
        let mut found = feed(target).await;
        found.sort();
        assert_eq!(found, ["delete goods [1]", "delete goods [2]", "delete owners [1]"]);
    }
}

#[tokio::test]
async fn rows_that_sqlite_replaces_are_written() {
    let place = on_sqlite();
    let target = &place.target;
    self::place(target, &model()).await;
    run(target, ROWS).await;
    feed(target).await;
    run(target, "INSERT OR REPLACE INTO goods (owner, sku, stock) VALUES (2, 'a', 9)").await;
    assert_eq!(feed(target).await, ["delete goods [1]", "insert goods [4]"], "by another column than the key");
    run(target, "REPLACE INTO goods (id, owner, sku, stock) VALUES (2, 2, 'c', 9)").await;
    assert_eq!(feed(target).await, ["delete goods [2]", "insert goods [2]"], "by the key");
    run(target, "UPDATE OR REPLACE goods SET sku = 'c' WHERE id = 3").await;
    assert_eq!(feed(target).await, ["delete goods [2]", "update goods [3]"]);
    run(target, "INSERT INTO goods (owner, sku, stock) VALUES (2, 'c', 1) ON CONFLICT (sku) DO UPDATE SET stock = 0")
        .await;
    assert_eq!(
        feed(target).await,
        ["delete goods [3]", "update goods [3]"],
        "once more than needed, which does no harm"
    );
}

#[tokio::test]
async fn postgres_writes_a_reset_when_a_table_is_emptied_and_each_key_that_is_copied() {
    let place = on_postgres().await;
    let target = &place.target;
    self::place(target, &model()).await;
    run(target, ROWS).await;
    feed(target).await;
    run(target, "TRUNCATE owners CASCADE").await;
    let mut found = feed(target).await;
    found.sort();
    assert_eq!(found, ["reset goods", "reset owners"]);
    run(target, "INSERT INTO owners (id, name) SELECT n, 'n' || n FROM generate_series(1, 1000) AS n").await;
    assert_eq!(feed(target).await.len(), 1000);
    run(target, "INSERT INTO owners (id, name) VALUES (1, 'x'), (2000, 'y') ON CONFLICT (id) DO UPDATE SET name = excluded.name").await;
    let mut found = feed(target).await;
    found.sort();
    assert_eq!(found, ["insert owners [2000]", "update owners [1]"]);
}

#[tokio::test]
async fn postgres_writes_for_whoever_may_write_to_the_table() {
    let place = on_postgres().await;
    let target = &place.target;
    self::place(target, &model()).await;
    feed(target).await;
    let role = format!("teller_{}", std::process::id());
    let grants = format!("CREATE ROLE {role}; GRANT SELECT, INSERT ON owners TO {role};");
    run(target, &grants).await;
    let write =
        format!("SET ROLE {role}; SET search_path = pg_catalog; INSERT INTO public.owners (name) VALUES ('cy')");
    run(target, &write).await;
    assert_eq!(feed(target).await, ["insert owners [1]"]);
    run(target, &format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
}

#[tokio::test]
async fn keys_of_every_type_are_written_the_same_wherever_the_session_is() {
    let columns = [
        ("text", TEXT, "'a\"b\\c ü'"),
        ("uuid", Type::Uuid, "'01234567-89ab-cdef-0123-456789abcdef'"),
        ("at", Type::Instant, "'2024-02-29T12:34:56.000001Z'"),
        ("day", Type::Date, "'2024-02-29'"),
        ("time", Type::Time, "'12:34:56.500000'"),
        ("price", Type::Decimal { precision: 9, scale: 2 }, "12.50"),
        ("yes", Type::Bool, "true"),
        ("bytes", Type::Bytes { max_len: None }, "'\\x00ff'"),
    ];
    let names: Vec<&str> = columns.iter().map(|(name, _, _)| *name).collect();
    let all = columns.iter().map(|(name, ty, _)| column(name, ty.clone())).collect();
    let model = schema(vec![followed(table("t", all).with_key(&names))]);
    for place in places().await {
        let target = &place.target;
        self::place(target, &model).await;
        feed(target).await;
        let values: Vec<&str> = columns
            .iter()
            .map(|(name, _, value)| match (target.engine(), *name) {
                (Engine::Sqlite, "uuid") => "x'0123456789abcdef0123456789abcdef'",
                (Engine::Sqlite, "bytes") => "x'00ff'",
                (Engine::Sqlite, "price") => "1250",
                _ => value,
            })
            .collect();
        let insert = format!("INSERT INTO t VALUES ({})", values.join(", "));
        match target.engine() {
            Engine::Sqlite => {
                run(target, &insert).await;
                expect![[r#"
                    insert t ["a\"b\\cü","0123456789ABCDEF0123456789ABCDEF","2024-02-29T12:34:56.000001Z","2024-02-29","12:34:56.500000",1250,1,"00FF"]"#]]
                .assert_eq(&feed(target).await.join("\n"));
            }
            Engine::Postgres => {
                run(
                    target,
                    &format!(
                        "SET TIME ZONE 'Asia/Tokyo'; SET DateStyle = 'German'; SET bytea_output = 'escape'; {insert}"
                    ),
                )
                .await;
                expect![[r#"
                    insert t ["a\"b\\cü","01234567-89ab-cdef-0123-456789abcdef","2024-02-29T12:34:56.000001","2024-02-29","12:34:56.5","12.50",true,"00ff"]"#]]
                .assert_eq(&feed(target).await.join("\n"));
            }
        }
    }
}

/// A history that goes on to another model, of which something is said.
fn on(first: &Schema, second: &Schema, hints: &Hints) -> History {
    next(Some(&seal(&history(&[first]))), second, hints).expect("a history")
}

#[tokio::test]
async fn a_migration_that_changes_values_writes_a_reset() {
    let first = model();
    let mut second = first.clone();
    let goods = second.tables.iter_mut().find(|table| table.name == "goods").unwrap();
    goods.columns.iter_mut().find(|column| column.name == "stock").unwrap().ty = Type::I64;
    for place in places().await {
        let target = &place.target;
        self::place(target, &first).await;
        run(target, ROWS).await;
        feed(target).await;
        apply(target, &on(&first, &second, &Hints::default()), &Options::default()).await.unwrap();
        assert_eq!(feed(target).await, ["reset goods"]);
        run(target, "UPDATE goods SET stock = 5000000000 WHERE id = 1").await;
        assert_eq!(feed(target).await, ["update goods [1]"], "what is written afterwards is written by its key");
    }
}

#[tokio::test]
async fn a_table_is_followed_under_its_new_name_and_no_more_once_nobody_asks() {
    let first = model();
    let mut second = first.clone();
    second.tables.iter_mut().find(|table| table.name == "goods").unwrap().name = "wares".to_owned();
    let wares = second.tables.iter_mut().find(|table| table.name == "wares").unwrap();
    (wares.uniques[0].name, wares.references[0].name) = ("wares_sku_key".to_owned(), "wares_owner_fkey".to_owned());
    let second = second.sorted();
    let mut third = second.clone();
    third.tables.iter_mut().find(|table| table.name == "wares").unwrap().followed = false;
    let said = TableHints { renamed_from: Some("goods".to_owned()), ..TableHints::default() };
    let hints = Hints { tables: [("wares".to_owned(), said)].into(), ..Hints::default() };
    for place in places().await {
        let target = &place.target;
        self::place(target, &first).await;
        run(target, ROWS).await;
        feed(target).await;
        let history = seal(&on(&first, &second, &hints));
        apply(target, &history, &Options::default()).await.unwrap();
        assert_eq!(feed(target).await, ["reset wares"]);
        run(target, "UPDATE wares SET stock = 0 WHERE id = 1").await;
        assert_eq!(feed(target).await, ["update wares [1]"]);
        let history = next(Some(&history), &third, &Hints::default()).expect("a history");
        apply(target, &history, &Options::default()).await.unwrap();
        run(target, "UPDATE wares SET stock = 1 WHERE id = 1; UPDATE owners SET name = 'al' WHERE id = 1").await;
        assert_eq!(feed(target).await, ["update owners [1]"]);
        assert_eq!(verify(target, &third).await.unwrap().differences, []);
    }
}

#[tokio::test]
async fn a_trigger_that_someone_took_away_or_switched_off_is_a_difference() {
    for place in places().await {
        let target = &place.target;
        self::place(target, &model()).await;
        assert_eq!(verify(target, &model()).await.unwrap(), cell_migrate::Verified::default());
        let (harm, expected) = match target.engine() {
            Engine::Sqlite => ("DROP TRIGGER goods_feed2", 1),
            Engine::Postgres => ("DROP TRIGGER goods_feed2 ON goods; ALTER TABLE goods DISABLE TRIGGER goods_feed3", 2),
        };
        run(target, harm).await;
        let verified = verify(target, &model()).await.unwrap();
        let objects: Vec<&str> = verified.differences.iter().map(|it| it.object.as_str()).collect();
        assert_eq!(objects, &["shop.goods.goods_feed2", "shop.goods.goods_feed3"][..expected]);
    }
}
