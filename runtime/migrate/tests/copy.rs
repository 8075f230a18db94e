//! All rows of a database in one of the other engine: every type to its limits, both ways, stopped and gone on with, and never half.

mod support;

use std::sync::Arc;

use cell_migrate::{Copied, CopyError, Progress, Target, copy, status};
use cell_schema::Engine;
use cell_schema::history::History;
use cell_schema::schema::{Action, Schema, Type};
use expect_test::{Expect, expect};
use support::*;

fn model() -> Schema {
    let typed = UNBOUNDED.into_iter().enumerate().map(|(at, ty)| nullable(&format!("v{at}"), ty));
    let more = [
        nullable("amount", Type::Decimal { precision: 18, scale: 4 }),
        nullable("whole", Type::Decimal { precision: 18, scale: 0 }),
        nullable("mood", Type::Enumeration { values: vec!["glad".to_owned(), "it's".to_owned()] }),
        nullable("short", text(9)),
        generated("double", Type::I64, op(col("id"), cell_schema::expr::Binary::Multiply, int(2))),
    ];
    schema(vec![
        table("a_orders", vec![column("customer", Type::I64)]).with_reference(
            &["customer"],
            "z_customers",
            &["id"],
            Action::Cascade,
        ),
        table("every \"type\"", typed.chain(more).collect()),
        table("people", vec![nullable("boss", Type::I64), column("name", TEXT)]).with_unique(&["name"]).with_reference(
            &["boss"],
            "people",
            &["id"],
            Action::SetNull,
        ),
        table("words", vec![column("word", TEXT), column("page", Type::Uuid), column("place", Type::Instant)])
            .with_key(&["word", "page", "place"]),
        table("z_customers", vec![column("name", TEXT)]),
    ])
}

fn history() -> History {
    support::history(&[&model()])
}

/// Rows, as SQLite stores them.
const ROWS: &str = r#"
INSERT INTO "every ""type""" (id, v0, v1, v2, v3, v4, v5, v6, v7, v8, v9, v10, v11, v12, v13, v14, amount, whole, mood, short) VALUES
 (1, -9223372036854775808, -32768, -2147483648, 0, 0, 0, -3.4028234663852886e38, -1.7976931348623157e308, '', x'', x'00000000000000000000000000000000',
  '0001-01-01T00:00:00.000000Z', '0001-01-01', '00:00:00.000000', 'null', -999999999999999999, -999999999999999999, 'glad', ''),
 (4611686018427387903, 9223372036854775807, 32767, 2147483647, 65535, 4294967295, 1, 3.4028234663852886e38, 5e-324, '\N	tab
line\ \\. é𝄞 '' "', x'00ff5c0a', x'ffffffffffffffffffffffffffffffff',
  '9999-12-31T23:59:59.999999Z', '9999-12-31', '23:59:59.999999', '{"b": [1e2, 0.30000000000000004, "\u00e9\n"], "a": {}}', 999999999999999999, 5, 'it''s', '123456789'),
 (7, NULL, NULL, NULL, NULL, NULL, NULL, 0.10000000149011612, 0.30000000000000004, NULL, NULL, NULL,
  '1969-12-31T23:59:59.999999Z', NULL, '12:00:00.000001', '"\\N"', -5, 0, NULL, 'ééééééééé'),
 (8, NULL, NULL, NULL, NULL, NULL, NULL, 1.401298464324817e-45, 1.0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO people (id, boss, name) VALUES (1, 3, 'a'), (2, 1, 'b'), (3, NULL, 'B');
INSERT INTO z_customers (id, name) VALUES (5, 'x'), (6, 'y');
DELETE FROM z_customers WHERE id = 6;
INSERT INTO a_orders (customer) VALUES (5), (5);
INSERT INTO words (word, page, place) VALUES
 ('Z', x'00000000000000000000000000000001', '2024-01-01T00:00:00.000000Z'), ('a', x'00000000000000000000000000000001', '2024-01-01T00:00:00.000000Z'),
 ('é', x'00000000000000000000000000000001', '2024-01-01T00:00:00.000000Z'), ('a', x'ff000000000000000000000000000001', '2024-01-01T00:00:00.000000Z'),
 ('a', x'00000000000000000000000000000001', '2024-01-01T00:00:00.000001Z');
"#;

async fn copied(from: &Target, into: &Target) -> Result<Copied, CopyError> {
    copy(from, into, &history(), &mut |_| {}).await
}

async fn filled() -> Place {
    let place = on_sqlite();
    applied(&place.target, &history()).await.unwrap();
    run(&place.target, ROWS).await;
    place
}

/// Everything in a SQLite database, value by value, with the class in which each is stored. Documents may be written otherwise.
async fn dump(target: &Target) -> Vec<String> {
    let mut lines = Vec::new();
    for table in &model().tables {
        let columns = table.columns.iter().filter(|column| column.ty != Type::Json);
        let shown = |column: &cell_schema::schema::Column| format!("typeof(\"{0}\") || quote(\"{0}\")", column.name);
        let columns: Vec<String> = columns.map(shown).collect();
        let name = table.name.replace('"', "\"\"");
        let sql = format!("SELECT {} FROM \"{name}\" ORDER BY 1", columns.join(" || ',' || "));
        lines.extend(texts(target, &sql).await.into_iter().map(|line| format!("{}: {line}", table.name)));
    }
    lines.extend(texts(target, "SELECT name || ' ' || seq FROM sqlite_sequence ORDER BY name").await);
    lines
}

#[tokio::test]
async fn every_value_comes_back_as_it_was() {
    let first = filled().await;
    let between = on_postgres().await;
    let there = copied(&first.target, &between.target).await.unwrap();
    let shown: Vec<String> = there.tables.iter().map(|table| format!("{}: {}", table.table, table.rows)).collect();
    assert_eq!(shown, ["a_orders: 2", "every \"type\": 4", "people: 3", "words: 5", "z_customers: 1"]);
    assert!(!there.resumed && there.left.is_empty());
    let last = on_sqlite();
    let back = copied(&between.target, &last.target).await.unwrap();
    assert_eq!(back, there);
    assert_eq!(dump(&last.target).await, dump(&first.target).await);
    assert_eq!(copied(&between.target, &on_postgres().await.target).await.unwrap(), there);
    assert_eq!(copied(&first.target, &on_sqlite().target).await.unwrap(), there);
    // It goes on behind the numbers that were given, also those of rows that have gone.
    for place in [&between, &last] {
        run(&place.target, "INSERT INTO z_customers (name) VALUES ('next')").await;
        assert_eq!(texts(&place.target, "SELECT CAST(max(id) AS text) FROM z_customers").await, ["7"]);
        run(&place.target, "DELETE FROM z_customers WHERE id = 5").await;
        assert_eq!(texts(&place.target, "SELECT CAST(count(*) AS text) FROM a_orders").await, ["0"]);
    }
}

/// More rows than several batches hold.
async fn large(place: &Place) {
    let insert = match place.target.engine() {
        Engine::Sqlite => "WITH RECURSIVE n (n) AS (SELECT 100 UNION ALL SELECT n + 1 FROM n WHERE n < 5600) ",
        Engine::Postgres => "WITH n (n) AS (SELECT generate_series(100, 5600)) ",
    };
    run(&place.target, &format!("{insert} INSERT INTO people (id, name) SELECT n, 'p' || n FROM n")).await;
    if place.target.engine() == Engine::Postgres {
        run(&place.target, "SELECT setval(pg_get_serial_sequence('people', 'id'), 5600)").await;
    }
}

/// Copies until so many batches are written, and is then ended.
async fn stopped(from: &Target, into: &Target, batches: usize) {
    let stop = Arc::new(tokio::sync::Notify::new());
    let mut left = batches;
    let (from, into, notify) = (from.clone(), into.clone(), Arc::clone(&stop));
    let task = tokio::spawn(async move {
        let history = history();
        let mut progress = |progress: Progress<'_>| {
            if matches!(progress, Progress::Wrote { .. }) {
                left = left.saturating_sub(1);
                if left == 0 {
                    notify.notify_one();
                }
            }
        };
        copy(&from, &into, &history, &mut progress).await
    });
    tokio::select! {
        () = stop.notified() => {}
        () = async { while !task.is_finished() { tokio::task::yield_now().await } } => panic!("it ended before"),
    }
    task.abort();
    assert!(task.await.is_err_and(|error| error.is_cancelled()));
}

#[tokio::test]
async fn a_copy_that_was_stopped_goes_on_and_until_then_nothing_takes_it_for_a_database() {
    let source = filled().await;
    large(&source).await;
    let other = on_postgres().await;
    let whole = copied(&source.target, &other.target).await.unwrap();
    for (from, place) in [(&source, on_postgres().await), (&other, on_sqlite())] {
        for batches in [1, 2, 3] {
            stopped(&from.target, &place.target, batches).await;
            let error = status(&place.target, &history()).await.unwrap_err();
            assert_eq!(error.code(), "copy-unfinished");
            let error = applied(&place.target, &history()).await.unwrap_err();
            assert_eq!(error.code(), "copy-unfinished");
        }
        let done = copied(&from.target, &place.target).await.unwrap();
        assert_eq!(done, Copied { resumed: true, ..whole.clone() });
        assert!(status(&place.target, &history()).await.unwrap().problem.is_none());
        run(&place.target, "INSERT INTO people (name) VALUES ('next')").await;
        assert_eq!(texts(&place.target, "SELECT CAST(max(id) AS text) FROM people").await, ["5601"]);
    }
}

async fn refused(result: Result<Copied, CopyError>, places: &[&Place], expected: Expect) {
    let error = result.unwrap_err();
    let mut text = format!("error[{}]: {error}\nhelp: {}", error.code(), error.help().unwrap_or_default());
    for (at, place) in places.iter().enumerate() {
        text = text.replace(&place.target.to_string(), &format!("DATABASE {at}"));
    }
    expected.assert_eq(&text);
}

#[tokio::test]
async fn a_source_that_changed_between_two_runs_is_found() {
    let source = filled().await;
    large(&source).await;
    let target = on_postgres().await;
    stopped(&source.target, &target.target, 3).await;
    let others = on_sqlite();
    stopped(&source.target, &others.target, 1).await;
    run(&others.target, "UPDATE cell_copy SET head = 'other'").await;
    refused(
        copied(&source.target, &others.target).await,
        &[&source, &others],
        expect![[r#"
        error[copy-not-empty]: `DATABASE 1` holds an unfinished copy of a database with other migrations
        help: give `--to` an empty database; rows that SQL by hand in a migration has added there, delete first"#]],
    )
    .await;
    run(&source.target, "UPDATE people SET name = 'other' WHERE id = 1").await;
    let result = copied(&source.target, &target.target).await;
    refused(result, &[&source, &target], expect![[r#"
        error[copy-differs]: the table `people` of `DATABASE 1` is not as in the source: it differs first in the row with the key (1)
        help: the source has changed since the copy was begun: stop what writes to it, empty the target and copy again"#]]).await;
    // It stays what it is: no database.
    assert_eq!(status(&target.target, &history()).await.unwrap_err().code(), "copy-unfinished");
}

#[tokio::test]
async fn a_target_that_is_not_empty_and_a_source_that_is_not_ready_are_refused() {
    let source = filled().await;
    let others = on_postgres().await;
    run(&others.target, "CREATE TABLE stray (x int); CREATE VIEW v AS SELECT 1").await;
    refused(
        copied(&source.target, &others.target).await,
        &[&source, &others],
        expect![[r#"
        error[copy-not-empty]: `DATABASE 1` is not empty: stray, v
        help: give `--to` an empty database; rows that SQL by hand in a migration has added there, delete first"#]],
    )
    .await;
    let used = on_sqlite();
    applied(&used.target, &history()).await.unwrap();
    // The tables may be there already.
    run(&used.target, "INSERT INTO z_customers (name) VALUES ('x')").await;
    refused(
        copied(&source.target, &used.target).await,
        &[&source, &used],
        expect![[r#"
        error[copy-not-empty]: `DATABASE 1` is not empty: rows in its tables: 1
        help: give `--to` an empty database; rows that SQL by hand in a migration has added there, delete first"#]],
    )
    .await;
    run(&used.target, "DELETE FROM z_customers").await;
    copied(&source.target, &used.target).await.unwrap();
    refused(
        copied(&source.target, &source.target).await,
        &[&source],
        expect![[r#"
        error[copy-not-empty]: `DATABASE 0` is the database that is copied
        help: give `--to` an empty database; rows that SQL by hand in a migration has added there, delete first"#]],
    )
    .await;

    let more = support::history(&[&model(), &schema([model().tables, vec![table("more", vec![])]].concat())]);
    let target = on_postgres().await;
    let result = copy(&source.target, &target.target, &more, &mut |_| {}).await;
    refused(result, &[&source, &target], expect![[r#"
        error[copy-not-ready]: `DATABASE 0` cannot be copied: it lacks migrations: `cargo cell migrate apply` applies them
        help: "#]]).await;
    run(&source.target, "ALTER TABLE people ADD COLUMN extra INTEGER; CREATE VIEW beside AS SELECT 1").await;
    refused(copied(&source.target, &target.target).await, &[&source, &target], expect![[r#"
        error[copy-not-ready]: `DATABASE 0` cannot be copied: it is not as its migrations say (`cargo cell migrate verify`): shop.people.extra
          + INTEGER
        help: "#]]).await;
    assert_eq!(
        texts(&target.target, "SELECT relname::text FROM pg_class WHERE relname LIKE 'cell%'").await,
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn what_others_left_in_the_databases_neither_hides_rows_nor_changes_them() {
    let source = filled().await;
    // The number of a row was given by hand, and a single number has more digits than it means.
    let by_hand = "PRAGMA foreign_keys = OFF; UPDATE z_customers SET id = 1000 WHERE id = 5; \
                   UPDATE a_orders SET customer = 1000; UPDATE \"every \"\"type\"\"\" SET v6 = 0.1 WHERE id = 8";
    run(&source.target, by_hand).await;
    let target = on_postgres().await;
    applied(&target.target, &history()).await.unwrap();
    let trigger = "CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.name = ''other''; RETURN NEW; END'; \
                   CREATE TRIGGER other BEFORE INSERT ON z_customers FOR EACH ROW EXECUTE FUNCTION other()";
    run(&target.target, trigger).await;
    copied(&source.target, &target.target).await.unwrap();
    run(&target.target, "INSERT INTO z_customers (name) VALUES ('next')").await;
    let names = texts(&target.target, "SELECT id || ' ' || name FROM z_customers ORDER BY id").await;
    assert_eq!(names, ["1000 x", "1001 other"]);

    // Whoever may not see a row may not copy.
    let cluster = cell_migrate::throwaway::Cluster::start().await.unwrap();
    let url = cluster.create_database("owned").await.unwrap();
    let owned = Target::new(url.clone()).unwrap();
    copied(&source.target, &owned).await.unwrap();
    let role = "CREATE ROLE reader LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader; \
                GRANT SELECT, USAGE ON ALL SEQUENCES IN SCHEMA public TO reader; \
                ALTER TABLE people ENABLE ROW LEVEL SECURITY; \
                DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO reader', current_database()); END $$";
    run(&owned, role).await;
    let reader = Target::new(cell_migrate::Url::new(url.as_str().replacen("cell@", "reader@", 1))).unwrap();
    let error = copied(&reader, &on_sqlite().target).await.unwrap_err().to_string();
    assert!(error.contains("row-level security"), "{error}");

    let other = Target::new(cell_migrate::Url::new(format!("{}&application_name=other", url.as_str()))).unwrap();
    assert_eq!(copied(&owned, &other).await.unwrap_err().code(), "copy-not-empty");
    run(&owned, "CREATE SCHEMA other").await;
    let other =
        Target::new(cell_migrate::Url::new(format!("{}&options=-c%20search_path%3Dother", url.as_str()))).unwrap();
    assert_eq!(copied(&owned, &other).await.unwrap_err().code(), "copy-not-ready");

    let target = on_sqlite();
    applied(&target.target, &history()).await.unwrap();
    run(&target.target, "CREATE TRIGGER t AFTER INSERT ON people BEGIN SELECT 1; END").await;
    assert_eq!(copied(&source.target, &target.target).await.unwrap_err().code(), "copy-not-ready");
    run(&source.target, "UPDATE people SET name = CAST(x'61006200' AS TEXT) WHERE id = 1").await;
    let error = copied(&source.target, &on_postgres().await.target).await.unwrap_err();
    assert!(error.code() == "copy-differs" && error.to_string().contains("refuses a row of `people`"), "{error}");
}
