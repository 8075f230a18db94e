//! How many rows a table has, asked of databases that are there, that are not, and that are busy.

mod support;

use std::time::{Duration, Instant};

use cell_migrate::{Size, Target, Url, size};
use cell_schema::Engine;
use sqlx::{Connection, PgConnection};
use support::*;

#[tokio::test]
async fn rows_are_counted_and_what_is_not_there_has_no_size() {
    for place in places().await {
        let target = &place.target;
        applied(target, &history(&[&schema(vec![table("goods", vec![column("stock", TEXT)])])])).await.unwrap();
        assert_eq!(size(target, "goods").await.unwrap(), Some(Size { rows: 0, counted: true }));
        run(target, "INSERT INTO goods (stock) VALUES ('1'), ('2'), ('3')").await;
        assert_eq!(size(target, "goods").await.unwrap(), Some(Size { rows: 3, counted: true }));
        assert_eq!(size(target, "bads").await.unwrap(), None, "no such table");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("none.db");
    let nowhere = Target::new(Url::sqlite(&file)).unwrap();
    assert_eq!(size(&nowhere, "goods").await.unwrap(), None, "no such database");
    assert!(!file.exists(), "who looks makes nothing");
}

#[tokio::test]
async fn a_table_that_cannot_be_counted_in_time_is_estimated() {
    for place in places().await.iter().filter(|place| place.target.engine() == Engine::Postgres) {
        let target = &place.target;
        applied(target, &history(&[&schema(vec![table("goods", vec![column("stock", TEXT)])])])).await.unwrap();
        run(target, "INSERT INTO goods (stock) SELECT n::text FROM generate_series(1, 500) n").await;
        run(target, "ANALYZE goods").await;
        let mut other = PgConnection::connect(target.url().as_str()).await.unwrap();
        sqlx::raw_sql("BEGIN; LOCK TABLE goods IN ACCESS EXCLUSIVE MODE").execute(&mut other).await.unwrap();
        let begun = Instant::now();
        assert_eq!(size(target, "goods").await.unwrap(), Some(Size { rows: 500, counted: false }));
        assert!(begun.elapsed() < Duration::from_secs(10), "nobody waits for long");
        other.close().await.unwrap();
    }
}
