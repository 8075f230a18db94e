//! The newest migration is open: a local database with an earlier draft of it is moved on, or told why not.

mod support;

use cell_migrate::{head, status, verify};
use cell_schema::expr::Literal;
use cell_schema::schema::{Schema, Type};
use expect_test::expect;
use support::*;

fn draft() -> Schema {
    schema(vec![table("products", vec![column("sku", TEXT)])])
}

#[tokio::test]
async fn a_draft_is_moved_on_with_its_rows() {
    for place in places().await {
        applied(&place.target, &history(&[&draft()])).await.unwrap();
        run(&place.target, "INSERT INTO products (sku) VALUES ('a')").await;
        let mut next = draft();
        // In the middle of the struct: databases that were moved on hold it at the end.
        next.tables[0].columns.insert(1, defaulted("stock", Type::I32, Literal::Integer(3)));
        next.tables[0] = next.tables[0].clone().with_index(&[("stock", true)], None);
        next.tables.push(table("tags", vec![]));
        let history = history(&[&next]);

        let before = status(&place.target, &history).await.unwrap();
        let draft = before.draft.expect("a draft");
        assert_eq!((before.pending.len(), draft.steps.len()), (0, 3), "{draft:?}");
        let moved = applied(&place.target, &history).await.unwrap();
        assert!(moved.steps.iter().all(|step| step.draft));
        assert_eq!(moved.head, head(&place.target).await.unwrap());
        assert_eq!(moved.head.unwrap().hash, history.migrations[0].hash.to_string());
        assert_eq!(texts(&place.target, "SELECT sku || stock FROM products").await, ["a3"]);
        assert_eq!(verify(&place.target, &history.snapshot).await.unwrap().differences, []);
        assert_eq!(applied(&place.target, &history).await.unwrap().steps, []);
    }
}

#[tokio::test]
async fn a_draft_that_was_sealed_meanwhile_is_moved_on_and_migrated() {
    for place in places().await {
        applied(&place.target, &history(&[&draft()])).await.unwrap();
        let mut sealed = draft();
        sealed.tables[0].columns.push(nullable("note", TEXT));
        let mut next = sealed.clone();
        next.tables[0].columns.push(nullable("more", TEXT));
        let history = history(&[&sealed, &next]);
        let done = applied(&place.target, &history).await.unwrap();
        assert!(done.steps.iter().all(|step| step.draft), "{done:?}");
        assert_eq!(done.head, head(&place.target).await.unwrap());
        assert_eq!(verify(&place.target, &history.snapshot).await.unwrap().differences, []);
        let states = texts(&place.target, "SELECT state FROM cell_migrations ORDER BY number").await;
        assert_eq!(states, ["sealed", "open"]);
    }
}

#[tokio::test]
async fn what_a_draft_made_stays_where_another_branchs_migration_came_before_it() {
    for place in places().await {
        let first = draft();
        let mut mine = first.clone();
        mine.tables[0].columns.push(nullable("mine", TEXT));
        applied(&place.target, &history(&[&first, &mine])).await.unwrap();
        run(&place.target, "INSERT INTO products (sku, mine) VALUES ('a', 'kept')").await;
        // Another branch sealed its migration under the number of this one, which is open behind it now.
        let mut theirs = first.clone();
        theirs.tables[0].columns.push(nullable("theirs", TEXT));
        theirs.tables.push(table("tags", vec![]));
        let mut both = theirs.clone();
        both.tables[0].columns.push(nullable("mine", TEXT));
        let history = history(&[&first, &theirs, &both]);
        let done = applied(&place.target, &history).await.unwrap();
        assert!(done.steps.iter().all(|step| step.draft), "{done:?}");
        assert_eq!(texts(&place.target, "SELECT mine FROM products").await, ["kept"]);
        assert_eq!(verify(&place.target, &history.snapshot).await.unwrap().differences, []);
        let states = texts(&place.target, "SELECT state FROM cell_migrations ORDER BY number").await;
        assert_eq!(states, ["sealed", "sealed", "open"]);
        assert_eq!(applied(&place.target, &history).await.unwrap().steps, []);
    }
}

#[tokio::test]
async fn a_draft_that_would_lose_something_is_refused_by_name() {
    for place in places().await {
        let mut applied_draft = draft();
        applied_draft.tables[0].columns.push(nullable("note", TEXT));
        applied(&place.target, &history(&[&applied_draft])).await.unwrap();
        let history = history(&[&draft()]);
        let error = applied(&place.target, &history).await.unwrap_err();
        expect![[r#"
            error[draft-refused]: `TARGET` has an earlier draft of the migration `0001_create_products`, and cannot be moved on: `shop.products.note`: column `note` is dropped with its values
            help: to let it happen, pass `--allow values-deleted=shop.products.note`; or undo the change; or delete the local database and apply again (its rows are lost)
        "#]]
        .assert_eq(&shown(&error, &place.target));
        assert_eq!(status(&place.target, &history).await.unwrap().problem.unwrap().code, "draft-refused");
        assert_eq!(texts(&place.target, "SELECT state FROM cell_migrations").await, ["open"]);
    }
}

#[tokio::test]
async fn a_move_that_the_engine_refuses_leaves_the_draft() {
    for place in places().await {
        applied(&place.target, &history(&[&draft()])).await.unwrap();
        run(&place.target, "CREATE TABLE zebras (x int)").await;
        let mut next = draft();
        next.tables.push(table("aardvarks", vec![]));
        next.tables.push(table("zebras", vec![]));
        let history = history(&[&next]);
        let error = applied(&place.target, &history).await.unwrap_err();
        assert_eq!(error.code(), "migration-failed");
        assert!(error.to_string().contains("create table `zebras`"), "{error}");
        run(&place.target, "DROP TABLE zebras").await;
        applied(&place.target, &history).await.unwrap();
        assert_eq!(verify(&place.target, &history.snapshot).await.unwrap().differences, []);
    }
}

#[tokio::test]
async fn a_draft_that_was_dropped_is_forgotten_where_nothing_is_lost() {
    for place in places().await {
        let mut second = draft();
        second.tables[0].columns.push(nullable("note", TEXT));
        applied(&place.target, &history(&[&draft(), &second])).await.unwrap();
        // Back to the first alone: a column would have to go.
        let error = applied(&place.target, &history(&[&draft()])).await.unwrap_err();
        assert_eq!(error.code(), "draft-refused");
        // The first was sealed when the second came, so it may not be rewritten to hold the column either.
        let error = applied(&place.target, &history(&[&second])).await.unwrap_err();
        assert_eq!(error.code(), "migration-edited");
    }
}
