//! Applying a history: in order, once, and only to a database that it belongs to.

mod support;

use cell_migrate::{Head, MigrateError, Options, State, apply, head, status, verify};
use cell_schema::expr::Literal;
use cell_schema::schema::{Schema, Type};
use expect_test::expect;
use support::*;

fn first() -> Schema {
    schema(vec![
        table("products", vec![column("sku", text(20)), column("price", Type::Decimal { precision: 12, scale: 2 })])
            .with_unique(&["sku"]),
    ])
}

fn second() -> Schema {
    let mut schema = first();
    schema.tables[0].columns.push(defaulted("stock", Type::I32, Literal::Integer(7)));
    schema.tables.push(table("ratings", vec![column("stars", Type::I16)]));
    schema
}

#[tokio::test]
async fn the_first_migration_makes_the_schema() {
    for place in places().await {
        let history = history(&[&first()]);
        assert_eq!(head(&place.target).await.unwrap(), None);
        let done = applied(&place.target, &history).await.unwrap();
        assert_eq!(titles(&done), ["0001_create_products: create table `products`"]);
        let migration = &history.migrations[0];
        let expected =
            Head { number: 1, name: migration.name.clone(), hash: migration.hash.to_string(), state: State::Open };
        assert_eq!(done.head.as_ref(), Some(&expected));
        assert_eq!(head(&place.target).await.unwrap(), Some(expected));
        assert_eq!(verify(&place.target, &history.snapshot).await.unwrap().differences, []);
    }
}

#[tokio::test]
async fn applying_again_does_nothing() {
    for place in places().await {
        let history = history(&[&first()]);
        applied(&place.target, &history).await.unwrap();
        let again = applied(&place.target, &history).await.unwrap();
        assert_eq!(again.steps, []);
        assert_eq!(again.head, head(&place.target).await.unwrap());
    }
}

#[tokio::test]
async fn an_added_table_and_column_keep_the_rows() {
    for place in places().await {
        applied(&place.target, &history(&[&first()])).await.unwrap();
        run(&place.target, "INSERT INTO products (sku, price) VALUES ('a', 1)").await;
        let history = history(&[&first(), &second()]);
        let done = applied(&place.target, &history).await.unwrap();
        assert_eq!(done.steps.len(), 2, "{:?}", titles(&done));
        assert_eq!(texts(&place.target, "SELECT sku || stock FROM products").await, ["a7"]);
        assert_eq!(verify(&place.target, &history.snapshot).await.unwrap().differences, []);
        let status = status(&place.target, &history).await.unwrap();
        let states: Vec<State> = status.applied.iter().map(|migration| migration.state).collect();
        assert_eq!(states, [State::Sealed, State::Open]);
        assert!(status.applied.iter().all(|migration| migration.applied_at.is_some()));
    }
}

#[tokio::test]
async fn a_dry_run_leaves_everything_as_it_is() {
    for place in places().await {
        let history = history(&[&first(), &second()]);
        let mut options = Options::default();
        options.dry_run = true;
        let would = apply(&place.target, &history, &options).await.unwrap();
        assert_eq!(would.steps.len(), 3);
        assert!(would.steps[0].sql.contains("CREATE TABLE \"products\""));
        assert_eq!(head(&place.target).await.unwrap(), None);
        let status = status(&place.target, &history).await.unwrap();
        assert_eq!((status.journaled, status.pending.len()), (false, 2));
        assert_eq!(applied(&place.target, &history).await.unwrap(), would);
    }
}

#[tokio::test]
async fn a_sqlite_file_is_created_only_when_asked_and_with_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/er/a shop?#%.db");
    let target = cell_migrate::Target::new(cell_migrate::Url::sqlite(&path)).unwrap();
    let mut options = Options::default();
    options.create = false;
    let error = apply(&target, &history(&[&first()]), &options).await.unwrap_err();
    assert_eq!(error.code(), "database-missing");
    assert!(!folder.path().join("deep").exists());
    applied(&target, &history(&[&first()])).await.unwrap();
    assert!(path.exists());
}

#[tokio::test]
async fn a_database_that_is_not_ours_is_refused() {
    for place in places().await {
        let history = history(&[&first()]);
        if place.target.url().as_str().starts_with("sqlite:") {
            let file = place.target.url().as_str().trim_start_matches("sqlite:").to_owned();
            std::fs::write(file, "").unwrap();
        }
        run(&place.target, "CREATE TABLE customers (id int); CREATE VIEW names AS SELECT id FROM customers").await;
        let error = applied(&place.target, &history).await.unwrap_err();
        expect![[r#"
            error[unknown-database]: `TARGET` is not empty and has no journal of migrations; it holds `customers`, `names`
            help: give the application an empty database or a schema of its own, or adopt this one with `cargo cell migrate baseline`
        "#]]
        .assert_eq(&shown(&error, &place.target));
        assert!(matches!(head(&place.target).await, Err(MigrateError::UnknownDatabase { .. })));
    }
}

#[tokio::test]
async fn another_application_s_history_is_refused() {
    for place in places().await {
        applied(&place.target, &history(&[&first()])).await.unwrap();
        let mut other = first();
        other.database = "users".to_owned();
        let error = applied(&place.target, &history(&[&other])).await.unwrap_err();
        expect![[r#"
            error[other-database]: `TARGET` holds the database `shop`, not `users`
            help: check the URL: each database has a place of its own
        "#]]
        .assert_eq(&shown(&error, &place.target));
    }
}

#[tokio::test]
async fn an_edited_migration_is_found_before_anything_runs() {
    for place in places().await {
        applied(&place.target, &history(&[&first(), &second()])).await.unwrap();
        let mut edited = first();
        edited.tables[0].columns.push(nullable("note", TEXT));
        let mut third = second();
        third.tables[0].columns.push(nullable("note", TEXT));
        third.tables.push(table("tags", vec![]));
        let history = history(&[&edited, &third]);
        let error = applied(&place.target, &history).await.unwrap_err();
        expect![[r#"
            error[migration-edited]: the migration `0001_create_products` was applied to `TARGET` and has changed since
            help: restore its files from version control and put the change into a migration of its own; if it is a local database whose rows you can lose, delete it and apply again
        "#]]
        .assert_eq(&shown(&error, &place.target));
        let status = status(&place.target, &history).await.unwrap();
        assert_eq!(status.problem.map(|problem| problem.code), Some("migration-edited"));
        assert!(
            !texts(&place.target, "SELECT name FROM cell_migrations").await.iter().any(|name| name.contains("tags"))
        );
    }
}

#[tokio::test]
async fn a_database_ahead_of_its_history_is_refused() {
    for place in places().await {
        let mut third = second();
        third.tables.push(table("tags", vec![]));
        applied(&place.target, &history(&[&first(), &second(), &third])).await.unwrap();
        let error = applied(&place.target, &history(&[&first()])).await.unwrap_err();
        expect![[r#"
            error[migration-unknown]: `TARGET` has the migration `0002_create_ratings_and_1_more`, which this history does not know
            help: get the version of the application that brought it; if it is a local database whose rows you can lose, delete it and apply again
        "#]]
        .assert_eq(&shown(&error, &place.target));
    }
}

#[tokio::test]
async fn a_failed_step_is_told_again_and_then_done() {
    for place in places().await {
        applied(&place.target, &history(&[&first()])).await.unwrap();
        // What stands in the way is not of our making, as it would be in practice.
        run(&place.target, "CREATE TABLE ratings (x int)").await;
        let history = history(&[&first(), &second()]);
        for again in [false, true] {
            let error = applied(&place.target, &history).await.unwrap_err();
            assert_eq!(error.code(), "migration-failed");
            let text = error.to_string();
            assert!(text.contains("create table `ratings`") && text.contains("CREATE TABLE \"ratings\""), "{text}");
            assert_eq!(text.contains("it failed like this before"), again, "{text}");
        }
        run(&place.target, "DROP TABLE ratings").await;
        let done = applied(&place.target, &history).await.unwrap();
        assert!(done.steps.iter().any(|step| step.failed_before.is_some()));
        assert_eq!(verify(&place.target, &history.snapshot).await.unwrap().differences, []);
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_without_the_password() {
    let url = cell_migrate::Url::new("postgres://shop:hunter2@127.0.0.1:1/shop");
    let target = cell_migrate::Target::new(url).unwrap();
    let error = applied(&target, &history(&[&first()])).await.unwrap_err();
    assert_eq!(error.code(), "database-unreachable");
    assert!(error.to_string().contains("postgres://shop:***@127.0.0.1:1/shop"), "{error}");
    assert!(!format!("{error} {error:?} {target:?}").contains("hunter2"));
}

#[tokio::test]
async fn applying_can_be_spawned() {
    let place = on_sqlite();
    let target = place.target.clone();
    tokio::spawn(async move { applied(&target, &history(&[&first()])).await }).await.unwrap().unwrap();
}
